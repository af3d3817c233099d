//! The ends that bulk work gives keys: never later than the lifetime rules of this moment allow.

use std::collections::HashMap;

use crate::actions::Error;
use crate::actions::bulk::lost_rules;
use crate::domain::bulk::shortening::Shortening;
use crate::domain::bulk::{BeforeTransfer, BulkOperation, Job, NewEnd};
use crate::domain::ids::{AccountId, KeyId};
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::lifetime_rules::OwnerFacts;
use crate::domain::time::clock::Timestamp;
use crate::store::ReadTx;
use crate::store::bulk::job_keys::Pending;
use crate::store::keys::lifetime_rules;

/// The new ends of the keys of a batch, by their ids. Where a job is not about ends, there is none.
#[derive(Debug, Default)]
pub(in crate::actions) struct Ends(HashMap<KeyId, NewEnd>);

impl Ends {
    /// Works them out from what is true now. `receiver` gives the owner that a key will have, where that changes.
    pub(in crate::actions) fn of(
        tx: &mut ReadTx,
        job: &Job,
        keys: &HashMap<KeyId, ApiKey>,
        pending: &[Pending],
        receiver: impl Fn(&Pending) -> Option<AccountId>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        if job.operation == BulkOperation::Expire {
            let end = NewEnd { at: job.expires_at, is_cut: false };
            return Ok(Self(keys.keys().map(|id| (*id, end)).collect()));
        }
        let wanted: Vec<(&ApiKey, AccountId, Option<Timestamp>)> = pending
            .iter()
            .filter_map(|pending| {
                let key = keys.get(&pending.key)?;
                let owner = receiver(pending).unwrap_or(key.owner);
                let WantedEnd(end) = wanted_end(job, key, pending)?;
                Some((key, owner, end))
            })
            .collect();
        let mut owners: Vec<AccountId> = wanted.iter().map(|(_, owner, _)| *owner).collect();
        owners.sort_unstable();
        owners.dedup();
        let owners: HashMap<AccountId, OwnerFacts> =
            lifetime_rules::owners(tx, &owners)?.into_iter().map(|owner| (owner.id, owner)).collect();
        if job.operation == BulkOperation::Shorten {
            let shortening = Shortening::of(job).ok_or_else(|| lost_rules(job))?;
            let end = |(key, owner, _): (&ApiKey, AccountId, _)| {
                let at = shortening.end(job, key, owners.get(&owner)?)?;
                Some((key.id, NewEnd { at: Some(at), is_cut: false }))
            };
            return Ok(Self(wanted.into_iter().filter_map(end).collect()));
        }
        let rules = lifetime_rules::load(tx)?;
        let end = |(key, owner, end): (&ApiKey, AccountId, Option<Timestamp>)| {
            let rule = rules.for_owner(owners.get(&owner)?);
            Some((key.id, NewEnd::within(&rule, key, end, now)))
        };
        Ok(Self(wanted.into_iter().filter_map(end).collect()))
    }

    /// The new end of a key.
    pub(in crate::actions) fn of_key(&self, key: KeyId) -> Option<NewEnd> {
        self.0.get(&key).copied()
    }

    /// The end that a key has when this is done.
    pub(in crate::actions) fn after(&self, key: &ApiKey) -> Option<Timestamp> {
        self.of_key(key.id).map_or(key.expires_at, |end| end.at)
    }
}

/// The end that a job wants for a key, as far as the rules allow it; `None` is never.
struct WantedEnd(Option<Timestamp>);

/// Nothing where the job leaves a key its own end.
fn wanted_end(job: &Job, key: &ApiKey, pending: &Pending) -> Option<WantedEnd> {
    match (job.operation, job.inverse_of()) {
        (BulkOperation::Shorten | BulkOperation::Restore | BulkOperation::Transfer, _)
        | (BulkOperation::Undo, Some(BulkOperation::Delete)) => Some(WantedEnd(key.expires_at)),
        (BulkOperation::Undo, Some(BulkOperation::Expire | BulkOperation::Shorten)) => {
            Some(WantedEnd(pending.before_at.map(Timestamp)))
        }
        (BulkOperation::Undo, Some(BulkOperation::Transfer)) => {
            let before = BeforeTransfer::read(pending.before_reason.as_deref());
            Some(WantedEnd(if before.was_shortened { before.expires_at.map(Timestamp) } else { key.expires_at }))
        }
        _ => None,
    }
}
