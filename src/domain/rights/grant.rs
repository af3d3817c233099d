//! What a key may do of what its owner may: as it is kept, wished for, and shown.

use crate::domain::ids::PolicyId;
use crate::domain::rights::permission::{PermissionName, Rights};
use crate::domain::rights::policy::PolicyName;

/// What a key may do of what its owner may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// All of it, but for what concerns Claviger itself: see [`PermissionName::is_administrative`].
    Inherit,
    /// A list of permissions, as far as the owner has them.
    Scopes,
    /// What the policy with this id allows, as far as the owner has it.
    Policy(PolicyId),
}

impl Grant {
    /// The word in the database, the API and the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inherit => "inherit",
            Self::Scopes => "scopes",
            Self::Policy(_) => "policy",
        }
    }

    /// The policy that the key carries.
    pub fn policy(self) -> Option<PolicyId> {
        match self {
            Self::Policy(id) => Some(id),
            Self::Inherit | Self::Scopes => None,
        }
    }
}

/// What somebody wants a key to be given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum GrantRequest {
    /// All that the owner may do.
    #[default]
    Inherit,
    /// These permissions.
    Scopes(Rights),
    /// What this policy allows.
    Policy(PolicyName),
}

impl GrantRequest {
    /// For the audit log.
    pub fn event_details(&self) -> serde_json::Value {
        match self {
            Self::Inherit => "inherit".into(),
            Self::Scopes(scopes) => scopes.iter().map(PermissionName::as_str).collect::<Vec<_>>().into(),
            Self::Policy(name) => serde_json::json!({ "policy": name.as_str() }),
        }
    }
}

/// What pages tell of what a key may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessView {
    /// Of what its owner may do.
    pub grant: GrantView,
    /// The resource that it is bound to: how services name it, and its title.
    pub resource: Option<(String, String)>,
    /// Its policy was deleted: it is refused.
    pub policy_deleted: bool,
}

impl AccessView {
    /// What pages show while they know nothing better: a key that inherits and is bound to nothing.
    pub const fn inherited() -> Self {
        Self { grant: GrantView::Everything, resource: None, policy_deleted: false }
    }

    /// The permissions of its list, or none.
    pub fn scopes(&self) -> &[String] {
        match &self.grant {
            GrantView::Scopes(scopes) => scopes,
            GrantView::Everything | GrantView::Policy(_) => &[],
        }
    }
}

/// A grant in names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantView {
    /// All of it.
    Everything,
    /// These, in their order; retired ones too.
    Scopes(Vec<String>),
    /// What this policy allows.
    Policy(String),
}
