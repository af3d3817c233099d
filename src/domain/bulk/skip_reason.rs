//! Why a job left a key as it was.

/// Why a job left a key as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum SkipReason {
    /// It was changed after the job was frozen.
    Changed,
    /// It ends before the new end.
    EndsEarlier,
    /// It is no longer there.
    Gone,
    /// The policy that it was to get was deleted.
    PolicyGone,
    /// The owner that it was to get has as many keys as are allowed, or is not active any more.
    NoRoom,
    /// It would be live again, and its owner has as many keys as are allowed.
    OwnerFull,
    /// The lifetime rules allow it no later end than it has.
    RulesForbid,
}

impl SkipReason {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
