//! Which keys bulk work is about: written down before anything is done to them, in batches, so that nobody waits for it.

use crate::actions::bulk::DRAFT;
use crate::actions::bulk::operations;
use crate::actions::{App, Error};
use crate::domain::bulk::{BulkOperation, Job};
use crate::domain::ids::{AccountId, JobId};
use crate::domain::time::clock::Timestamp;
use crate::store::ReadTx;
use crate::store::bulk::job_keys;
use crate::store::bulk::jobs;
use crate::store::keys::predicate::{Predicate, all};

impl App {
    /// Gives a draft its keys: those that `choose` finds and that the operation fits. Says how many. They are found in one state of
    /// the database, and each is written down as it is when its batch is.
    pub(in crate::actions) async fn freeze(
        &self,
        job: JobId,
        operation: BulkOperation,
        asker: AccountId,
        choose: impl FnOnce(&mut ReadTx) -> Predicate + Send + 'static,
    ) -> Result<i64, Error> {
        let (work, now) = (operations::by_name(operation)?, self.now());
        let ids = self
            .store
            .read(move |tx| {
                let chosen = all([choose(tx), work.select(now)].into_iter());
                Ok::<_, Error>(job_keys::ids(tx, chosen)?)
            })
            .await?;
        for batch in ids.chunks(job_keys::BATCH) {
            let batch = batch.to_vec();
            self.store
                .write_unaudited(DRAFT, move |tx| {
                    Ok::<_, Error>(job_keys::freeze(tx, job, &batch, work.select(now), work.note())?)
                })
                .await?;
        }
        self.finish_freezing(job, asker, now).await
    }

    /// Takes over the next keys of a job that was confirmed at once.
    pub(in crate::actions) async fn freeze_next(&self, job: &Job) -> Result<(), Error> {
        let (job, now) = (job.clone(), self.now());
        let (id, asker) = (job.id, job.asked_by.account);
        let may_be_more = self
            .store
            .write_unaudited(DRAFT, move |tx| {
                let work = operations::of(&job.operation)?;
                let last = job_keys::freeze_next(tx, &job, work.select(now), work.note(), now)?;
                let Some(last) = last else { return Ok(false) };
                jobs::set_frozen_up_to(tx, job.id, last)?;
                Ok::<_, Error>(true)
            })
            .await?;
        if !may_be_more {
            self.finish_freezing(id, asker, now).await?;
        }
        Ok(())
    }

    /// Notes what the keys of a job are in sum, which may take a while to read; gives how many they are.
    async fn finish_freezing(&self, job: JobId, asker: AccountId, now: Timestamp) -> Result<i64, Error> {
        let sums = self.store.read(move |tx| Ok::<_, Error>(job_keys::sums(tx, job, asker, now)?)).await?;
        self.store.write_unaudited(DRAFT, move |tx| Ok::<_, Error>(jobs::set_frozen(tx, job, sums)?)).await?;
        Ok(sums.total)
    }
}
