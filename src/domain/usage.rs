//! How often keys were used and refused, by the day.

use crate::domain::ids::KeyId;
use crate::domain::time::clock::Timestamp;

/// Uses and refusals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Verifications that were good.
    pub uses: i64,
    /// Verifications that were not.
    pub refusals: i64,
}

/// Refusals of one kind on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The day, since 1970 UTC.
    pub day: i64,
    /// The key; 0 for a text that is no key here, and for what is not told apart.
    pub key: KeyId,
    /// The word of the reason.
    pub reason: String,
    /// From where; empty for what is not told apart.
    pub address: String,
    /// What was asked of the key; empty where the reason is another.
    pub asked: String,
    /// How often.
    pub times: i64,
    /// When last.
    pub last_at: Timestamp,
}

/// The sums of a span of days.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    /// All of them.
    pub total: i64,
    /// By the word of the reason, the most frequent first.
    pub by_reason: Vec<(String, i64)>,
    /// By key, the most frequent first: its first eight (`None` for what is no key here, was purged, or is not told apart), how
    /// often, when last.
    pub by_key: Vec<(Option<String>, i64, Timestamp)>,
    /// By address, the most frequent first; empty for what is not told apart.
    pub by_address: Vec<(String, i64, Timestamp)>,
}

/// Where a key was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedFrom {
    /// The address.
    pub address: String,
    /// The latest `User-Agent` from there; may be empty.
    pub agent: String,
    /// How often.
    pub uses: i64,
    /// When first.
    pub first_at: Timestamp,
    /// When last.
    pub last_at: Timestamp,
}
