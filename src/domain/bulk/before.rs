//! What a key was like before a job changed it, as far as the undo needs to know it.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{AccountId, PermissionId, PolicyId};
use crate::domain::keys::api_key::Stop;
use crate::domain::rights::Grant;
use crate::domain::time::clock::Timestamp;

/// What a key was like before a job changed it. Stands beside the key as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// When it ended.
    End {
        /// `None` is never.
        expires_at: Option<Timestamp>,
        /// The latest end that an administrator allowed it.
        end_limit: Option<Timestamp>,
    },
    /// It was paused.
    Disabled(Stop),
    /// It was revoked.
    Revoked(Stop),
    /// It carried this policy.
    Policy(PolicyId),
    /// It belonged to somebody else.
    Transfer(BeforeTransfer),
}

/// What a transfer changes of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeforeTransfer {
    /// Whose it was.
    pub owner: AccountId,
    /// What it was called; `None` where a version of before did not write it down.
    pub name: Option<String>,
    /// What it could do, when that was held to a list.
    pub grant: Option<BeforeGrant>,
    /// When it ended, if the lifetime rules of the new owner gave it an earlier end.
    pub end: Option<BeforeEnd>,
}

/// An end that a key had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeforeEnd {
    /// `None` is never.
    pub expires_at: Option<Timestamp>,
}

/// What a key could do, in ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeforeGrant {
    /// Its policy.
    pub policy: Option<PolicyId>,
    /// The permissions of its list; `None` when it had none.
    pub scopes: Option<Vec<PermissionId>>,
}

impl BeforeGrant {
    /// The grant with these.
    pub fn grant(&self) -> Grant {
        match (self.policy, &self.scopes) {
            (Some(policy), _) => Grant::Policy(policy),
            (None, Some(_)) => Grant::Scopes,
            (None, None) => Grant::Inherit,
        }
    }
}
