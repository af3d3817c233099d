//! One batch of bulk work: what is as it was frozen is changed, the rest is left, and both are written down.

use std::collections::HashMap;

use serde_json::json;

use super::Error;
use super::job_transfer::{self, Room};
use super::run_jobs::{event, lost_rules};
use crate::domain::api_key::{ApiKey, Stop};
use crate::domain::audit::{Action, Event};
use crate::domain::clock::Moment;
use crate::domain::job::{Job, Left, Verb, decide};
use crate::domain::lifetime_rules::OwnerFacts;
use crate::domain::shortening::Shortening;
use crate::store::accounts::Owner;
use crate::store::job_keys::Pending;
use crate::store::keys::change;
use crate::store::{Db, audit, job_keys, jobs, lifetimes, policies};

/// Changes what is as it was frozen, leaves the rest, and writes down both.
pub(super) fn work(db: &mut Db, job: &Job, pending: &[Pending], now: Moment) -> Result<(), Error> {
    let ids: Vec<i64> = pending.iter().map(|pending| pending.key).collect();
    let gone = gives_what_is_gone(db, job, pending)?;
    let mut room = Room::of(db, job, pending, now)?;
    let keys = change::hold(db, &ids)?;
    let ends = Ends::of(db, job, &keys)?;
    let owners = job_transfer::owners(db, job, &keys, pending)?;
    let mut doing: Vec<(&ApiKey, &Pending)> = Vec::new();
    for pending in pending {
        let key = keys.get(&pending.key);
        let decided = decide(job.verb, key, pending.version, ends.of_key(key));
        let decided = if gone { Err(Left::PolicyGone) } else { decided.and_then(|()| room.take(pending)) };
        match (decided, key) {
            (Ok(()), Some(key)) => doing.push((key, pending)),
            (Ok(()), None) => {}
            (Err(why), _) => job_keys::set_left(db, job.id, pending.key, why)?,
        }
    }
    let renamed = change(db, job, &doing, &ends, now)?;
    let done: Vec<i64> = doing.iter().map(|(key, _)| key.id).collect();
    job_keys::set_done(db, job.id, &done)?;
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    jobs::progress(db, job.id, count(done.len()), count(pending.len() - done.len()))?;
    let events: Vec<Event> = doing
        .iter()
        .map(|(key, pending)| {
            let name = renamed.iter().find(|(id, _)| *id == key.id).map(|(_, name)| name);
            let (action, details) = told(job, key, pending, &ends, &owners, name);
            event(job, now, action, key.first_eight.as_str().to_owned(), details)
        })
        .collect();
    Ok(audit::insert_all(db, &events)?)
}

/// The ends that a job gives its keys.
enum Ends {
    /// The same for all; `None` where ends are not what the job is about.
    Same(Option<Moment>),
    /// What the lifetime rules allow, by the key's id.
    Each(HashMap<i64, Moment>),
}

impl Ends {
    fn of(db: &mut Db, job: &Job, keys: &HashMap<i64, ApiKey>) -> Result<Self, Error> {
        if job.verb != Verb::Shorten {
            return Ok(Self::Same(job.expires_at));
        }
        let shortening = Shortening::of(job).ok_or_else(|| lost_rules(job))?;
        let mut ids: Vec<i64> = keys.values().map(|key| key.owner).collect();
        ids.sort_unstable();
        ids.dedup();
        let owners: HashMap<i64, OwnerFacts> =
            lifetimes::owners(db, &ids)?.into_iter().map(|owner| (owner.id, owner)).collect();
        let end = |key: &ApiKey| Some((key.id, shortening.end(job, key, owners.get(&key.owner)?)?));
        Ok(Self::Each(keys.values().filter_map(end).collect()))
    }

    fn of_key(&self, key: Option<&ApiKey>) -> Option<Moment> {
        match self {
            Self::Same(end) => *end,
            Self::Each(ends) => key.and_then(|key| ends.get(&key.id)).copied(),
        }
    }
}

/// The policy that a job gives.
fn given_policy(job: &Job) -> Result<i64, Error> {
    job.parameter.parse().map_err(|_| lost_rules(job))
}

