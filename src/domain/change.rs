//! What may be verified differently after a change: which verdicts nobody may keep in memory any longer.
//!
//! Session keys are in none of these: they end with a session that ends by being left alone, so each is looked up at each use.

use crate::domain::ids::{AccountId, KeyId, PolicyId, ResourceId};

/// What may be verified differently from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// This key.
    Key(KeyId),
    /// All keys of this account.
    Owner(AccountId),
    /// All keys whose rights come from this policy: their own, or one of their owner's.
    Policy(PolicyId),
    /// All keys that are bound to this resource.
    Resource(ResourceId),
    /// All keys.
    Everything,
}
