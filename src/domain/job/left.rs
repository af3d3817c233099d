//! What bulk work does to one key, and what it leaves and why.

use super::{Job, Verb};
use crate::domain::api_key::ApiKey;
use crate::domain::clock::{DAY, Moment};
use crate::domain::lifetime::LifetimeRule;
use crate::domain::lifetime_rules::shortened;

/// Why a job left a key as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Left {
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

impl Left {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The end that a job gives a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewEnd {
    /// When; `None` is never.
    pub at: Option<Moment>,
    /// The lifetime rules allow no later one than this.
    pub is_cut: bool,
}

impl NewEnd {
    /// This end, as far as the rule that holds for the key's owner now allows it: what was decided since a key had it counts.
    /// A key that may not live any more is left a day, so that nobody loses it by surprise.
    pub fn within(rule: &LifetimeRule, key: &ApiKey, end: Option<Moment>, now: Moment) -> Self {
        match shortened(rule, key.began_at(), end, now.plus(DAY)) {
            Some(earlier) => Self { at: Some(earlier), is_cut: true },
            None => Self { at: end, is_cut: false },
        }
    }
}

/// What is to be done with one key of a job: changed, or left. `end` is the one that it would have afterwards, where the job is
/// about ends.
pub fn decide(job: &Job, key: Option<&ApiKey>, version: i64, end: Option<NewEnd>) -> Result<(), Left> {
    let Some(key) = key else { return Err(Left::Gone) };
    if key.version != version {
        return Err(Left::Changed);
    }
    let later = |end: NewEnd| key.expires_at.is_some_and(|present| end.at.is_none_or(|end| end > present));
    let earlier = |end: NewEnd| end.at.is_some_and(|end| key.expires_at.is_none_or(|present| end < present));
    match (job.verb, job.inverse_of()) {
        (Verb::Shorten, _) if end.is_none() => Err(Left::EndsEarlier),
        (Verb::Expire, _) if !end.is_some_and(earlier) => Err(Left::EndsEarlier),
        (Verb::Undo, Some(Verb::Expire | Verb::Shorten)) if !end.is_some_and(later) => Err(Left::RulesForbid),
        _ => Ok(()),
    }
}

/// Is a key live after this job that is not live now?
pub fn revives(job: &Job, key: &ApiKey, end: Option<NewEnd>, now: Moment) -> bool {
    let ends = end.map_or(key.expires_at, |end| end.at);
    let lives = ends.is_none_or(|end| end > now);
    match (job.verb, job.inverse_of()) {
        (Verb::Restore, _) | (Verb::Undo, Some(Verb::Delete)) => key.revoked.is_some() && lives,
        (Verb::Undo, Some(Verb::Expire | Verb::Shorten)) => key.revoked.is_none() && key.is_past_expiry(now) && lives,
        _ => false,
    }
}
