//! What [`BulkOperation::Shorten`](crate::domain::bulk::BulkOperation) needs to know: the rules that it applies, and when keys may end at the earliest.

use serde::{Deserialize, Serialize};

use crate::domain::bulk::Job;
use crate::domain::ids::KeyId;
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::lifetime_rules::{OwnerFacts, Rules, shortened};
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::days;

/// Rules that are applied to the keys that are there; stands in its job as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shortening {
    /// The rules that are applied.
    pub rules: Rules,
    /// The version of the rules that they replace.
    pub replaces: String,
    /// Over how many days ends that would come at once are spread.
    pub spread_days: i64,
}

impl Shortening {
    /// What a job was given; `None` when that is damaged.
    pub fn of(job: &Job) -> Option<Self> {
        serde_json::from_str(&job.parameter).ok()
    }

    /// As a job is given it.
    pub fn parameter(&self) -> String {
        serde_json::json!(self).to_string()
    }

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
