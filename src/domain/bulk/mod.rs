//! Bulk work: what it does to keys, the state it is in, what it leaves and why.

mod before;
mod new_end;
mod operation;
mod shortening;
mod skip_reason;
mod source;
mod transfer;

pub use before::{Before, BeforeEnd, BeforeGrant, BeforeTransfer};
pub use new_end::NewEnd;
pub use operation::{BulkOperation, DeletedPolicy, Operation, Selection};
pub use shortening::Shortening;
pub use skip_reason::SkipReason;
pub use source::Source;
pub use transfer::{Held, Transfer};

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
    pub operation: Operation,
    /// Where its keys came from.
    pub source: Source,
    /// The state it is in.
    pub state: JobState,
    /// The moment at which its keys were chosen.
    pub frozen_at: Timestamp,
    /// Who asked for it.
    pub asked_by: AskedBy,
    /// Why, as they said; may be empty.
    pub reason: String,
    /// Does it know all of its keys? Until then it does nothing to them.
    pub is_frozen: bool,
    /// The id of the last key that it took over.
    pub frozen_up_to: i64,
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
    pub skipped: i64,
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
        self.total > 10 || self.source.filter().is_some()
    }

    /// The job that it gives back, for an undo.
    pub fn undoes(&self) -> Option<JobId> {
        self.source.job()
    }

    /// The end that it gives keys, where it gives all of them the same.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.operation.expires_at()
    }

    /// Keys of which nothing was decided.
    pub fn remaining(&self) -> i64 {
        (self.total - self.done - self.skipped).max(0)
    }
}
