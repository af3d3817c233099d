//! The table `bulk_jobs`: bulk work, its progress, and which node is at it.

use diesel::prelude::*;

use crate::domain::bulk::{AskedBy, Job, JobState, Operation, Source};
use crate::domain::ids::{AccountId, JobId, KeyId};
use crate::domain::time::clock::Timestamp;
use crate::store::schema::{bulk_job_keys, bulk_jobs};
use crate::store::{Error, ReadTx, Write, WriteTx, json};

/// A row.
#[derive(Queryable, Selectable)]
#[diesel(table_name = bulk_jobs)]
struct Row {
    id: JobId,
    operation: String,
    source: String,
    state: String,
    frozen_at: i64,
    is_frozen: bool,
    frozen_up_to: i64,
    created_by: AccountId,
    created_name: String,
    address: Option<String>,
    request: Option<String>,
    reason: String,
    undone_by: Option<JobId>,
    total: i64,
    people: i64,
    services: i64,
    recent: i64,
    own: i64,
    done: i64,
    shortened: i64,
    skipped: i64,
    stop_asked: bool,
    confirmed_at: Option<i64>,
    finished_at: Option<i64>,
}

impl TryFrom<Row> for Job {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let of = || format!("the job with id {}", row.id);
        Ok(Self {
            id: row.id,
            operation: json::read(&row.operation, of)?,
            source: json::read(&row.source, of)?,
            state: row.state.parse().map_err(|_| Error::Internal(format!("{} is damaged", of())))?,
            frozen_at: Timestamp(row.frozen_at),
            is_frozen: row.is_frozen,
            frozen_up_to: row.frozen_up_to,
            asked_by: AskedBy {
                account: row.created_by,
                name: row.created_name,
                address: row.address,
                request: row.request,
            },
            reason: row.reason,
            undone_by: row.undone_by,
            total: row.total,
            people: row.people,
            services: row.services,
            recent: row.recent,
            own: row.own,
            done: row.done,
            shortened: row.shortened,
            skipped: row.skipped,
            stop_asked: row.stop_asked,
            confirmed_at: row.confirmed_at.map(Timestamp),
            finished_at: row.finished_at.map(Timestamp),
        })
    }
}

/// A job to be.
pub struct NewJob {
    operation: Operation,
    source: Source,
    /// Confirmed at once, or a draft?
    state: JobState,
    asked_by: AskedBy,
    /// Why, for the keys and the audit log; may be empty, and of a draft is empty.
    reason: String,
}

impl NewJob {
    /// A draft, which is to be given its keys and to be confirmed.
    pub fn draft(operation: Operation, source: Source, asked_by: AskedBy) -> Self {
        Self { operation, source, state: JobState::Draft, asked_by, reason: String::new() }
    }

    /// A job that is confirmed at once, and takes its keys from its source itself.
    pub fn queued(operation: Operation, source: Source, asked_by: AskedBy) -> Self {
        Self { state: JobState::Queued, ..Self::draft(operation, source, asked_by) }
    }

    /// With this reason.
    #[must_use]
    pub fn because(self, reason: String) -> Self {
        Self { reason, ..self }
    }
}

/// Adds a job without keys: see [`set_frozen`].
pub fn insert(tx: &mut WriteTx, new: &NewJob, now: Timestamp) -> Result<JobId, Error> {
    let AskedBy { account, name, address, request } = &new.asked_by;
    let confirmed_at = (new.state == JobState::Queued).then_some(now.0);
    Ok(diesel::insert_into(bulk_jobs::table)
        .values((
            (bulk_jobs::operation.eq(json::text(&new.operation)?), bulk_jobs::source.eq(json::text(&new.source)?)),
            (bulk_jobs::state.eq(new.state.as_str()), bulk_jobs::frozen_at.eq(now.0), bulk_jobs::is_frozen.eq(false)),
            (bulk_jobs::frozen_up_to.eq(0_i64), bulk_jobs::created_by.eq(*account), bulk_jobs::created_name.eq(name)),
            (bulk_jobs::address.eq(address.as_deref()), bulk_jobs::request.eq(request.as_deref())),
            (bulk_jobs::reason.eq(&new.reason), bulk_jobs::undoes.eq(new.source.job()), bulk_jobs::total.eq(0_i64)),
            (bulk_jobs::people.eq(0_i64), bulk_jobs::services.eq(0_i64), bulk_jobs::recent.eq(0_i64)),
            (bulk_jobs::own.eq(0_i64), bulk_jobs::done.eq(0_i64), bulk_jobs::shortened.eq(0_i64)),
            (bulk_jobs::skipped.eq(0_i64), bulk_jobs::stop_asked.eq(false), bulk_jobs::confirmed_at.eq(confirmed_at)),
            bulk_jobs::lease_until.eq(0_i64),
        ))
        .returning(bulk_jobs::id)
        .get_result(tx.writing())?)
}

/// What a job's keys are in sum.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sums {
    /// How many.
    pub total: i64,
    /// Of how many people.
    pub people: i64,
    /// Of how many service accounts.
    pub services: i64,
    /// How many were used in the week before.
    pub recent: i64,
    /// How many belong to the one who asks.
    pub own: i64,
}

/// Notes how far a job has come with taking over its keys.
pub fn set_frozen_up_to(tx: &mut WriteTx, id: JobId, key: KeyId) -> Result<(), Error> {
    diesel::update(bulk_jobs::table.find(id)).set(bulk_jobs::frozen_up_to.eq(key)).write(tx)?;
    Ok(())
}

