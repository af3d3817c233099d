//! Which node is at a job: it has it to itself until its lease ends.

use diesel::prelude::*;

use crate::domain::bulk::JobState;
use crate::domain::ids::JobId;
use crate::domain::time::clock::Timestamp;
use crate::store::schema::bulk_jobs;
use crate::store::{Error, Write, WriteTx};

/// Nobody is at it, or this node is.
#[expect(clippy::elidable_lifetime_names, reason = "auto_type asks for them")]
#[diesel::dsl::auto_type]
fn is_free<'a>(node: &'a str, over: i64) -> _ {
    bulk_jobs::lease_until.le(over).or(bulk_jobs::lease_owner.eq(node).assume_not_null())
}

/// Takes the oldest job that nobody is at, besides these, until `until`; its number.
pub fn claim(
    tx: &mut WriteTx,
    node: &str,
    except: &[JobId],
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<JobId>, Error> {
    let waiting: Option<JobId> = bulk_jobs::table
        .filter(bulk_jobs::state.eq_any([JobState::Queued.as_str(), JobState::Running.as_str()]))
        .filter(is_free(node, now.0))
        .filter(bulk_jobs::id.ne_all(except))
        .order(bulk_jobs::id.asc())
        .select(bulk_jobs::id)
        .first(tx.db())
        .optional()?;
    let Some(id) = waiting else { return Ok(None) };
    // On Postgres another node may have taken it since: then its lease is in force, and this finds no row.
    let taken = diesel::update(bulk_jobs::table.find(id).filter(is_free(node, now.0)))
        .set((
            bulk_jobs::lease_owner.eq(Some(node)),
            bulk_jobs::lease_until.eq(until.0),
            bulk_jobs::state.eq(JobState::Running.as_str()),
        ))
        .write(tx)?;
    Ok((taken == 1).then_some(id))
}

/// Renews the lease at the beginning of a batch. `false`: another node has taken the job over, and nothing may be done.
pub fn renew(tx: &mut WriteTx, id: JobId, node: &str, until: Timestamp) -> Result<bool, Error> {
    let own = bulk_jobs::table
        .find(id)
        .filter(bulk_jobs::lease_owner.eq(Some(node)).and(bulk_jobs::state.eq(JobState::Running.as_str())));
    Ok(diesel::update(own).set(bulk_jobs::lease_until.eq(until.0)).write(tx)? == 1)
}

/// Gives the leases of a node back.
pub fn release(tx: &mut WriteTx, node: &str) -> Result<(), Error> {
    let own = bulk_jobs::state.eq(JobState::Running.as_str()).and(bulk_jobs::lease_owner.eq(Some(node)));
    diesel::update(bulk_jobs::table.filter(own))
        .set((bulk_jobs::lease_until.eq(0_i64), bulk_jobs::lease_owner.eq(None::<&str>)))
        .write(tx)?;
    Ok(())
}
