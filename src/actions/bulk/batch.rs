//! One batch of bulk work: what is as it was frozen is changed, the rest is left, and both are written down.

use std::collections::HashMap;

use serde_json::json;

use crate::actions::Error;
use crate::actions::bulk::ends::Ends;
use crate::actions::bulk::transfer_batch;
use crate::actions::bulk::{event, lost_rules};
use crate::actions::keys::room::Room;
use crate::domain::accounts::account::OwnerView;
use crate::domain::audit::{Action, Event};
use crate::domain::bulk::{BulkOperation, Job, SkipReason, decide, revives};
use crate::domain::ids::{AccountId, KeyId, PolicyId};
use crate::domain::keys::api_key::{ApiKey, Stop};
use crate::domain::time::clock::Timestamp;
use crate::store::bulk::job_keys;
use crate::store::bulk::job_keys::Pending;
use crate::store::bulk::jobs;
use crate::store::keys::change;
use crate::store::rights::policies;
use crate::store::{WriteTx, keys};

/// Changes what is as it was frozen, leaves the rest, and writes down both.
pub(in crate::actions) fn work(tx: &mut WriteTx, job: &Job, pending: &[Pending], now: Timestamp) -> Result<(), Error> {
    let ids: Vec<KeyId> = pending.iter().map(|pending| pending.key).collect();
    let gone = gives_what_is_gone(tx, job, pending)?;
    let mut room = room(tx, job, pending, now)?;
    let keys = change::lock_for_update(tx, &ids)?;
    let ends = Ends::of(tx, job, &keys, pending, |pending| transfer_batch::receiver(job, pending), now)?;
    let owners = transfer_batch::owners(tx, job, &keys, pending)?;
    let mut doing: Vec<(&ApiKey, &Pending)> = Vec::new();
    let mut shortened = 0;
    for pending in pending {
        let (key, end) = (keys.get(&pending.key), ends.of_key(pending.key));
        let decided = if gone { Err(SkipReason::PolicyGone) } else { decide(job, key, pending.version, end) };
        let decided = decided.and_then(|()| match key {
            Some(key) => takes_room(job, key, pending, &ends, &mut room, now),
            None => Err(SkipReason::Gone),
        });
        match (decided, key) {
            (Ok(()), Some(key)) => {
                doing.push((key, pending));
                shortened += i64::from(end.is_some_and(|end| end.is_cut));
            }
            (Ok(()), None) => {}
            (Err(why), _) => job_keys::set_left(tx, job.id, pending.key, why)?,
        }
    }
    let renamed = change(tx, job, &doing, &ends, now)?;
    let done: Vec<KeyId> = doing.iter().map(|(key, _)| key.id).collect();
    job_keys::set_done(tx, job.id, &done)?;
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    jobs::progress(tx, job.id, count(done.len()), shortened, count(pending.len() - done.len()))?;
    let events: Vec<Event> = doing
        .iter()
        .map(|(key, pending)| {
            let name = renamed.iter().find(|(id, _)| *id == key.id).map(|(_, name)| name);
            let (action, details) = event_details(job, key, pending, &ends, &owners, name);
            event(job, now, action, key.first_eight.as_str().to_owned(), details)
        })
        .collect();
    tx.audit_all(events);
    Ok(())
}

/// The owners who get live keys by a job, with how many more they may have. They are held before the keys are.
fn room(tx: &mut WriteTx, job: &Job, pending: &[Pending], now: Timestamp) -> Result<Room, Error> {
    match (job.operation, job.inverse_of()) {
        (BulkOperation::Transfer, _) | (BulkOperation::Undo, Some(BulkOperation::Transfer)) => {
            let adds = job.transfer().is_some_and(|transfer| transfer.adds);
            let receivers = pending.iter().filter_map(|pending| transfer_batch::receiver(job, pending)).collect();
            Room::of(tx, receivers, adds, now)
        }
        (BulkOperation::Restore, _)
        | (BulkOperation::Undo, Some(BulkOperation::Delete | BulkOperation::Expire | BulkOperation::Shorten)) => {
            let ids: Vec<KeyId> = pending.iter().map(|pending| pending.key).collect();
            let owners = keys::owners_of(tx, &ids)?;
            Room::of(tx, owners, true, now)
        }
        _ => Ok(Room::default()),
    }
}

