//! What the operation *Shorten* needs to know: the lifetime rules that it applies, and when keys may end at the earliest.

use serde::{Deserialize, Serialize};

use crate::domain::bulk::Job;
use crate::domain::ids::{JobId, KeyId};
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::lifetime_rules::{Rules, shortened};
use crate::domain::keys::rule::OwnerFacts;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::days;

/// Rules that are applied to the keys that are there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shortening {
    /// The rules that are applied.
    pub rules: Rules,
    /// The version of the rules that they replace.
    pub replaces: String,
    /// Over how many days ends that would come at once are spread.
    pub spread_days: i64,
    /// Of a draft: the draft beside it, which disables the keys that the rules call unused.
    pub unused: Option<JobId>,
}

impl Shortening {
    /// The new end of a key; `None` when it may keep the end that it has.
    pub fn end(&self, job: &Job, key: &ApiKey, owner: &OwnerFacts) -> Option<Timestamp> {
        shortened(&self.rules.for_owner(owner), key.began_at(), key.expires_at, self.earliest(job, key.id))
    }

    /// A day from the confirmation, or later where ends are spread.
    fn earliest(&self, job: &Job, key: KeyId) -> Timestamp {
        let day = 1 + key.0.rem_euclid(self.spread_days.max(1));
        job.confirmed_at.unwrap_or(job.frozen_at).plus(days(day))
    }
}