/// Notes that a job knows all of its keys, and what they are in sum.
pub fn set_frozen(tx: &mut WriteTx, id: JobId, sums: Sums) -> Result<(), Error> {
    diesel::update(bulk_jobs::table.find(id).filter(bulk_jobs::is_frozen.eq(false)))
        .set((
            bulk_jobs::is_frozen.eq(true),
            bulk_jobs::total.eq(sums.total),
            bulk_jobs::people.eq(sums.people),
            bulk_jobs::services.eq(sums.services),
            bulk_jobs::recent.eq(sums.recent),
            bulk_jobs::own.eq(sums.own),
        ))
        .write(tx)?;
    Ok(())
}

/// The job with this id.
pub fn find(tx: &mut ReadTx, id: JobId) -> Result<Option<Job>, Error> {
    let row: Option<Row> = bulk_jobs::table.find(id).select(Row::as_select()).first(tx.db()).optional()?;
    row.map(Job::try_from).transpose()
}

/// Jobs that are no drafts, latest first. One that a newer server began, and that this one cannot read, is left out.
pub fn list(tx: &mut ReadTx, most: i64) -> Result<Vec<Job>, Error> {
    let rows: Vec<Row> = bulk_jobs::table
        .filter(bulk_jobs::state.ne(JobState::Draft.as_str()))
        .order(bulk_jobs::id.desc())
        .limit(most)
        .select(Row::as_select())
        .load(tx.db())?;
    let read = |row| Job::try_from(row).inspect_err(|error| tracing::warn!(%error, "A job is not listed."));
    Ok(rows.into_iter().filter_map(|row| read(row).ok()).collect())
}

/// What was done with the live keys of an owner since a moment, latest first.
pub fn of_owner_since(tx: &mut ReadTx, owner: AccountId, since: Timestamp) -> Result<Vec<Job>, Error> {
    let rows: Vec<Row> = bulk_jobs::table
        .filter(bulk_jobs::source.eq(json::text(&Source::Owner(owner))?))
        .filter(bulk_jobs::frozen_at.ge(since.0))
        .order(bulk_jobs::id.desc())
        .select(Row::as_select())
        .load(tx.db())?;
    rows.into_iter().map(Job::try_from).collect()
}

/// Asks a job to stop after the batch that it is at. Says whether it was still to be done.
pub fn ask_to_stop(tx: &mut WriteTx, id: JobId) -> Result<bool, Error> {
    let going = bulk_jobs::table
        .find(id)
        .filter(bulk_jobs::state.eq_any([JobState::Queued.as_str(), JobState::Running.as_str()]));
    Ok(diesel::update(going).set(bulk_jobs::stop_asked.eq(true)).write(tx)? == 1)
}

/// Notes that `undo` gives `id` back. Of several at once, one succeeds. Says whether it did.
pub fn set_undone(tx: &mut WriteTx, id: JobId, undo: JobId) -> Result<bool, Error> {
    let done = bulk_jobs::table.find(id).filter(bulk_jobs::undone_by.is_null());
    Ok(diesel::update(done).set(bulk_jobs::undone_by.eq(Some(undo))).write(tx)? == 1)
}

/// Counts what a batch did, how many of these keys got an earlier end by the lifetime rules, and what it skipped.
pub fn progress(tx: &mut WriteTx, id: JobId, done: i64, shortened: i64, skipped: i64) -> Result<(), Error> {
    diesel::update(bulk_jobs::table.find(id))
        .set((
            bulk_jobs::done.eq(bulk_jobs::done + done),
            bulk_jobs::shortened.eq(bulk_jobs::shortened + shortened),
            bulk_jobs::skipped.eq(bulk_jobs::skipped + skipped),
        ))
        .write(tx)?;
    Ok(())
}

/// Ends a job.
pub fn finish(tx: &mut WriteTx, id: JobId, state: JobState, now: Timestamp) -> Result<(), Error> {
    diesel::update(bulk_jobs::table.find(id))
        .set((
            bulk_jobs::state.eq(state.as_str()),
            bulk_jobs::finished_at.eq(Some(now.0)),
            bulk_jobs::lease_until.eq(0_i64),
        ))
        .write(tx)?;
    Ok(())
}

/// Jobs that ended before a moment and still have keys: they cannot be undone any more. None that is being undone.
pub fn over(tx: &mut ReadTx, before: Timestamp) -> Result<Vec<JobId>, Error> {
    let undoing = diesel::alias!(bulk_jobs as undoing);
    let being_undone = undoing
        .filter(
            undoing
                .field(bulk_jobs::undoes)
                .eq(bulk_jobs::id.nullable())
                .and(undoing.field(bulk_jobs::finished_at).is_null()),
        )
        .select(undoing.field(bulk_jobs::id));
    let with_keys = bulk_job_keys::table.filter(bulk_job_keys::job.eq(bulk_jobs::id)).select(bulk_job_keys::key);
    Ok(bulk_jobs::table
        .filter(bulk_jobs::finished_at.lt(Some(before.0)))
        .filter(diesel::dsl::exists(with_keys))
        .filter(diesel::dsl::not(diesel::dsl::exists(being_undone)))
        .select(bulk_jobs::id)
        .load(tx.db())?)
}