/// Takes the place of a key that its owner has not had before as a live one.
fn takes_room(
    job: &Job,
    key: &ApiKey,
    pending: &Pending,
    ends: &Ends,
    room: &mut Room,
    now: Timestamp,
) -> Result<(), SkipReason> {
    if let Some(receiver) = transfer_batch::receiver(job, pending) {
        let lives = key.revoked.is_none() && ends.after(key).is_none_or(|end| end > now);
        let fits = !room.is_inactive(receiver) && (!lives || room.take(receiver));
        return if fits { Ok(()) } else { Err(SkipReason::NoRoom) };
    }
    let fits = !revives(job, key, ends.of_key(key.id), now) || room.take(key.owner);
    if fits { Ok(()) } else { Err(SkipReason::OwnerFull) }
}

/// The policy that a job gives.
fn given_policy(job: &Job) -> Result<PolicyId, Error> {
    job.parameter.parse().map_err(|_| lost_rules(job))
}

/// Does a job give keys a policy that was deleted meanwhile? It is held against that until the batch is done.
fn gives_what_is_gone(tx: &mut WriteTx, job: &Job, pending: &[Pending]) -> Result<bool, Error> {
    let mut policies: Vec<PolicyId> = match (job.operation, job.inverse_of()) {
        (BulkOperation::GivePolicy, _) => vec![given_policy(job)?],
        (_, Some(BulkOperation::GivePolicy)) => {
            pending.iter().filter_map(|pending| pending.before_at.map(PolicyId)).collect()
        }
        _ => Vec::new(),
    };
    policies.sort_unstable();
    policies.dedup();
    for policy in policies {
        if !policies::lock_by_id(tx, policy)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Changes keys; gives those that got a new name.
fn change(
    tx: &mut WriteTx,
    job: &Job,
    doing: &[(&ApiKey, &Pending)],
    ends: &Ends,
    now: Timestamp,
) -> Result<Vec<(KeyId, String)>, Error> {
    let ids: Vec<KeyId> = doing.iter().map(|(key, _)| key.id).collect();
    let keys: Vec<&ApiKey> = doing.iter().map(|(key, _)| *key).collect();
    let stop = Stop { at: now, by: Some(job.asked_by.account), reason: job.reason.clone() };
    match (job.operation, job.inverse_of()) {
        (BulkOperation::Delete, _) => change::revoke_all(tx, &ids, &stop, now)?,
        (BulkOperation::Disable, _) => change::set_disabled_all(tx, &ids, Some(&stop), now)?,
        (BulkOperation::Idle, _) => change::set_disabled_all(tx, &ids, Some(&Stop { by: None, ..stop }), now)?,
        (BulkOperation::Shorten, _) => {
            for key in keys {
                change::set_expiry_all(tx, &[key.id], ends.after(key), now)?;
            }
        }
        (BulkOperation::Enable, _) | (BulkOperation::Undo, Some(BulkOperation::Disable | BulkOperation::Idle)) => {
            change::set_disabled_all(tx, &ids, None, now)?;
        }
        (BulkOperation::Restore, _) | (BulkOperation::Undo, Some(BulkOperation::Delete)) => {
            let restored: Vec<(&ApiKey, Option<Timestamp>)> = keys.iter().map(|key| (*key, ends.after(key))).collect();
            return Ok(change::restore_all(tx, &restored, now)?);
        }
        (BulkOperation::Expire, _) => change::limit_expiry_all(tx, &ids, job.expires_at, now)?,
        (BulkOperation::Undo, Some(BulkOperation::Enable)) => {
            for (id, before) in before(doing) {
                change::set_disabled_all(tx, &[id], Some(&before), now)?;
            }
        }
        (BulkOperation::Undo, Some(BulkOperation::Restore)) => {
            for (id, before) in before(doing) {
                change::revoke_all(tx, &[id], &before, now)?;
            }
        }
        (BulkOperation::Undo, Some(BulkOperation::Expire | BulkOperation::Shorten)) => {
            let before: Vec<(&ApiKey, Option<Timestamp>, Option<Timestamp>)> =
                doing.iter().map(|(key, pending)| (*key, ends.after(key), pending.before_by.map(Timestamp))).collect();
            return Ok(change::give_ends_back(tx, &before, now)?);
        }
        (BulkOperation::GivePolicy, _) => change::set_policy_all(tx, &ids, given_policy(job)?, now)?,
        (BulkOperation::Undo, Some(BulkOperation::GivePolicy)) => {
            let mut before: HashMap<PolicyId, Vec<KeyId>> = HashMap::new();
            for (key, pending) in doing {
                before.entry(PolicyId(pending.before_at.unwrap_or_default())).or_default().push(key.id);
            }
            for (policy, ids) in before {
                change::set_policy_all(tx, &ids, policy, now)?;
            }
        }
        (BulkOperation::Transfer, _) | (BulkOperation::Undo, Some(BulkOperation::Transfer)) => {
            return transfer_batch::change(tx, job, doing, ends, now);
        }
        (BulkOperation::Undo, _) => {
            return Err(Error::Internal(format!("job {} undoes nothing that is known", job.id)));
        }
    }
    Ok(Vec::new())
}

/// The pause or the end that each key had.
fn before<'a>(doing: &'a [(&ApiKey, &Pending)]) -> impl Iterator<Item = (KeyId, Stop)> + 'a {
    doing.iter().filter_map(|(key, pending)| {
        let reason = pending.before_reason.clone().unwrap_or_default();
        Some((key.id, Stop { at: Timestamp(pending.before_at?), by: pending.before_by.map(AccountId), reason }))
    })
}

