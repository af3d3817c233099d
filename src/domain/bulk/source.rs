//! Where a job's keys came from.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{AccountId, JobId, PolicyId};

/// Where a job's keys came from. Stands in the job as JSON, and is looked for by its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Somebody ticked them, one by one.
    Ticked,
    /// They matched a filter: its query string.
    Filter(String),
    /// New lifetime rules hit them.
    Rules,
    /// The live keys of this owner.
    Owner(AccountId),
    /// The live keys that carry this policy.
    LiveOfPolicy(PolicyId),
    /// All keys that carry this policy.
    Policy(PolicyId),
    /// The keys that this job changed, as it left them.
    Job(JobId),
    /// A version of before did not write it down.
    Unrecorded,
}

impl Source {
    /// The query string of the filter.
    pub fn filter(&self) -> Option<&str> {
        match self {
            Self::Filter(query) => Some(query),
            _ => None,
        }
    }

    /// The job that is undone.
    pub fn job(&self) -> Option<JobId> {
        match self {
            Self::Job(id) => Some(*id),
            _ => None,
        }
    }
}
