//! The end that bulk work gives a key.

use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::keys::lifetime_rules::shortened;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::DAY;

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

    /// Is it earlier than the end that the key has?
    pub fn is_earlier(self, key: &ApiKey) -> bool {
        self.at.is_some_and(|end| key.expires_at.is_none_or(|present| end < present))
    }

    /// Is it later than the end that the key has?
    pub fn is_later(self, key: &ApiKey) -> bool {
        key.expires_at.is_some_and(|present| self.at.is_none_or(|end| end > present))
    }
}