/// Does a job give keys a policy that was deleted meanwhile? It is held against that until the batch is done.
fn gives_what_is_gone(db: &mut Db, job: &Job, pending: &[Pending]) -> Result<bool, Error> {
    let mut policies: Vec<i64> = match (job.verb, undone(job)) {
        (Verb::GivePolicy, _) => vec![given_policy(job)?],
        (_, Some(Verb::GivePolicy)) => pending.iter().filter_map(|pending| pending.before_at).collect(),
        _ => Vec::new(),
    };
    policies.sort_unstable();
    policies.dedup();
    for policy in policies {
        if !policies::hold_by_id(db, policy)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What is undone, for an undo; else the verb itself.
pub(super) fn undone(job: &Job) -> Option<Verb> {
    if job.verb == Verb::Undo { Verb::from_word(&job.parameter) } else { None }
}

/// Changes keys; gives those that got a new name.
fn change(
    db: &mut Db,
    job: &Job,
    doing: &[(&ApiKey, &Pending)],
    ends: &Ends,
    now: Moment,
) -> Result<Vec<(i64, String)>, Error> {
    let ids: Vec<i64> = doing.iter().map(|(key, _)| key.id).collect();
    let keys: Vec<&ApiKey> = doing.iter().map(|(key, _)| *key).collect();
    let stop = Stop { at: now, by: Some(job.asked_by.account), reason: job.reason.clone() };
    match (job.verb, undone(job)) {
        (Verb::Delete, _) => change::revoke_all(db, &ids, &stop, now)?,
        (Verb::Disable, _) => change::set_disabled_all(db, &ids, Some(&stop), now)?,
        (Verb::Idle, _) => change::set_disabled_all(db, &ids, Some(&Stop { by: None, ..stop }), now)?,
        (Verb::Shorten, _) => {
            for key in keys {
                change::set_expiry_all(db, &[key.id], ends.of_key(Some(key)), now)?;
            }
        }
        (Verb::Enable, _) | (Verb::Undo, Some(Verb::Disable | Verb::Idle)) => {
            change::set_disabled_all(db, &ids, None, now)?;
        }
        (Verb::Restore, _) | (Verb::Undo, Some(Verb::Delete)) => return Ok(change::restore_all(db, &keys, now)?),
        (Verb::Expire, _) => change::set_expiry_all(db, &ids, job.expires_at, now)?,
        (Verb::Undo, Some(Verb::Enable)) => {
            for (id, before) in before(doing) {
                change::set_disabled_all(db, &[id], Some(&before), now)?;
            }
        }
        (Verb::Undo, Some(Verb::Restore)) => {
            for (id, before) in before(doing) {
                change::revoke_all(db, &[id], &before, now)?;
            }
        }
        (Verb::Undo, Some(Verb::Expire | Verb::Shorten)) => {
            let ends: Vec<(&ApiKey, Option<Moment>)> =
                doing.iter().map(|(key, pending)| (*key, pending.before_at.map(Moment))).collect();
            return Ok(change::give_ends_back(db, &ends, now)?);
        }
        (Verb::GivePolicy, _) => change::set_policy_all(db, &ids, given_policy(job)?, now)?,
        (Verb::Undo, Some(Verb::GivePolicy)) => {
            let mut before: HashMap<i64, Vec<i64>> = HashMap::new();
            for (key, pending) in doing {
                before.entry(pending.before_at.unwrap_or_default()).or_default().push(key.id);
            }
            for (policy, ids) in before {
                change::set_policy_all(db, &ids, policy, now)?;
            }
        }
        (Verb::Transfer, _) | (Verb::Undo, Some(Verb::Transfer)) => {
            return job_transfer::change(db, job, doing, now);
        }
        (Verb::Undo, _) => return Err(Error::Internal(format!("job {} undoes nothing that is known", job.id))),
    }
    Ok(Vec::new())
}

/// The pause or the end that each key had.
fn before<'a>(doing: &'a [(&ApiKey, &Pending)]) -> impl Iterator<Item = (i64, Stop)> + 'a {
    doing.iter().filter_map(|(key, pending)| {
        let reason = pending.before_reason.clone().unwrap_or_default();
        Some((key.id, Stop { at: Moment(pending.before_at?), by: pending.before_by, reason }))
    })
}

/// The event of one key.
fn told(
    job: &Job,
    key: &ApiKey,
    pending: &Pending,
    ends: &Ends,
    owners: &HashMap<i64, Owner>,
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
    let action = match (job.verb, undone(job)) {
        (Verb::Delete, _) | (Verb::Undo, Some(Verb::Restore)) => Action::KeyRevoke,
        (Verb::Disable | Verb::Idle, _) | (Verb::Undo, Some(Verb::Enable)) => Action::KeyDisable,
        (Verb::Enable, _) | (Verb::Undo, Some(Verb::Disable | Verb::Idle)) => Action::KeyEnable,
        (Verb::Expire | Verb::Shorten, _) | (Verb::Undo, Some(Verb::Expire | Verb::Shorten)) => {
            let end = if job.verb == Verb::Undo { pending.before_at.map(Moment) } else { ends.of_key(Some(key)) };
            tell("expires_at", json!([key.expires_at.map(Moment::rfc3339), end.map(Moment::rfc3339)]));
            Action::KeySetExpiry
        }
        (Verb::GivePolicy, _) | (Verb::Undo, Some(Verb::GivePolicy)) => Action::KeyEdit,
        (Verb::Transfer, _) | (Verb::Undo, Some(Verb::Transfer)) => {
            let name = |id| owners.get(&id).map(|owner| owner.username.clone());
            let to = if job.verb == Verb::Undo { pending.before_at } else { job.parameter.parse().ok() };
            tell("owner", json!([name(key.owner), to.and_then(name)]));
            Action::KeyTransfer
        }
        _ => Action::KeyRestore,
    };
    (action, details)
}
