//! What bulk work does to one key, and what it leaves and why.

use super::{BulkOperation, Job};
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::keys::lifetime_rules::shortened;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::DAY;

/// Why a job left a key as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum SkipReason {
    /// It was changed after the job was frozen.
    Changed,
    /// It ends before the new end.
    #[strum(serialize = "ends earlier")]
    EndsEarlier,
    /// It is no longer there.
    Gone,
    /// The policy that it was to get was deleted.
    #[strum(serialize = "policy gone")]
    PolicyGone,
    /// The owner that it was to get has as many keys as are allowed, or is not active any more.
    #[strum(serialize = "no room")]
    NoRoom,
    /// It would be live again, and its owner has as many keys as are allowed.
    #[strum(serialize = "owner full")]
    OwnerFull,
    /// The lifetime rules allow it no later end than it has.
    #[strum(serialize = "rules")]
    RulesForbid,
}

impl SkipReason {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The end that a job gives a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewEnd {
    /// When; `None` is never.
    pub at: Option<Timestamp>,
    /// The lifetime rules allow no later one than this.
    pub is_cut: bool,
}

impl NewEnd {
    /// This end, as far as the rule that holds for the key's owner now allows it: what was decided since a key had it counts.
    /// A key that may not live any more is left a day, so that nobody loses it by surprise.
    pub fn within(rule: &LifetimeRule, key: &ApiKey, end: Option<Timestamp>, now: Timestamp) -> Self {
        match shortened(rule, key.began_at(), end, now.plus(DAY)) {
            Some(earlier) => Self { at: Some(earlier), is_cut: true },
            None => Self { at: end, is_cut: false },
        }
    }
}

/// What is to be done with one key of a job: changed, or left. `end` is the one that it would have afterwards, where the job is
/// about ends.
pub fn decide(job: &Job, key: Option<&ApiKey>, version: i64, end: Option<NewEnd>) -> Result<(), SkipReason> {
    let Some(key) = key else { return Err(SkipReason::Gone) };
    if key.version != version {
        return Err(SkipReason::Changed);
    }
    let later = |end: NewEnd| key.expires_at.is_some_and(|present| end.at.is_none_or(|end| end > present));
    let earlier = |end: NewEnd| end.at.is_some_and(|end| key.expires_at.is_none_or(|present| end < present));
    match (job.operation, job.inverse_of()) {
        (BulkOperation::Shorten, _) if end.is_none() => Err(SkipReason::EndsEarlier),
        (BulkOperation::Expire, _) if !end.is_some_and(earlier) => Err(SkipReason::EndsEarlier),
        (BulkOperation::Undo, Some(BulkOperation::Expire | BulkOperation::Shorten)) if !end.is_some_and(later) => {
            Err(SkipReason::RulesForbid)
        }
        _ => Ok(()),
    }
}

/// Is a key live after this job that is not live now?
pub fn revives(job: &Job, key: &ApiKey, end: Option<NewEnd>, now: Timestamp) -> bool {
    let ends = end.map_or(key.expires_at, |end| end.at);
    let lives = ends.is_none_or(|end| end > now);
    match (job.operation, job.inverse_of()) {
        (BulkOperation::Restore, _) | (BulkOperation::Undo, Some(BulkOperation::Delete)) => {
            key.revoked.is_some() && lives
        }
        (BulkOperation::Undo, Some(BulkOperation::Expire | BulkOperation::Shorten)) => {
            key.revoked.is_none() && key.is_past_expiry(now) && lives
        }
        _ => false,
    }
}
