//! A person's sign-in sessions, as they are listed.

use crate::domain::ids::SessionId;
use crate::domain::time::clock::Timestamp;

/// A session as its owner sees it in the list.
#[derive(Debug, Clone)]
pub struct ListedSession {
    /// To end it by.
    pub id: SessionId,
    /// When they signed in.
    pub created_at: Timestamp,
    /// The latest request, to the minute.
    pub last_seen_at: Timestamp,
    /// Where the sign-in came from.
    pub address: String,
    /// With which browser.
    pub user_agent: String,
    /// Is it the one in which they look?
    pub is_current: bool,
}
