//! Doing bulk work: batch after batch, each a transaction of its own with its audit events, on one node at a time.
//!
//! A process that is killed loses the batch that it was at, no more: the next runner goes on where the last commit was.

use jiff::SignedDuration;
use serde_json::json;

use crate::actions::bulk::batch::work;
use crate::actions::bulk::event;
use crate::actions::{App, Error};
use crate::domain::audit::Action;
use crate::domain::bulk::{Job, JobState};
use crate::domain::ids::JobId;
use crate::domain::time::clock::Timestamp;
use crate::store::WriteTx;
use crate::store::bulk::job_keys;
use crate::store::bulk::jobs;
use crate::store::bulk::leases;

/// Keys of one batch.
const BATCH: i64 = 1_000;
/// For how long a node has a job to itself after each batch.
const LEASE: SignedDuration = SignedDuration::from_secs(15);

/// Why a lease has no event.
const LEASED: &str = "which node works at a job is nothing that anybody did";

/// What became of a batch.
enum Batch {
    /// There may be more to do.
    More,
    /// It does not know all of its keys yet.
    Unfrozen(Box<Job>),
    /// The job has ended, or another node has it.
    Over,
}

impl App {
    /// Does all bulk work that waits and that no other node is at; says how many jobs it worked at.
    pub async fn run_jobs(&self) -> Result<usize, Error> {
        if let Err(error) = self.carry_over_jobs().await {
            tracing::error!(%error, "Bulk work of an earlier version was not looked for; it is tried again.");
        }
        let (mut worked_at, mut failed) = (0, Vec::new());
        let mut problem = None;
        loop {
            if self.is_ending() {
                return Ok(worked_at);
            }
            let (node, now, except) = (self.node.clone(), self.now(), failed.clone());
            let claimed = self
                .store
                .write_unaudited(LEASED, move |tx| leases::claim(tx, &node, &except, now, now.plus(LEASE)))
                .await?;
            let Some(id) = claimed else { return problem.map_or(Ok(worked_at), Err) };
            worked_at += 1;
            loop {
                if self.is_ending() {
                    self.release_jobs().await?; // another node goes on at once
                    return Ok(worked_at);
                }
                match self.run_batch(id).await {
                    Ok(Batch::More | Batch::Unfrozen(_)) => {}
                    Ok(Batch::Over) => break,
                    // One job that cannot go on must not keep the others waiting; it is tried again later.
                    Err(error) => {
                        tracing::error!(job = id.0, %error, "A batch of bulk work was not done.");
                        failed.push(id);
                        problem = Some(error);
                        break;
                    }
                }
            }
        }
    }

    /// Gives the jobs back that this node works at.
    pub async fn release_jobs(&self) -> Result<(), Error> {
        let node = self.node.clone();
        self.store.write_unaudited(LEASED, move |tx| Ok(leases::release(tx, &node)?)).await
    }

    /// Waits until somebody confirms a job on this node.
    pub async fn job_waiting(&self) {
        self.jobs_waiting.notified().await;
    }

    /// One batch of a job that this node has claimed.
    pub async fn run_one_batch(&self) -> Result<bool, Error> {
        let (node, now) = (self.node.clone(), self.now());
        let claimed =
            self.store.write_unaudited(LEASED, move |tx| leases::claim(tx, &node, &[], now, now.plus(LEASE))).await?;
        match claimed {
            Some(id) => Ok(!matches!(self.run_batch(id).await?, Batch::Over)),
            None => Ok(false),
        }
    }

    async fn run_batch(&self, id: JobId) -> Result<Batch, Error> {
        let (node, now) = (self.node.clone(), self.now());
        let batch = self
            .store
            .write(move |tx| {
                if !leases::renew(tx, id, &node, now.plus(LEASE))? {
                    return Ok(Batch::Over);
                }
                let job = jobs::find(tx, id)?.ok_or(Error::NotFound)?;
                if job.stop_asked {
                    return end(tx, &job, JobState::Stopped, now);
                }
                if !job.is_frozen {
                    tx.without_event(LEASED);
                    return Ok(Batch::Unfrozen(Box::new(job)));
                }
                let pending = job_keys::pending(tx, id, BATCH)?;
                if pending.is_empty() {
                    return end(tx, &job, JobState::Done, now);
                }
                work(tx, &job, &pending, now)?;
                Ok::<_, Error>(Batch::More)
            })
            .await?;
        if let Batch::Unfrozen(job) = &batch {
            self.freeze_next(job).await?;
        }
        Ok(batch)
    }
}

fn end(tx: &mut WriteTx, job: &Job, state: JobState, now: Timestamp) -> Result<Batch, Error> {
    jobs::finish(tx, job.id, state, now)?;
    let details =
        json!({ "state": state.as_str(), "done": job.done, "left": job.skipped, "remaining": job.remaining() });
    tx.audit(event(job, now, Action::JobFinish, format!("job {}", job.id), details));
    Ok(Batch::Over)
}
