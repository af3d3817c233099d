//! Giving back exactly what a job changed.

use serde_json::json;

use crate::actions::bulk::jobs::asked_by;
use crate::actions::{App, Error, Reauthenticated};
use crate::domain::audit::Action;
use crate::domain::bulk::{DeletedPolicy, Job, JobState, Operation, Source};
use crate::domain::ids::JobId;
use crate::domain::time::clock::Timestamp;
use crate::store::bulk::jobs;
use crate::store::bulk::jobs::NewJob;
use crate::store::keys::lifetime_rules;
use crate::store::rights::policies;
use crate::store::{Error as StoreError, ReadTx, WriteTx, accounts, settings};

impl App {
    /// Gives back exactly what a job changed: makes another job, and gives its number. Once.
    pub async fn undo_job(&self, by: Reauthenticated<'_>, id: JobId) -> Result<JobId, Error> {
        let (actor, asked_by, now) = (by.actor().clone(), asked_by(by.actor())?, self.now());
        let undo = self
            .act(by.authority(), move |tx| {
                let job = jobs::find(tx, id)?.filter(|job| job.state != JobState::Draft).ok_or(Error::NotFound)?;
                if let Some(undo) = job.undone_by {
                    return Ok(undo);
                }
                can_be_undone(tx, &job, now)?;
                let deleted = job.operation.deleted_policy();
                if let Some(deleted) = deleted {
                    restore_policy(tx, deleted)?;
                }
                let operation = Operation::Undo { of: job.operation.name() };
                let undo = jobs::insert(tx, &NewJob::queued(operation, Source::Job(id), asked_by), now)?;
                if !jobs::set_undone(tx, id, undo)? {
                    return Err(Error::Conflict("Somebody else undid this at the same moment.".into()));
                }
                if let Some(deleted) = deleted {
                    tx.audit(actor.did(now, Action::PolicyRestore, &deleted.name, json!({ "job": undo })));
                }
                let details = json!({ "verb": "undo", "undoes": id, "keys": job.done });
                tx.audit(actor.did(now, Action::JobStart, &format!("job {undo}"), details));
                Ok::<_, Error>(undo)
            })
            .await?;
        self.jobs_waiting.notify_one();
        Ok(undo)
    }
}

/// Brings a policy back that was deleted with its keys. It needs its name.
fn restore_policy(tx: &mut WriteTx, deleted: &DeletedPolicy) -> Result<(), Error> {
    policies::set_deleted(tx, deleted.policy, None).map_err(|error| match error {
        StoreError::Conflict(_) => {
            let text = format!("Another policy is called {} by now. Rename that one first.", deleted.name);
            Error::Conflict(text)
        }
        error => error.into(),
    })
}

fn can_be_undone(tx: &mut ReadTx, job: &Job, now: Timestamp) -> Result<(), Error> {
    let refuse = |text: &str| Err(Error::Conflict(text.into()));
    if !job.is_over() {
        return refuse("This work is still going on. Stop it first, or wait until it is done.");
    }
    if matches!(job.operation, Operation::Undo { .. }) {
        return refuse("This was itself an undo. Choose the keys, and change them again.");
    }
    let keep = settings::load(tx)?.purge_after();
    if job.finished_at.is_none_or(|at| now.since(at) > keep) {
        return refuse("This is too long ago: what it changed may have been purged.");
    }
    if let Operation::Shorten(shortening) = &job.operation
        && shortening.rules.same_lifetimes(&lifetime_rules::load(tx)?)
    {
        return refuse(
            "These lifetime rules are still in force, so no key may end later. Change them first, then undo this.",
        );
    }
    if let (Operation::Transfer(_), Source::Owner(from)) = (&job.operation, &job.source)
        && let Some(owner) = accounts::find(tx, *from)?.filter(|owner| !owner.active)
    {
        let name = owner.display_name;
        let text = format!("{name} was deleted or deactivated, so its keys would be refused. Activate it first.");
        return refuse(&text);
    }
    if job.done == 0 && job.operation.deleted_policy().is_none() {
        return refuse("Nothing was changed, so there is nothing to give back.");
    }
    Ok(())
}
