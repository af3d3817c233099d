//! The tables `jobs` and `job_keys` of versions before 2026-12: bulk work in texts and numbers that meant something else for each
//! operation. What stands there is carried over once nobody works at it any more. Servers of that version, which may run beside
//! this one during an upgrade, know these tables alone: their jobs are theirs while they are at them.

use std::collections::HashSet;

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use jiff::SignedDuration;

use crate::domain::bulk::{Operation, SkipReason, Source};
use crate::domain::ids::{AccountId, JobId};
use crate::domain::time::clock::Timestamp;
use crate::store::bulk::old_rows::{Old, OldKey, before, operation, skip_reason, source};
use crate::store::connection::each;
use crate::store::schema::{bulk_job_keys, bulk_jobs, job_keys, jobs};
use crate::store::{Error, ReadTx, Write, WriteTx, json};

/// Keys that are read at once.
const BATCH: i64 = 5_000;

/// So much later ended the lease of a job that did not know its keys yet.
const UNFROZEN: i64 = 1 << 61;

/// The lease of a job that cannot be read: it stays where it is.
const DAMAGED: i64 = i64::MAX;

/// The lease of a job that is carried over: no server of that version takes it.
const CARRYING: i64 = i64::MAX - 1;

/// A draft may be with somebody on a server of that version for so long.
const DRAFTED: SignedDuration = SignedDuration::from_mins(1);

/// So long may a draft take to be frozen.
const FREEZING: SignedDuration = SignedDuration::from_hours(1);

/// What became of a job.
pub enum Carried {
    /// It has more keys.
    More,
    /// All of it stands in the new tables; or a server is at it by now, or has carried it over.
    Done,
    /// It cannot be read, and stays; says why.
    Unreadable(String),
}

/// A server is at it.
#[diesel::dsl::auto_type(no_type_alias)]
fn is_worked_at(now: i64) -> _ {
    let running: &'static str = "running";
    let unfrozen: i64 = now + UNFROZEN;
    let carrying: i64 = CARRYING;
    let leased = jobs::is_frozen.eq(true).and(jobs::lease_until.gt(now));
    let leased_unfrozen = jobs::is_frozen.eq(false).and(jobs::lease_until.gt(unfrozen));
    jobs::state.eq(running).and(leased.or(leased_unfrozen)).and(jobs::lease_until.lt(carrying))
}

/// What is to be carried over, oldest first: nothing while a server is at one of them, and no draft that somebody may be at.
pub fn waiting(tx: &mut ReadTx, now: Timestamp) -> Result<Vec<JobId>, Error> {
    if diesel::select(exists(jobs::table.filter(is_worked_at(now.0)))).get_result(tx.db())? {
        return Ok(Vec::new());
    }
    let left: Vec<(JobId, String, bool, i64, AccountId)> = jobs::table
        .filter(jobs::lease_until.ne(DAMAGED))
        .order(jobs::id.asc())
        .select((jobs::id, jobs::state, jobs::is_frozen, jobs::frozen_at, jobs::created_by))
        .load(tx.db())?;
    let is_older = |at: i64, span| now.since(Timestamp(at)) > span;
    let freezing: HashSet<AccountId> = left
        .iter()
        .filter(|(_, state, is_frozen, at, _)| state == "draft" && !is_frozen && !is_older(*at, FREEZING))
        .map(|(.., asker)| *asker)
        .collect();
    let may_go = |(_, state, _, at, asker): &(JobId, String, bool, i64, AccountId)| {
        state != "draft" || (is_older(*at, DRAFTED) && !freezing.contains(asker))
    };
    Ok(left.iter().filter(|job| may_go(job)).map(|(id, ..)| *id).collect())
}

/// Keeps servers of that version from beginning what waits.
pub fn hold(tx: &mut WriteTx, now: Timestamp) -> Result<(), Error> {
    let waits = jobs::state.eq_any(["queued", "running"]).and(jobs::lease_until.lt(CARRYING));
    diesel::update(jobs::table.filter(waits).filter(not(is_worked_at(now.0))))
        .set(jobs::lease_until.eq(CARRYING))
        .write(tx)?;
    Ok(())
}

