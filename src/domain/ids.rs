//! The numbers under which the database keeps things, each a type of its own: a key's cannot stand where an account's belongs.
//! They are never shown: people, pages and programs name a key by its first eight, an account by its user name.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$about:meta])* $name:ident,)+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// Of an account: a user or a service account.
    AccountId,
    /// Of an API key.
    KeyId,
    /// Of a permission.
    PermissionId,
    /// Of a policy.
    PolicyId,
    /// Of a resource.
    ResourceId,
    /// Of bulk work.
    JobId,
    /// Of a sign-in session.
    SessionId,
    /// Of a saved view of the grid.
    SavedViewId,
}
