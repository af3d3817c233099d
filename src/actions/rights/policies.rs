//! Policies: looked at, made, changed, deleted with their keys. A change shows at the next verification.

use serde_json::json;

use crate::actions::bulk::jobs::asked_by;
use crate::actions::rights::permissions::COUNT_LIMIT;
use crate::actions::{Administrator, App, Error, Reauthenticated};
use crate::domain::accounts::account::Username;
use crate::domain::audit::Action;
use crate::domain::bulk::{DeletedPolicy, Operation, Source};
use crate::domain::field_error::FieldError;
use crate::domain::ids::{AccountId, JobId, PermissionId, PolicyId};
use crate::domain::paging::Count;
use crate::domain::rights::permission::{Permission, PermissionName, Rights};
use crate::domain::rights::policy::{Policy, PolicyName};
use crate::domain::settings::OnPolicyDelete;
use crate::store::bulk::jobs;
use crate::store::bulk::jobs::NewJob;
use crate::store::keys::matching::{not_revoked, with_policy};
use crate::store::keys::predicate::all;
use crate::store::rights::permissions;
use crate::store::rights::policies;
use crate::store::{Error as StoreError, ReadTx, Unique, WriteTx, accounts, keys, settings};

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

    /// Deletes a policy. From that moment on its keys are refused; a job ends or pauses them one by one, and its undo
    /// brings back all. Gives the job.
    pub async fn delete_policy(&self, by: Reauthenticated<'_>, name: &PolicyName, typed: &str) -> Result<JobId, Error> {
        if typed.trim() != name.as_str() {
            return Err(FieldError::new("typed", format!("Type {}, the name of the policy", name.as_str())).into());
        }
        let (actor, asked_by, name, now) = (by.actor().clone(), asked_by(by.actor())?, name.clone(), self.now());
        let job = self
            .act(by.authority(), move |tx| {
                let policy = policies::lock_for_update(tx, &name)?.ok_or(Error::NotFound)?;
                let reached = policies::reached_by(tx, policy.id, now)?;
                let deleted = Some(DeletedPolicy { policy: policy.id, name: policy.name.as_str().to_owned() });
                let operation = match settings::load(tx)?.on_policy_delete {
                    OnPolicyDelete::Refuse if reached.keys > 0 => {
                        let text = format!("{} keys carry this policy. Give them another one first.", reached.keys);
                        return Err(Error::Conflict(text));
                    }
                    OnPolicyDelete::Disable => Operation::Disable { policy: deleted },
                    OnPolicyDelete::Cascade | OnPolicyDelete::Refuse => Operation::Delete { policy: deleted },
                };
                policies::set_deleted(tx, policy.id, Some(now))?;
                let reason = format!("Its policy {} was deleted", policy.name.as_str());
                let queued = NewJob::queued(operation, Source::LiveOfPolicy(policy.id), asked_by);
                let job = jobs::insert(tx, &queued.because(reason), now)?;
                let details = json!({ "job": job, "keys": reached.keys, "permissions": names(&policy.permissions) });
                tx.audit(actor.did(now, Action::PolicyDelete, policy.name.as_str(), details));
                Ok::<_, Error>(job)
            })
            .await?;
        self.jobs_waiting.notify_one();
        Ok(job)
    }

    /// Gives all keys that carry a policy another one: gives the job that does it.
    pub async fn move_keys(&self, by: Reauthenticated<'_>, from: &PolicyName, to: &PolicyName) -> Result<JobId, Error> {
        let (actor, asked_by, now) = (by.actor().clone(), asked_by(by.actor())?, self.now());
        let (from, to) = (from.clone(), to.clone());
        let job = self
            .act(by.authority(), move |tx| {
                let from = policies::find(tx, &from)?.ok_or(Error::NotFound)?;
                let unknown = || FieldError::new("to", "Choose another policy");
                let to = policies::lock_for_update(tx, &to)?.filter(|to| to.id != from.id).ok_or_else(unknown)?;
                let carry = all([with_policy(from.id), not_revoked()].into_iter());
                let total = keys::count_where(tx, carry)?;
                if total == 0 {
                    return Err(Error::Conflict("No key carries this policy.".into()));
                }
                let operation = Operation::GivePolicy { policy: to.id };
                let job = jobs::insert(tx, &NewJob::queued(operation, Source::Policy(from.id), asked_by), now)?;
                let details =
                    json!({ "verb": "give policy", "from": from.name.as_str(), "to": to.name.as_str(), "keys": total });
                tx.audit(actor.did(now, Action::JobStart, &format!("job {job}"), details));
                Ok::<_, Error>(job)
            })
            .await?;
        self.jobs_waiting.notify_one();
        Ok(job)
    }

    /// Makes these the policies of a person or a service account.
    pub async fn set_policies(
        &self,
        by: Reauthenticated<'_>,
        username: &Username,
        wanted: Vec<String>,
    ) -> Result<(), Error> {
        let (actor, username, now) = (by.actor().clone(), username.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let account = accounts::credentials(tx, &username)?.ok_or(Error::NotFound)?.account;
            accounts::lock(tx, account.id)?;
            let before: Vec<String> = policies::held_by(tx, account.id)?.into_iter().map(|(_, name)| name).collect();
            let ids = lock_all(tx, wanted)?;
            policies::set_held_by(tx, account.id, &ids)?;
            let after: Vec<String> = policies::held_by(tx, account.id)?.into_iter().map(|(_, name)| name).collect();
            if before == after {
                tx.without_event("the same policies again");
            } else {
                let details = json!({ "before": before, "after": after });
                tx.audit(actor.did(now, Action::UserSetPolicies, username.as_str(), details));
            }
            Ok(())
        })
        .await
    }

    /// The policies of an account, and all that there are, by name.
    pub async fn policies_of(
        &self,
        _: Administrator<'_>,
        account: AccountId,
    ) -> Result<(Vec<String>, Vec<String>), Error> {
        self.store
            .read(move |tx| {
                let held = policies::held_by(tx, account)?.into_iter().map(|(_, name)| name).collect();
                let all = policies::list(tx)?.into_iter().map(|policy| policy.name.as_str().to_owned()).collect();
                Ok((held, all))
            })
            .await
    }

    /// All permissions, by service and name.
    pub async fn catalogue(&self, _: Administrator<'_>) -> Result<Vec<Permission>, Error> {
        Ok(self.store.read(permissions::catalogue).await?)
    }
}