/// Carries a job over, or the next of its keys, under its number. Until all of it is there, nobody takes it.
pub fn carry_over(tx: &mut WriteTx, id: JobId, now: Timestamp) -> Result<Carried, Error> {
    let of_job = jobs::table.find(id);
    // Held first: two servers take turns.
    let free = of_job.filter(not(is_worked_at(now.0)));
    if diesel::update(free).set(jobs::lease_until.eq(CARRYING)).write(tx)? == 0 {
        return Ok(Carried::Done);
    }
    let old: Old = of_job.select(Old::as_select()).first(tx.db())?;
    let Some(operation) = operation(tx, &old)? else {
        diesel::update(of_job).set(jobs::lease_until.eq(DAMAGED)).write(tx)?;
        return Ok(Carried::Unreadable(format!("{} with {:?}", old.verb, old.parameter)));
    };
    if !diesel::select(exists(bulk_jobs::table.find(id))).get_result(tx.db())? {
        insert(tx, &old, &operation)?;
    }
    let some: Vec<OldKey> = job_keys::table
        .filter(job_keys::job.eq(id))
        .order(job_keys::key.asc())
        .limit(BATCH)
        .select(OldKey::as_select())
        .load(tx.db())?;
    if let Some(last) = some.last().map(|key| key.key) {
        insert_keys(tx, id, &operation, &some)?;
        diesel::delete(job_keys::table.filter(job_keys::job.eq(id).and(job_keys::key.le(last)))).write(tx)?;
        return Ok(Carried::More);
    }
    diesel::update(bulk_jobs::table.find(id))
        .set((
            bulk_jobs::state.eq(&old.state),
            bulk_jobs::lease_owner.eq(None::<&str>),
            bulk_jobs::lease_until.eq(0_i64),
        ))
        .write(tx)?;
    // Its undo comes later, and has to know it still.
    diesel::update(jobs::table.filter(jobs::undoes.eq(id)))
        .set((jobs::undoes.eq(None::<JobId>), jobs::source.eq(json::text(&Source::Job(id))?)))
        .write(tx)?;
    diesel::update(jobs::table.filter(jobs::undone_by.eq(id))).set(jobs::undone_by.eq(None::<JobId>)).write(tx)?;
    diesel::delete(of_job).write(tx)?;
    Ok(Carried::Done)
}

/// Leased for good, until its keys are there.
fn insert(tx: &mut WriteTx, old: &Old, operation: &Operation) -> Result<(), Error> {
    let source = source(tx, old, operation)?;
    // What it undoes may be a job that cannot be read, and stayed where it was.
    let undoes: Option<JobId> = match source.job() {
        Some(undone) => bulk_jobs::table.find(undone).select(bulk_jobs::id).first(tx.db()).optional()?,
        None => None,
    };
    diesel::insert_into(bulk_jobs::table)
        .values((
            (bulk_jobs::id.eq(old.id), bulk_jobs::operation.eq(json::text(operation)?)),
            (bulk_jobs::source.eq(json::text(&source)?), bulk_jobs::state.eq("running")),
            (bulk_jobs::frozen_at.eq(old.frozen_at), bulk_jobs::is_frozen.eq(old.is_frozen)),
            (bulk_jobs::frozen_up_to.eq(old.frozen_up_to), bulk_jobs::created_by.eq(old.created_by)),
            (bulk_jobs::created_name.eq(&old.created_name), bulk_jobs::address.eq(&old.address)),
            (bulk_jobs::request.eq(&old.request), bulk_jobs::reason.eq(&old.reason), bulk_jobs::undoes.eq(undoes)),
            (bulk_jobs::total.eq(old.total), bulk_jobs::people.eq(old.people), bulk_jobs::services.eq(old.services)),
            (bulk_jobs::recent.eq(old.recent), bulk_jobs::own.eq(old.own), bulk_jobs::done.eq(old.done)),
            (bulk_jobs::shortened.eq(old.shortened), bulk_jobs::skipped.eq(old.left_count)),
            (bulk_jobs::stop_asked.eq(old.stop_asked), bulk_jobs::confirmed_at.eq(old.confirmed_at)),
            (bulk_jobs::finished_at.eq(old.finished_at), bulk_jobs::lease_until.eq(i64::MAX)),
            bulk_jobs::lease_owner.eq("carried over"),
        ))
        .write(tx)?;
    if let Some(undone) = undoes {
        let undone = bulk_jobs::table.find(undone);
        diesel::update(undone).set(bulk_jobs::undone_by.eq(Some(old.id))).write(tx)?;
    }
    Ok(())
}

fn insert_keys(tx: &mut WriteTx, job: JobId, operation: &Operation, keys: &[OldKey]) -> Result<(), Error> {
    let row = |old: &OldKey| {
        let before = before(operation, old).as_ref().map(json::text).transpose()?;
        Ok::<_, Error>((
            bulk_job_keys::job.eq(job),
            bulk_job_keys::key.eq(old.key),
            bulk_job_keys::version.eq(old.version),
            bulk_job_keys::outcome.eq(if old.outcome == "left" { "skipped" } else { old.outcome.as_str() }.to_owned()),
            bulk_job_keys::skip_reason.eq(skip_reason(&old.why).map(SkipReason::as_str)),
            bulk_job_keys::before.eq(before),
        ))
    };
    let rows: Vec<_> = keys.iter().map(row).collect::<Result<_, _>>()?;
    tx.write_with(|db| each!(db, c => diesel::insert_into(bulk_job_keys::table).values(rows).execute(c)))?;
    Ok(())
}
