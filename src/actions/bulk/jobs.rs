//! Jobs of bulk work, to be looked at and stopped.

use serde_json::json;

use crate::actions::{Actor, Administrator, App, Error};
use crate::domain::audit::Action;
use crate::domain::bulk::{AskedBy, Job, JobState, SkipReason};
use crate::domain::ids::JobId;
use crate::domain::time::clock::Timestamp;
use crate::store::bulk::job_keys;
use crate::store::bulk::jobs;
use crate::store::settings;

/// A job with what its page tells.
#[derive(Debug, Clone)]
pub struct JobDetails {
    /// The job.
    pub job: Job,
    /// The first few keys: first eight, name, owner.
    pub sample: Vec<(String, String, String)>,
    /// How many keys were left as they were, for each reason.
    pub skipped: Vec<(SkipReason, i64)>,
    /// Until when deleted keys can be restored.
    pub restorable_until: Timestamp,
}

impl App {
    /// A job; a draft only for the one who made it.
    pub async fn find_job(&self, by: Administrator<'_>, id: JobId) -> Result<JobDetails, Error> {
        let (account, now) = (by.account, self.now());
        self.store
            .read(move |tx| {
                let job = jobs::find(tx, id)?.ok_or(Error::NotFound)?;
                if job.state == JobState::Draft && (Some(job.asked_by.account) != account || !job.is_frozen) {
                    return Err(Error::NotFound);
                }
                let keep = settings::load(tx)?.purge_after();
                let restorable_until = job.confirmed_at.unwrap_or(now).plus(keep);
                let (sample, skipped) = (job_keys::sample(tx, id, 10)?, job_keys::skipped_by_reason(tx, id)?);
                Ok(JobDetails { job, sample, skipped, restorable_until })
            })
            .await
    }

    /// Jobs that were confirmed, latest first.
    pub async fn list_jobs(&self, _: Administrator<'_>) -> Result<Vec<Job>, Error> {
        Ok(self.store.read(|tx| jobs::list(tx, 100)).await?)
    }

    /// Asks a job to stop after the batch that it is at.
    pub async fn stop_job(&self, by: Administrator<'_>, id: JobId) -> Result<(), Error> {
        let event = by.did(self.now(), Action::JobStop, &format!("job {id}"), json!({}));
        let stopping = self
            .act(by.authority(), move |tx| {
                let stopping = jobs::ask_to_stop(tx, id)?;
                if stopping {
                    tx.audit(event);
                }
                Ok::<_, Error>(stopping)
            })
            .await?;
        if stopping { Ok(()) } else { Err(Error::Conflict("This work has already ended.".into())) }
    }
}

/// The person who acts; nobody else asks for bulk work.
pub(in crate::actions) fn asked_by(actor: &Actor) -> Result<AskedBy, Error> {
    let account = actor.account.ok_or_else(|| Error::Forbidden("Bulk changes need a signed-in person.".into()))?;
    let address = actor.address.map(|address| address.to_string());
    Ok(AskedBy { account, name: actor.name.clone(), address, request: actor.request.clone() })
}
