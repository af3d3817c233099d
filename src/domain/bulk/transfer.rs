//! What a transfer of keys to another owner needs to know: nobody who gets a key can do more by it than the owner before.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{AccountId, ResourceId};
use crate::domain::rights::permission::{PermissionName, Rights};
use crate::domain::rights::{EffectiveGrant, Grant, within};

/// What a transfer needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The owner who gets the keys.
    pub to: AccountId,
    /// Are they more server keys than there were before?
    pub adds: bool,
    /// What the owner before could do when the transfer was confirmed: no key can do more afterwards.
    pub held: Held,
}

/// What an owner could do at one moment, in names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// By policies and role.
    pub rights: Vec<String>,
    /// What they could give keys for each resource that they administered.
    pub administered: Vec<(ResourceId, Vec<String>)>,
    /// Keys with a policy could do what that allows, whatever the owner held: a service account's, while `service_rights` is
    /// `policy`. That holds for the next service account as well.
    pub policy_alone: bool,
    /// Keys were held to lists when the job was made, so that they keep them: a job of before.
    pub was_deleted: bool,
}

impl Held {
    /// Of a job of a version that held keys to lists when the job was made: they keep them.
    pub fn held_to_lists() -> Self {
        Self { policy_alone: true, was_deleted: true, ..Self::default() }
    }

    /// What a key with this grant could do at that moment, bound to this resource or to none.
    pub fn allowed(&self, granted: &EffectiveGrant, resource: Option<ResourceId>) -> Rights {
        let names = |names: &[String]| names.iter().cloned().map(PermissionName::from_db).collect();
        let administered = self.administered.iter().find(|(id, _)| Some(*id) == resource);
        let administered: Option<Rights> = administered.map(|(_, rights)| names(rights));
        within(granted, &names(&self.rights), administered.as_ref())
    }

    /// May a key with this grant keep it under another owner, since the owner makes no difference to it?
    pub fn leaves(&self, grant: Grant) -> bool {
        match grant {
            Grant::Inherit => false,
            Grant::Scopes => self.was_deleted,
            Grant::Policy(_) => self.policy_alone,
        }
    }
}
