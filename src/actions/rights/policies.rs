//! Policies: looked at, made, changed, deleted with their keys. A change shows at the next verification.

use serde_json::json;

use crate::actions::rights::permissions::COUNT_LIMIT;
use crate::actions::{Administrator, App, Error, Reauthenticated};
use crate::domain::audit::Action;
use crate::domain::field_error::FieldError;
use crate::domain::paging::Count;
use crate::domain::rights::permission::{Permission, PermissionName, Rights};
use crate::domain::rights::policy::{Policy, PolicyName};
use crate::domain::settings::OnPolicyDelete;
use crate::store::rights::permissions;
use crate::store::rights::policies;
use crate::store::{Error as StoreError, Unique, settings};

use crate::actions::rights::policy_holders::ids;
use crate::domain::rights::policy::Reached;

/// A policy with what its page tells.
#[derive(Debug, Clone)]
pub struct PolicyDetails {
    /// The policy.
    pub policy: Policy,
    /// Who and what it reaches.
    pub reached: Reached,
    /// The first few who hold it: kind, user name and display name.
    pub holders: Vec<(String, String, String)>,
    /// All permissions, by service and name.
    pub catalogue: Vec<Permission>,
    /// The other policies, by name.
    pub others: Vec<String>,
    /// What happens to its keys when it is deleted.
    pub on_delete: OnPolicyDelete,
}

/// A policy as somebody wants it.
#[derive(Debug, Clone)]
pub struct PolicyDraft {
    /// What it shall be called.
    pub name: PolicyName,
    /// What it is for; may be empty.
    pub description: String,
    /// What it shall allow.
    pub permissions: Rights,
}

/// Who holds a policy is shown up to so many.
const HOLDERS: i64 = 50;
/// The most that it ever names.
pub const MOST_HOLDERS: i64 = 2_000;

impl App {
    /// All policies, by name, each with its live keys, counted up to a limit, and how many accounts hold it.
    pub async fn list_policies(&self, _: Administrator<'_>) -> Result<Vec<(Policy, Count, i64)>, Error> {
        let now = self.now();
        self.store
            .read(move |tx| {
                let policies = policies::list(tx)?;
                let reached = policies::reached(tx, &policies, COUNT_LIMIT, now)?;
                let with = |policy: Policy| {
                    let (keys, holders) = reached.get(&policy.id).copied().unwrap_or((Count::Exactly(0), 0));
                    (policy, keys, holders)
                };
                Ok(policies.into_iter().map(with).collect())
            })
            .await
    }

    /// One policy, with the first [`HOLDERS`] accounts that hold it.
    pub async fn find_policy(&self, by: Administrator<'_>, name: &PolicyName) -> Result<PolicyDetails, Error> {
        self.find_policy_with(by, name, HOLDERS).await
    }

    /// One policy, with the first so many accounts that hold it, up to [`MOST_HOLDERS`].
    pub async fn find_policy_with(
        &self,
        _: Administrator<'_>,
        name: &PolicyName,
        holders: i64,
    ) -> Result<PolicyDetails, Error> {
        let (name, now) = (name.clone(), self.now());
        self.store
            .read(move |tx| {
                let policy = policies::find(tx, &name)?.ok_or(Error::NotFound)?;
                let others = policies::list(tx)?.into_iter().filter(|other| other.id != policy.id);
                Ok(PolicyDetails {
                    others: others.map(|other| other.name.as_str().to_owned()).collect(),
                    reached: policies::reached_by(tx, policy.id, now)?,
                    holders: policies::holders(tx, policy.id, holders.clamp(1, MOST_HOLDERS))?,
                    catalogue: permissions::catalogue(tx)?,
                    on_delete: settings::load(tx)?.on_policy_delete,
                    policy,
                })
            })
            .await
    }

    /// Makes a policy.
    pub async fn create_policy(&self, by: Reauthenticated<'_>, draft: PolicyDraft) -> Result<(), Error> {
        let (actor, now) = (by.actor().clone(), self.now());
        self.act(by.authority(), move |tx| {
            let ids = ids(tx, &draft.permissions, None)?;
            policies::insert(tx, &draft.name, &draft.description, &ids, actor.account, now).map_err(name_taken)?;
            let details = json!({ "permissions": names(&draft.permissions), "description": draft.description });
            tx.audit(actor.did(now, Action::PolicyCreate, draft.name.as_str(), details));
            Ok(())
        })
        .await
    }

    /// Changes a policy for all who hold it and all keys with it. `version` is the one that the person saw.
    pub async fn change_policy(
        &self,
        by: Reauthenticated<'_>,
        name: &PolicyName,
        version: i64,
        draft: PolicyDraft,
    ) -> Result<(), Error> {
        let (actor, name, now) = (by.actor().clone(), name.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let before = policies::lock_for_update(tx, &name)?.ok_or(Error::NotFound)?;
            if before.version != version {
                let text = "Somebody else changed this policy meanwhile. Look at it, and enter your change again.";
                return Err(Error::Conflict(text.into()));
            }
            let ids = ids(tx, &draft.permissions, Some(&before.permissions))?;
            policies::update(tx, before.id, &draft.name, &draft.description, &ids, now).map_err(name_taken)?;
            let before = json!({
                "name": before.name.as_str(), "description": before.description,
                "permissions": names(&before.permissions),
            });
            let after = json!({
                "name": draft.name.as_str(), "description": draft.description,
                "permissions": names(&draft.permissions),
            });
            let details = json!({ "before": before, "after": after });
            tx.audit(actor.did(now, Action::PolicyEdit, draft.name.as_str(), details));
            Ok(())
        })
        .await
    }

    /// All permissions, by service and name.
    pub async fn catalogue(&self, _: Administrator<'_>) -> Result<Vec<Permission>, Error> {
        Ok(self.store.read(permissions::catalogue).await?)
    }
}

pub(super) fn names(rights: &Rights) -> Vec<&str> {
    rights.iter().map(PermissionName::as_str).collect()
}

fn name_taken(error: StoreError) -> Error {
    match error {
        StoreError::Conflict(Unique::PolicyName) => {
            FieldError::new("name", "Another policy has this name. Choose another name").into()
        }
        error => error.into(),
    }
}
