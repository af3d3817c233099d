//! What bulk work does that gives keys to another owner, and gives them back.

use std::collections::{BTreeSet, HashMap};

use super::Error;
use super::generate_key::room_for;
use super::job_batch::undone;
use super::run_jobs::lost_rules;
use crate::domain::api_key::ApiKey;
use crate::domain::clock::Moment;
use crate::domain::job::{BeforeTransfer, Job, Left, Verb};
use crate::store::accounts::Owner;
use crate::store::job_keys::Pending;
use crate::store::keys::change;
use crate::store::{Db, accounts, job_keys, keys, rights};

/// How many keys each owner may still be given, who is held against other transactions that give them keys.
pub(super) struct Room {
    /// The owner who gets all of them; for an undo, each key goes to the one before.
    to: Option<i64>,
    /// `None` is any number; who is not here has no limit here.
    left: HashMap<i64, Option<i64>>,
}

impl Room {
    pub(super) fn of(db: &mut Db, job: &Job, pending: &[Pending], now: Moment) -> Result<Self, Error> {
        let to = if job.verb == Verb::Transfer { Some(new_owner(job)?) } else { None };
        let before = undone(job) == Some(Verb::Transfer);
        let owners: BTreeSet<i64> =
            to.into_iter().chain(pending.iter().filter(|_| before).filter_map(|pending| pending.before_at)).collect();
        if !owners.is_empty() {
            keys::lock_server_keys(db)?; // before the accounts, and those in one order
        }
        let left = owners
            .into_iter()
            .map(|owner| Ok((owner, room_for(db, owner, job.people > 0, now)?)))
            .collect::<Result<_, Error>>()?;
        Ok(Self { to, left })
    }

    pub(super) fn take(&mut self, pending: &Pending) -> Result<(), Left> {
        let owner = self.to.or(pending.before_at);
        match owner.and_then(|owner| self.left.get_mut(&owner)) {
            Some(Some(0)) => Err(Left::NoRoom),
            Some(Some(more)) => {
                *more -= 1;
                Ok(())
            }
            Some(None) | None => Ok(()),
        }
    }
}

/// The owner to whom a job gives its keys.
fn new_owner(job: &Job) -> Result<i64, Error> {
    job.parameter.parse().map_err(|_| lost_rules(job))
}

/// Gives keys to the new owner, or back to the one before; gives those that got a new name.
pub(super) fn change(
    db: &mut Db,
    job: &Job,
    doing: &[(&ApiKey, &Pending)],
    now: Moment,
) -> Result<Vec<(i64, String)>, Error> {
    if job.verb == Verb::Transfer {
        for (key, pending) in doing {
            let before =
                BeforeTransfer { name: key.name.clone(), ..BeforeTransfer::read(pending.before_reason.as_deref()) };
            job_keys::note_before(db, job.id, key.id, &before.text())?;
        }
        let named: Vec<(&ApiKey, String)> = doing.iter().map(|(key, _)| (*key, key.name.clone())).collect();
        return Ok(change::transfer_all(db, &named, new_owner(job)?, now)?);
    }
    let mut before: HashMap<i64, Vec<(&ApiKey, String)>> = HashMap::new();
    for (key, pending) in doing {
        let was = BeforeTransfer::read(pending.before_reason.as_deref());
        if let Some(was) = &was.grant {
            rights::set_scopes(db, key.id, was.scopes.as_deref().unwrap_or_default())?;
            keys::put_grant_back(db, key.id, was.grant())?;
        }
        let name = if was.name.is_empty() { key.name.clone() } else { was.name };
        before.entry(pending.before_at.unwrap_or_default()).or_default().push((key, name));
    }
    let mut renamed = Vec::new();
    for (owner, keys) in before {
        renamed.extend(change::transfer_all(db, &keys, owner, now)?);
    }
    Ok(renamed)
}

/// The owners before and after, for the events of a transfer.
pub(super) fn owners(
    db: &mut Db,
    job: &Job,
    keys: &HashMap<i64, ApiKey>,
    pending: &[Pending],
) -> Result<HashMap<i64, Owner>, Error> {
    if job.verb != Verb::Transfer && undone(job) != Some(Verb::Transfer) {
        return Ok(HashMap::new());
    }
    let mut ids: Vec<i64> = keys.values().map(|key| key.owner).collect();
    ids.extend(job.parameter.parse::<i64>().ok());
    ids.extend(pending.iter().filter_map(|pending| pending.before_at));
    ids.sort_unstable();
    ids.dedup();
    Ok(accounts::owners(db, &ids)?)
}
