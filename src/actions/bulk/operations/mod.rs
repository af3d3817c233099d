//! The operations of bulk work, one file each: which keys it fits, what it does to them, and what its undo does.

mod delete;
mod disable;
mod enable;
mod expire;
mod give_policy;
mod restore;
mod shorten;
mod transfer;

use std::collections::HashMap;

use serde_json::Value;

use crate::actions::Error;
use crate::actions::bulk::ends::Ends;
use crate::domain::audit::Action;
use crate::domain::bulk::{Before, BulkOperation, Job, NewEnd, Operation, SkipReason};
use crate::domain::ids::KeyId;
use crate::domain::keys::api_key::{ApiKey, Status, Stop};
use crate::domain::time::clock::Timestamp;
use crate::store::bulk::job_keys::{Note, Pending};
use crate::store::keys::predicate::Predicate;
use crate::store::{ReadTx, WriteTx};

/// An operation: which keys it fits, and how it is undone.
pub(in crate::actions) trait BulkWork: Sync {
    /// Can it be done to a key of this status?
    fn fits(&self, status: Status) -> bool;

    /// The keys that it fits, for the database.
    fn select(&self, now: Timestamp) -> Predicate;

    /// What somebody reads who chose no key that it fits.
    fn nothing(&self) -> &'static str {
        "All selected keys have ended"
    }

    /// What its undo has to know of a key.
    fn note(&self) -> Option<Note> {
        None
    }

    /// What its undo does.
    fn undo(&self) -> Box<dyn Change>;
}

/// What a job does to keys: an operation, or an undo.
pub(in crate::actions) trait Change {
    /// Locks and reads what comes before the keys in the order of locks. With a reason, the whole batch is skipped.
    fn prepare(&mut self, _: &mut WriteTx, _: &Batch<'_>) -> Result<Option<SkipReason>, Error> {
        Ok(None)
    }

    /// The ends that keys get; none where it leaves them their ends.
    fn ends(&self, _: &mut ReadTx, _: &Batch<'_>, _: &HashMap<KeyId, ApiKey>) -> Result<Ends, Error> {
        Ok(Ends::default())
    }

    /// May this key be changed, as it is now?
    fn admits(&mut self, _: &Item<'_>, _now: Timestamp) -> Result<(), SkipReason> {
        Ok(())
    }

    /// Changes keys; gives those that got a new name.
    fn change(&mut self, tx: &mut WriteTx, batch: &Batch<'_>, items: &[Item<'_>]) -> Result<Renamed, Error>;

    /// What it is called in the audit log, for each key.
    fn action(&self) -> Action;

    /// What the event of a key tells besides its name, its end and the reason.
    fn details(&self, _: &Item<'_>) -> Option<(&'static str, Value)> {
        None
    }
}

/// Keys with the names that they got.
pub(in crate::actions) type Renamed = Vec<(KeyId, String)>;

/// Some keys of a job, which are changed in one transaction.
pub(in crate::actions) struct Batch<'a> {
    pub job: &'a Job,
    pub pending: &'a [Pending],
    pub now: Timestamp,
}

impl Batch<'_> {
    pub fn ids(&self) -> Vec<KeyId> {
        self.pending.iter().map(|pending| pending.key).collect()
    }

    /// Who stops keys by this job, and why.
    fn stop(&self) -> Stop {
        Stop { at: self.now, by: Some(self.job.asked_by.account), reason: self.job.reason.clone() }
    }
}

/// A key of a batch that is as it was frozen.
pub(in crate::actions) struct Item<'a> {
    pub key: &'a ApiKey,
    pub before: Option<&'a Before>,
    /// The end that it gets.
    pub end: Option<NewEnd>,
}

impl Item<'_> {
    /// The end that it has when this is done.
    pub fn end_after(&self) -> Option<Timestamp> {
        self.end.map_or(self.key.expires_at, |end| end.at)
    }

    /// Is it within its time when this is done?
    fn is_in_time(&self, now: Timestamp) -> bool {
        self.end_after().is_none_or(|end| end > now)
    }

    /// What is undone was not noted.
    fn unknown(&self) -> Error {
        Error::Internal(format!("nobody noted what the key with id {} was like before", self.key.id))
    }
}

/// The ids of keys.
fn ids(items: &[Item<'_>]) -> Vec<KeyId> {
    items.iter().map(|item| item.key.id).collect()
}

/// Can this be done to a key of this status?
pub fn fits(operation: BulkOperation, status: Status) -> bool {
    by_name(operation).is_ok_and(|work| work.fits(status))
}

/// An operation by its name. An undo is none: what it is about, the job knows that it undoes.
pub(in crate::actions) fn by_name(operation: BulkOperation) -> Result<&'static dyn BulkWork, Error> {
    Ok(match operation {
        BulkOperation::Delete => &delete::Delete,
        BulkOperation::Disable => &disable::Disable,
        BulkOperation::DisableUnused => &disable::DisableUnused,
        BulkOperation::Enable => &enable::Enable,
        BulkOperation::Restore => &restore::Restore,
        BulkOperation::Expire => &expire::Expire,
        BulkOperation::Shorten => &shorten::Shorten,
        BulkOperation::GivePolicy => &give_policy::GivePolicy,
        BulkOperation::Transfer => &transfer::Transfer,
        BulkOperation::Undo => return Err(Error::Internal("an undo is no operation of its own".into())),
    })
}

/// The operation that a job is, or undoes.
pub(in crate::actions) fn of(operation: &Operation) -> Result<&'static dyn BulkWork, Error> {
    match operation {
        Operation::Undo { of } => by_name(*of),
        operation => by_name(operation.name()),
    }
}

/// What a job does to its keys.
pub(in crate::actions) fn change(job: &Job) -> Result<Box<dyn Change + '_>, Error> {
    Ok(match &job.operation {
        Operation::Delete { .. } => Box::new(delete::Revoke),
        Operation::Disable { .. } => Box::new(disable::Pause { by_person: true }),
        Operation::DisableUnused => Box::new(disable::Pause { by_person: false }),
        Operation::Enable => Box::new(enable::EndPause),
        Operation::Restore => Box::new(restore::BringBack::default()),
        Operation::Expire { at } => {
            let at = at.ok_or_else(|| Error::Internal(format!("job {} was confirmed without an end", job.id)))?;
            Box::new(expire::Limit { at })
        }
        Operation::Shorten(shortening) => Box::new(shorten::ApplyRules { shortening }),
        Operation::GivePolicy { policy } => Box::new(give_policy::SetPolicy { policy: *policy }),
        Operation::Transfer(transfer) => Box::new(transfer::HandOver::new(transfer)),
        undo @ Operation::Undo { .. } => of(undo)?.undo(),
    })
}
