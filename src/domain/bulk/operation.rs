//! What bulk work does to keys: the operations by name, and each with what it needs to know.

use serde::{Deserialize, Serialize};

use crate::domain::bulk::{Shortening, Transfer};
use crate::domain::ids::PolicyId;
use crate::domain::key_filter::KeyFilter;
use crate::domain::keys::secret::FirstEight;
use crate::domain::time::clock::Timestamp;

/// The operations by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum BulkOperation {
    /// Revokes a key: an administrator's "Delete". It can be restored until the purge.
    Delete,
    /// Pauses it.
    Disable,
    /// Pauses it because nobody uses it; its owner may end the pause.
    #[strum(serialize = "disable unused")]
    DisableUnused,
    /// Ends its pause.
    Enable,
    /// Brings a revoked key back.
    Restore,
    /// Gives it an earlier end.
    Expire,
    /// Gives it the end that the lifetime rules allow.
    Shorten,
    /// Gives it another policy.
    #[strum(serialize = "give policy")]
    GivePolicy,
    /// Gives it to another owner.
    Transfer,
    /// Gives back what another job changed.
    Undo,
}

impl BulkOperation {
    /// Those that people choose, in the order of the bar.
    pub const CHOICES: [Self; 5] = [Self::Enable, Self::Disable, Self::Expire, Self::Restore, Self::Delete];

    /// The word in URLs and in the audit log.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Of a choice: the operation as it is drafted, before somebody confirms it. `None` for what is not a choice.
    pub fn drafted(self) -> Option<Operation> {
        match self {
            Self::Delete => Some(Operation::Delete { policy: None }),
            Self::Disable => Some(Operation::Disable { policy: None }),
            Self::Enable => Some(Operation::Enable),
            Self::Restore => Some(Operation::Restore),
            Self::Expire => Some(Operation::Expire { at: None }),
            Self::DisableUnused | Self::Shorten | Self::GivePolicy | Self::Transfer | Self::Undo => None,
        }
    }
}

/// What a job does to each of its keys, with all that it needs to know. Stands in the job as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// See [`BulkOperation::Delete`].
    Delete {
        /// The policy that was deleted together with these keys.
        policy: Option<DeletedPolicy>,
    },
    /// See [`BulkOperation::Disable`].
    Disable {
        /// The policy that was deleted, and whose keys are therefore paused.
        policy: Option<DeletedPolicy>,
    },
    /// See [`BulkOperation::DisableUnused`].
    DisableUnused,
    /// See [`BulkOperation::Enable`].
    Enable,
    /// See [`BulkOperation::Restore`].
    Restore,
    /// See [`BulkOperation::Expire`].
    Expire {
        /// The new end; of a draft, nobody has chosen it yet.
        at: Option<Timestamp>,
    },
    /// See [`BulkOperation::Shorten`].
    Shorten(Shortening),
    /// See [`BulkOperation::GivePolicy`].
    GivePolicy {
        /// The policy that keys get.
        policy: PolicyId,
    },
    /// See [`BulkOperation::Transfer`].
    Transfer(Transfer),
    /// See [`BulkOperation::Undo`].
    Undo {
        /// What the job did that is undone.
        of: BulkOperation,
    },
}

impl Operation {
    /// Its name.
    pub fn name(&self) -> BulkOperation {
        match self {
            Self::Delete { .. } => BulkOperation::Delete,
            Self::Disable { .. } => BulkOperation::Disable,
            Self::DisableUnused => BulkOperation::DisableUnused,
            Self::Enable => BulkOperation::Enable,
            Self::Restore => BulkOperation::Restore,
            Self::Expire { .. } => BulkOperation::Expire,
            Self::Shorten(_) => BulkOperation::Shorten,
            Self::GivePolicy { .. } => BulkOperation::GivePolicy,
            Self::Transfer(_) => BulkOperation::Transfer,
            Self::Undo { .. } => BulkOperation::Undo,
        }
    }

    /// The end that it gives keys, where it gives all of them the same.
    pub fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::Expire { at } => *at,
            _ => None,
        }
    }

    /// The policy that was deleted together with the keys, and that an undo brings back.
    pub fn deleted_policy(&self) -> Option<&DeletedPolicy> {
        match self {
            Self::Delete { policy } | Self::Disable { policy } => policy.as_ref(),
            _ => None,
        }
    }
}

/// A policy that was deleted, and whose keys a job ends or pauses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedPolicy {
    /// Its id.
    pub policy: PolicyId,
    /// What it was called.
    pub name: String,
}

/// How keys were chosen.
#[derive(Debug, Clone)]
pub enum Selection {
    /// One by one.
    Ids(Vec<FirstEight>),
    /// All that match.
    Matching(KeyFilter),
}