/// The event of one key.
fn event_details(
    job: &Job,
    key: &ApiKey,
    pending: &Pending,
    ends: &Ends,
    owners: &HashMap<AccountId, OwnerView>,
    renamed: Option<&String>,
) -> (Action, serde_json::Value) {
    let mut details = json!({ "job": job.id, "name": key.name });
    let mut tell = |name: &str, value: serde_json::Value| details[name] = value;
    if !job.reason.is_empty() {
        tell("reason", json!(job.reason));
    }
    if let Some(name) = renamed {
        tell("renamed", json!([key.name, name]));
    }
    let end = ends.after(key);
    if end != key.expires_at {
        tell("expires_at", json!([key.expires_at.map(Timestamp::rfc3339), end.map(Timestamp::rfc3339)]));
    }
    let action = match (job.operation, job.inverse_of()) {
        (BulkOperation::Delete, _) | (BulkOperation::Undo, Some(BulkOperation::Restore)) => Action::KeyRevoke,
        (BulkOperation::Disable | BulkOperation::Idle, _) | (BulkOperation::Undo, Some(BulkOperation::Enable)) => {
            Action::KeyDisable
        }
        (BulkOperation::Enable, _) | (BulkOperation::Undo, Some(BulkOperation::Disable | BulkOperation::Idle)) => {
            Action::KeyEnable
        }
        (BulkOperation::Expire | BulkOperation::Shorten, _)
        | (BulkOperation::Undo, Some(BulkOperation::Expire | BulkOperation::Shorten)) => Action::KeySetExpiry,
        (BulkOperation::GivePolicy, _) | (BulkOperation::Undo, Some(BulkOperation::GivePolicy)) => Action::KeyEdit,
        (BulkOperation::Transfer, _) | (BulkOperation::Undo, Some(BulkOperation::Transfer)) => {
            let name = |id| owners.get(&id).map(|owner| owner.username.clone());
            tell("owner", json!([name(key.owner), transfer_batch::receiver(job, pending).and_then(name)]));
            Action::KeyTransfer
        }
        _ => Action::KeyRestore,
    };
    (action, details)
}
