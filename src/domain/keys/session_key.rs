//! Keys that end with a session: no list, no export and no bulk work meets them.

use crate::domain::keys::secret::FirstEight;
use crate::domain::time::clock::Timestamp;

/// A key that ends with a session.
#[derive(Debug, Clone)]
pub struct SessionKey {
    /// Its public identifier.
    pub first_eight: FirstEight,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its session ends whatever happens.
    pub expires_at: Timestamp,
    /// When somebody was last active in its session: long without activity, it ends before that.
    pub last_seen_at: Timestamp,
    /// The browser of the session.
    pub user_agent: String,
}
