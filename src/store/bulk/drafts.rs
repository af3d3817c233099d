//! Drafts: bulk work that nobody has confirmed yet.

use diesel::prelude::*;

use crate::domain::bulk::{JobState, Operation};
use crate::domain::ids::JobId;
use crate::domain::time::clock::Timestamp;
use crate::store::schema::bulk_jobs;
use crate::store::{Error, ReadTx, Write, WriteTx, json};

/// Confirms a draft, with all that its operation needs to know by now: of several at once, one succeeds. Says whether it did.
pub fn confirm(
    tx: &mut WriteTx,
    id: JobId,
    operation: &Operation,
    reason: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let draft = bulk_jobs::table.find(id).filter(is_draft());
    let confirmed = diesel::update(draft)
        .set((
            bulk_jobs::state.eq(JobState::Queued.as_str()),
            bulk_jobs::operation.eq(json::text(operation)?),
            bulk_jobs::reason.eq(reason),
            bulk_jobs::confirmed_at.eq(Some(now.0)),
        ))
        .write(tx)?;
    Ok(confirmed == 1)
}

/// A draft that somebody can still confirm: it knows all of its keys, and was not thrown away.
#[diesel::dsl::auto_type(no_type_alias)]
fn is_draft() -> _ {
    let draft: &'static str = "draft";
    bulk_jobs::state.eq(draft).and(bulk_jobs::is_frozen.eq(true)).and(bulk_jobs::stop_asked.eq(false))
}

/// Throws drafts away: nobody can confirm them any more. Their keys are removed later, see [`over`].
pub fn discard(tx: &mut WriteTx, ids: &[JobId]) -> Result<(), Error> {
    let drafts = bulk_jobs::table.filter(bulk_jobs::id.eq_any(ids).and(bulk_jobs::state.eq(JobState::Draft.as_str())));
    diesel::update(drafts).set(bulk_jobs::stop_asked.eq(true)).write(tx)?;
    Ok(())
}

/// Changes what a draft's operation needs to know.
pub fn set_operation(tx: &mut WriteTx, id: JobId, operation: &Operation) -> Result<(), Error> {
    diesel::update(bulk_jobs::table.find(id)).set(bulk_jobs::operation.eq(json::text(operation)?)).write(tx)?;
    Ok(())
}

/// Drafts that nobody confirmed before a moment, or that were thrown away.
pub fn abandoned(tx: &mut ReadTx, before: Timestamp) -> Result<Vec<JobId>, Error> {
    let draft = bulk_jobs::table.filter(bulk_jobs::state.eq(JobState::Draft.as_str()));
    Ok(draft
        .filter(bulk_jobs::frozen_at.lt(before.0).or(bulk_jobs::stop_asked.eq(true)))
        .select(bulk_jobs::id)
        .load(tx.db())?)
}

/// Removes a draft whose keys are gone.
pub fn remove_draft(tx: &mut WriteTx, id: JobId) -> Result<(), Error> {
    diesel::delete(bulk_jobs::table.find(id).filter(bulk_jobs::state.eq(JobState::Draft.as_str()))).write(tx)?;
    Ok(())
}
