//! API keys.

use serde::{Deserialize, Serialize};

use super::accounts::Owner;
use crate::domain::keys::api_key::ApiKey;
use crate::domain::rights::permission::{PermissionName, Rights};
use crate::domain::time::clock::Timestamp;

/// A key, never with its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Its public identifier.
    pub first_eight: String,
    /// What its owner calls it.
    pub name: String,
    /// Where it is used; may be empty.
    pub note: String,
    /// `active`, `disabled`, `expired` or `revoked`.
    pub status: &'static str,
    /// `inherit`, `scopes` or `policy`.
    pub grant: &'static str,
    /// The names of its permissions.
    pub scopes: Vec<String>,
    /// The resource that it is bound to, as `kind:id`.
    pub resource: Option<String>,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// When it ends (RFC 3339); never without.
    pub expires_at: Option<String>,
}

impl Key {
    /// A key at this moment, with what it can do.
    pub fn of(key: &ApiKey, scopes: Vec<String>, resource: Option<String>, now: Timestamp) -> Self {
        Self {
            first_eight: key.first_eight.as_str().to_owned(),
            name: key.name.clone(),
            note: key.note.clone(),
            status: key.status(now).as_str(),
            grant: key.grant.as_str(),
            scopes,
            resource,
            created_at: key.created_at.rfc3339(),
            expires_at: key.expires_at.map(Timestamp::rfc3339),
        }
    }

    /// The same with this end: that of the secret that was presented.
    #[must_use]
    pub fn ending_at(self, end: Option<Timestamp>) -> Self {
        Self { expires_at: end.map(Timestamp::rfc3339), ..self }
    }
}

/// The names of permissions, as they stand in a key.
pub fn names(rights: &Rights) -> Vec<String> {
    rights.iter().map(PermissionName::as_str).map(str::to_owned).collect()
}

/// `GET /api/v1/whoami`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WhoAmI {
    /// The key that was presented.
    pub key: Key,
    /// Whose it is.
    pub owner: Owner,
}

/// The answer to *get or create*. No `Debug`: it may hold a secret.
#[derive(Serialize)]
pub struct GotOrCreated<'a> {
    /// The key that was there, or the new one.
    pub key: Key,
    /// The secret of a new key, or of one that was rotated: in this one answer alone.
    pub secret: Option<&'a str>,
    /// Is it a new key?
    pub created: bool,
}

/// What a program sends for *get or create*: `{"scopes": ["label.read"]}` or `{"master": true}`; the rest may be left out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetOrCreate {
    /// Exactly these.
    pub scopes: Option<Vec<String>>,
    /// All that keys for the resource can be given, instead of `scopes`.
    #[serde(default)]
    pub master: bool,
    /// What a new key is called.
    #[serde(default)]
    pub name: String,
    /// Where a new key is used.
    #[serde(default)]
    pub note: String,
    /// How long a new key lives, such as `12h` or `30d`, or `never`; without it, as long as is usual.
    pub expires_after: Option<String>,
    /// The same in days.
    pub expires_after_days: Option<i32>,
    /// Give the key that is there a new secret?
    #[serde(default)]
    pub rotate: bool,
    /// After a rotation, when the secret before ends: `0h`, `1h`, `24h` (unless said otherwise) or `7d`.
    pub old_ends: Option<String>,
}
