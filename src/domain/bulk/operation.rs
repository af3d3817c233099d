//! What bulk work does to keys.

use crate::domain::key_filter::KeyFilter;
use crate::domain::keys::api_key::Status;
use crate::domain::keys::secret::FirstEight;

/// What a job does to each of its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum BulkOperation {
    /// Revokes it: an administrator's "Delete". It can be restored until the purge.
    Delete,
    /// Pauses it.
    Disable,
    /// Ends its pause.
    Enable,
    /// Brings a revoked key back.
    Restore,
    /// Gives it an earlier end.
    Expire,
    /// Gives back what another job changed.
    Undo,
    /// Gives it the end that the lifetime rules allow.
    Shorten,
    /// Pauses it because nobody uses it; its owner may end the pause.
    #[strum(serialize = "disable unused")]
    Idle,
    /// Gives it another policy.
    #[strum(serialize = "give policy")]
    GivePolicy,
    /// Gives it to another owner.
    Transfer,
}

impl BulkOperation {
    /// Those that people choose, in the order of the bar.
    pub const CHOICES: [Self; 5] = [Self::Enable, Self::Disable, Self::Expire, Self::Restore, Self::Delete];
    /// The word in the database, in URLs and in the audit log.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Can it be done to a key of this status?
    pub fn fits(self, status: Status) -> bool {
        match self {
            Self::Delete | Self::GivePolicy => status != Status::Revoked,
            Self::Disable | Self::Idle => status == Status::Active,
            Self::Enable => status == Status::Disabled,
            Self::Restore => status == Status::Revoked,
            Self::Expire | Self::Shorten | Self::Transfer => matches!(status, Status::Active | Status::Disabled),
            Self::Undo => true,
        }
    }
}

/// How keys were chosen.
#[derive(Debug, Clone)]
pub enum Selection {
    /// One by one.
    Ids(Vec<FirstEight>),
    /// All that match.
    Matching(KeyFilter),
}
