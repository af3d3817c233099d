//! Accounts.

use serde::Serialize;

use crate::domain::accounts::account::Account;
use crate::domain::time::clock::Timestamp;

/// The owner of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// The user name.
    pub username: String,
    /// The name that people read.
    pub display_name: String,
    /// Where mail reaches them.
    pub email: Option<String>,
}

impl From<&Account> for Owner {
    fn from(account: &Account) -> Self {
        Self {
            username: account.username.as_str().to_owned(),
            display_name: account.display_name.clone(),
            email: account.email.clone(),
        }
    }
}

/// A person, for operators and administrators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Who.
    #[serde(flatten)]
    pub who: Owner,
    /// `user` or `admin`.
    pub role: &'static str,
    /// May they sign in, and are their keys good?
    pub active: bool,
    /// When the account was made (RFC 3339).
    pub created_at: String,
    /// When they signed in last (RFC 3339).
    pub last_sign_in_at: Option<String>,
}

impl From<&Account> for User {
    fn from(account: &Account) -> Self {
        Self {
            who: account.into(),
            role: account.role.as_str(),
            active: account.active,
            created_at: account.created_at.rfc3339(),
            last_sign_in_at: account.last_sign_in_at.map(Timestamp::rfc3339),
        }
    }
}
