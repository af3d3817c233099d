//! Bulk work: what it does to keys, the state it is in, what it leaves and why.

mod operation;
mod parameters;
pub mod shortening;
mod skip_reason;

pub use operation::{BulkOperation, Selection};
pub use parameters::{BeforeGrant, BeforeTransfer, DeletedPolicy, Held, Source, Transfer};
pub use skip_reason::{NewEnd, SkipReason, decide, revives};

use crate::domain::ids::{AccountId, JobId};
use crate::domain::time::clock::Timestamp;

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum JobState {
    /// Frozen, and waiting for somebody to confirm it.
    Draft,
    /// Confirmed, and waiting for a runner.
    Queued,
    /// Being done.
    Running,
    /// Done.
    Done,
    /// Ended by somebody before it was done.
    Stopped,
}

impl JobState {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What it does.
    pub operation: BulkOperation,
    /// The state it is in.
    pub state: JobState,
    /// The moment at which its keys were chosen.
    pub frozen_at: Timestamp,
    /// The query string of the filter by which they were chosen; `None` when they were ticked one by one.
    pub filter: Option<String>,
    /// Who asked for it.
    pub asked_by: AskedBy,
    /// Why, as they said; may be empty.
    pub reason: String,
    /// The end that [`BulkOperation::Expire`] gives.
    pub expires_at: Option<Timestamp>,
    /// What else its operation needs, as JSON; may be empty.
    pub parameter: String,
    /// From where it takes its keys, when it was confirmed at once.
    pub source: Option<Source>,
    /// Does it know all of its keys? Until then it does nothing to them.
    pub is_frozen: bool,
    /// The id of the last key that it took over.
    pub frozen_up_to: i64,
    /// The job that [`BulkOperation::Undo`] gives back.
    pub undoes: Option<JobId>,
    /// The job that gave this one back.
    pub undone_by: Option<JobId>,
    /// How many keys it was given.
    pub total: i64,
    /// Of how many owners who are people.
    pub people: i64,
    /// Of how many service accounts.
    pub services: i64,
    /// How many of them were used in the week before.
    pub recent: i64,
    /// How many of them belong to the one who asked.
    pub own: i64,
    /// How many it changed.
    pub done: i64,
    /// How many of these the lifetime rules gave an earlier end than they were to have.
    pub shortened: i64,
    /// How many it left as they were.
    pub left: i64,
    /// Did somebody ask it to stop?
    pub stop_asked: bool,
    /// When it was confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// Who asks for bulk work: the actor of its events.
#[derive(Debug, Clone)]
pub struct AskedBy {
    /// The account.
    pub account: AccountId,
    /// Its user name.
    pub name: String,
    /// From which address.
    pub address: Option<String>,
    /// By which request.
    pub request: Option<String>,
}

impl Job {
    /// Is it over?
    pub fn is_over(&self) -> bool {
        matches!(self.state, JobState::Done | JobState::Stopped)
    }

    /// More keys than can be taken in at a glance: the number has to be typed.
    pub fn needs_number(&self) -> bool {
        self.total > 10 || self.filter.is_some()
    }

    /// What is undone, for an undo.
    pub fn inverse_of(&self) -> Option<BulkOperation> {
        if self.operation == BulkOperation::Undo { self.parameter.parse::<BulkOperation>().ok() } else { None }
    }

    /// What a transfer needs to know.
    pub fn transfer(&self) -> Option<Transfer> {
        if self.operation == BulkOperation::Transfer { Transfer::read(&self.parameter) } else { None }
    }

    /// The policy that was deleted together with these keys.
    pub fn deleted_policy(&self) -> Option<DeletedPolicy> {
        matches!(self.operation, BulkOperation::Delete | BulkOperation::Disable)
            .then(|| serde_json::from_str(&self.parameter).ok())
            .flatten()
    }

    /// Keys of which nothing was decided.
    pub fn remaining(&self) -> i64 {
        (self.total - self.done - self.left).max(0)
    }
}