/// The ids of the policies with these names, held against other transactions that change or delete them.
pub(in crate::actions) fn lock_all(tx: &mut WriteTx, mut wanted: Vec<String>) -> Result<Vec<PolicyId>, Error> {
    let mut ids = Vec::new();
    wanted.sort(); // one order of locks: no deadlock
    for name in &wanted {
        let unknown = || FieldError::new("policies", "One of these policies was deleted. Choose again");
        let name = PolicyName::parse(name).map_err(|_| unknown())?;
        ids.push(policies::lock_for_update(tx, &name)?.ok_or_else(unknown)?.id);
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// The ids of permissions that a policy, or a kind of resources, is to have: known ones, and of retired ones those that it
/// has already.
pub(in crate::actions) fn ids(
    tx: &mut ReadTx,
    wanted: &Rights,
    before: Option<&Rights>,
) -> Result<Vec<PermissionId>, Error> {
    let mut ids = Vec::new();
    for name in wanted {
        let kept = before.is_some_and(|before| before.contains(name));
        let unknown = || {
            let text = format!("{} is not in the catalogue. Select among these permissions", name.as_str());
            FieldError::new("permissions", text)
        };
        let known = permissions::find(tx, name)?.filter(|permission| permission.retired.is_none() || kept);
        ids.push(known.ok_or_else(unknown)?.id);
    }
    Ok(ids)
}

fn names(rights: &Rights) -> Vec<&str> {
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
