//! What bulk work does to keys.

use crate::domain::keys::api_key::Status;

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

    /// What a button says, without what it is done to.
    pub fn label(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Disable => "Disable",
            Self::Enable => "Enable",
            Self::Restore => "Restore",
            Self::Expire => "Shorten expiry",
            Self::Undo => "Undo",
            Self::Shorten => "Shorten",
            Self::Idle => "Disable unused",
            Self::GivePolicy => "Give another policy",
            Self::Transfer => "Transfer",
        }
    }

    /// "Deleting 214 API keys".
    pub fn running(self) -> &'static str {
        match self {
            Self::Delete => "Deleting",
            Self::Disable => "Disabling",
            Self::Enable => "Enabling",
            Self::Restore | Self::Undo => "Restoring",
            Self::Expire => "Setting the expiry of",
            Self::Shorten => "Applying the lifetime rules to",
            Self::Idle => "Disabling unused",
            Self::GivePolicy => "Giving another policy to",
            Self::Transfer => "Transferring",
        }
    }

    /// "214 API keys deleted".
    pub fn done(self) -> &'static str {
        match self {
            Self::Delete => "deleted",
            Self::Disable => "disabled",
            Self::Enable => "enabled",
            Self::Restore | Self::Undo => "restored",
            Self::Expire => "set to expire sooner",
            Self::Shorten => "given an earlier end by the lifetime rules",
            Self::Idle => "disabled because they were unused",
            Self::GivePolicy => "given another policy",
            Self::Transfer => "transferred to another owner",
        }
    }

    /// Does it take something away from people?
    pub fn is_red(self) -> bool {
        self == Self::Delete
    }

    /// The icon beside the label.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Delete => "trash",
            Self::Disable | Self::Idle => "player-pause",
            Self::Enable => "circle-check",
            Self::Restore | Self::Undo => "history",
            Self::GivePolicy => "shield-lock",
            Self::Transfer => "users",
            Self::Expire | Self::Shorten => "clock-hour-4",
        }
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
