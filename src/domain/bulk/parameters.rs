//! What stands beside a job, or beside one of its keys, as JSON.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{AccountId, JobId, PermissionId, PolicyId, ResourceId};
use crate::domain::rights::permission::{PermissionName, Rights};
use crate::domain::rights::{EffectiveGrant, Grant, within};

/// A policy that was deleted, and whose keys a job ends or pauses; stands in the job as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedPolicy {
    /// Its id.
    pub policy: PolicyId,
    /// What it was called.
    pub name: String,
}

/// From where a job that is confirmed at once takes its keys; stands in the job as JSON. Only keys that were there when it was
/// confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The live keys of this owner.
    Owner(AccountId),
    /// The live keys that carry this policy.
    LiveOfPolicy(PolicyId),
    /// All keys that carry this policy.
    Policy(PolicyId),
    /// The keys that this job changed, as it left them.
    Job(JobId),
}

impl Source {
    /// As it was noted; `None` for a job whose keys were chosen before it was confirmed.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// To be noted.
    pub fn text(self) -> String {
        serde_json::to_string(&self).unwrap_or_default()
    }
}

/// What a transfer needs to know; stands in the job as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The owner who gets the keys.
    pub to: AccountId,
    /// Are they more server keys than there were before?
    pub adds: bool,
    /// What the owner before could do when the transfer was confirmed: no key can do more afterwards.
    pub held: Held,
}

impl Transfer {
    /// As it was noted. Before it was more than the id of the new owner, keys were narrowed when the job was made.
    pub fn read(text: &str) -> Option<Self> {
        let narrowed = Held { policy_alone: true, was_deleted: true, ..Held::default() };
        let old = || Some(Self { to: text.parse().ok()?, adds: false, held: narrowed });
        serde_json::from_str(text).ok().or_else(old)
    }

    /// To be noted.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
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

/// What a transfer changed of a key besides its owner; stands beside the key as JSON, for its undo.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeforeTransfer {
    /// What it was called.
    #[serde(default)]
    pub name: String,
    /// What it could do, when that was held to a list.
    pub grant: Option<BeforeGrant>,
    /// Did the lifetime rules of the new owner give it an earlier end?
    #[serde(default)]
    pub was_shortened: bool,
    /// Then, when it ended before, in microseconds; `None` is never.
    #[serde(default)]
    pub expires_at: Option<i64>,
}

impl BeforeTransfer {
    /// As it was noted; nothing when nothing was.
    pub fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// To be noted.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
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
