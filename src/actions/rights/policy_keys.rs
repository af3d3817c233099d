//! What happens to the keys of a policy: it is deleted, or they get another one.

use serde_json::json;

use crate::actions::bulk::jobs::asked_by;
use crate::actions::rights::policies::names;
use crate::actions::{Administrator, App, Error, Reauthenticated};
use crate::domain::audit::Action;
use crate::domain::bulk::{DeletedPolicy, Operation, Source};
use crate::domain::field_error::FieldError;
use crate::domain::ids::{JobId, PolicyId};
use crate::domain::rights::policy::PolicyName;
use crate::domain::settings::OnPolicyDelete;
use crate::store::bulk::jobs;
use crate::store::bulk::jobs::NewJob;
use crate::store::keys::matching::{not_revoked, with_policy};
use crate::store::keys::predicate::all;
use crate::store::rights::policies;
use crate::store::{keys, settings};

impl App {
    /// How many live keys with a policy were used in the last seven days: asked before it is deleted.
    pub async fn recently_used_with_policy(&self, _: Administrator<'_>, policy: PolicyId) -> Result<i64, Error> {
        let now = self.now();
        Ok(self.store.read(move |tx| policies::recently_used(tx, policy, now)).await?)
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
}
