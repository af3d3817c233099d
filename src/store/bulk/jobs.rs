//! The table `jobs`: bulk work, its progress, and which node is at it.

use diesel::prelude::*;

use crate::domain::bulk::{AskedBy, BulkOperation, Job, JobState, Source};
use crate::domain::ids::{AccountId, JobId, KeyId};
use crate::domain::time::clock::Timestamp;
use crate::store::schema::{job_keys, jobs};
use crate::store::{Error, ReadTx, Write, WriteTx};

/// A row, in the order of the table's columns.
#[derive(Queryable)]
struct Row {
    id: JobId,
    operation: String,
    state: String,
    frozen_at: i64,
    filter: Option<String>,
    created_by: AccountId,
    created_name: String,
    address: Option<String>,
    request: Option<String>,
    reason: String,
    expires_at: Option<i64>,
    parameter: String,
    undoes: Option<JobId>,
    undone_by: Option<JobId>,
    total: i64,
    people: i64,
    services: i64,
    recent: i64,
    own: i64,
    done: i64,
    left_count: i64,
    stop_asked: bool,
    confirmed_at: Option<i64>,
    finished_at: Option<i64>,
    _lease_owner: Option<String>,
    _lease_until: i64,
    source: String,
    is_frozen: bool,
    frozen_up_to: i64,
    shortened: i64,
}

impl TryFrom<Row> for Job {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let damaged = || Error::Internal(format!("the job with id {} is damaged", row.id));
        Ok(Self {
            id: row.id,
            operation: row.operation.parse().map_err(|_| damaged())?,
            state: row.state.parse().map_err(|_| damaged())?,
            frozen_at: Timestamp(row.frozen_at),
            filter: row.filter,
            asked_by: AskedBy {
                account: row.created_by,
                name: row.created_name,
                address: row.address,
                request: row.request,
            },
            reason: row.reason,
            expires_at: row.expires_at.map(Timestamp),
            parameter: row.parameter,
            source: Source::read(&row.source),
            is_frozen: row.is_frozen,
            frozen_up_to: row.frozen_up_to,
            undoes: row.undoes,
            undone_by: row.undone_by,
            total: row.total,
            people: row.people,
            services: row.services,
            recent: row.recent,
            own: row.own,
            done: row.done,
            shortened: row.shortened,
            left: row.left_count,
            stop_asked: row.stop_asked,
            confirmed_at: row.confirmed_at.map(Timestamp),
            finished_at: row.finished_at.map(Timestamp),
        })
    }
}

/// A job to be.
pub struct NewJob {
    /// What it does.
    pub operation: BulkOperation,
    /// From where it takes its keys, when it is confirmed at once; else it is a draft, which is given its keys.
    pub source: Option<Source>,
    /// The filter of its keys, unless they were ticked.
    pub filter: Option<String>,
    /// Who asks for it.
    pub asked_by: AskedBy,
    /// The job that it gives back.
    pub undoes: Option<JobId>,
    /// What else its operation needs.
    pub parameter: String,
    /// Why, for the keys and the audit log; may be empty, and of a draft is empty.
    pub reason: String,
}

impl NewJob {
    /// A draft, which is to be given its keys and to be confirmed.
    pub fn draft(operation: BulkOperation, filter: Option<String>, asked_by: AskedBy, parameter: String) -> Self {
        Self { operation, source: None, filter, asked_by, undoes: None, parameter, reason: String::new() }
    }

    /// A job that is confirmed at once.
    pub fn queued(operation: BulkOperation, source: Source, asked_by: AskedBy) -> Self {
        Self { source: Some(source), ..Self::draft(operation, None, asked_by, String::new()) }
    }
}

/// Adds a job without keys: see [`set_frozen`].
pub fn insert(tx: &mut WriteTx, new: &NewJob, now: Timestamp) -> Result<JobId, Error> {
    let AskedBy { account, name, address, request } = &new.asked_by;
    let state = if new.source.is_some() { JobState::Queued } else { JobState::Draft };
    let source = new.source.map(Source::text).unwrap_or_default();
    Ok(diesel::insert_into(jobs::table)
        .values((
            (jobs::verb.eq(new.operation.as_str()), jobs::state.eq(state.as_str()), jobs::frozen_at.eq(now.0)),
            (jobs::filter.eq(new.filter.as_deref()), jobs::created_by.eq(*account), jobs::created_name.eq(name)),
            (jobs::address.eq(address.as_deref()), jobs::request.eq(request.as_deref()), jobs::reason.eq(&new.reason)),
            (jobs::parameter.eq(&new.parameter), jobs::undoes.eq(new.undoes), jobs::total.eq(0_i64)),
            (jobs::people.eq(0_i64), jobs::services.eq(0_i64), jobs::recent.eq(0_i64), jobs::own.eq(0_i64)),
            (jobs::done.eq(0_i64), jobs::left_count.eq(0_i64), jobs::stop_asked.eq(false)),
            (jobs::confirmed_at.eq(new.source.map(|_| now.0)), jobs::lease_until.eq(UNFROZEN)),
            (jobs::source.eq(source), jobs::is_frozen.eq(false)),
        ))
        .returning(jobs::id)
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
    diesel::update(jobs::table.find(id)).set(jobs::frozen_up_to.eq(key)).write(tx)?;
    Ok(())
}

/// Notes that a job knows all of its keys, and what they are in sum.
pub fn set_frozen(tx: &mut WriteTx, id: JobId, sums: Sums) -> Result<(), Error> {
    // Once: of two nodes that come to the end together, one takes the mark away.
    diesel::update(jobs::table.find(id).filter(jobs::is_frozen.eq(false)))
        .set((
            jobs::is_frozen.eq(true),
            jobs::lease_until.eq(jobs::lease_until - UNFROZEN),
            jobs::total.eq(sums.total),
            jobs::people.eq(sums.people),
            jobs::services.eq(sums.services),
            jobs::recent.eq(sums.recent),
            jobs::own.eq(sums.own),
        ))
        .write(tx)?;
    Ok(())
}

/// The job with this id.
pub fn find(tx: &mut ReadTx, id: JobId) -> Result<Option<Job>, Error> {
    let row: Option<Row> = jobs::table.find(id).select(jobs::all_columns).first(tx.db()).optional()?;
    row.map(Job::try_from).transpose()
}

/// Jobs that are no drafts, latest first.
pub fn list(tx: &mut ReadTx, most: i64) -> Result<Vec<Job>, Error> {
    let rows: Vec<Row> = jobs::table
        .filter(jobs::state.ne(JobState::Draft.as_str()))
        .order(jobs::id.desc())
        .limit(most)
        .select(jobs::all_columns)
        .load(tx.db())?;
    rows.into_iter().map(Job::try_from).collect()
}

/// Confirms a draft: of several at once, one succeeds. Says whether it did.
pub fn confirm(
    tx: &mut WriteTx,
    id: JobId,
    reason: &str,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, Error> {
    let draft = jobs::table.find(id).filter(is_draft());
    let confirmed = diesel::update(draft)
        .set((
            jobs::state.eq(JobState::Queued.as_str()),
            jobs::reason.eq(reason),
            jobs::expires_at.eq(expires_at.map(|at| at.0)),
            jobs::confirmed_at.eq(Some(now.0)),
        ))
        .write(tx)?;
    Ok(confirmed == 1)
}

/// The latest transfer of an owner's keys that was asked for since a moment.
pub fn transfer_since(tx: &mut ReadTx, owner: AccountId, since: Timestamp) -> Result<Option<Job>, Error> {
    let row: Option<Row> = jobs::table
        .filter(jobs::verb.eq(BulkOperation::Transfer.as_str()).and(jobs::source.eq(Source::Owner(owner).text())))
        .filter(jobs::frozen_at.ge(since.0))
        .order(jobs::id.desc())
        .select(jobs::all_columns)
        .first(tx.db())
        .optional()?;
    row.map(Job::try_from).transpose()
}

/// Asks a job to stop after the batch that it is at. Says whether it was still to be done.
pub fn ask_to_stop(tx: &mut WriteTx, id: JobId) -> Result<bool, Error> {
    let going =
        jobs::table.find(id).filter(jobs::state.eq_any([JobState::Queued.as_str(), JobState::Running.as_str()]));
    Ok(diesel::update(going).set(jobs::stop_asked.eq(true)).write(tx)? == 1)
}

/// Notes that `undo` gives `id` back. Of several at once, one succeeds. Says whether it did.
pub fn set_undone(tx: &mut WriteTx, id: JobId, undo: JobId) -> Result<bool, Error> {
    let done = jobs::table.find(id).filter(jobs::undone_by.is_null());
    Ok(diesel::update(done).set(jobs::undone_by.eq(Some(undo))).write(tx)? == 1)
}

/// So much later ends the lease of a job that does not know its keys yet: binaries that do not know of such jobs would take it for one
/// that has none, and call it done.
const UNFROZEN: i64 = 1 << 61;

/// Nobody is at it, or this node is.
#[expect(clippy::elidable_lifetime_names, reason = "auto_type asks for them")]
#[diesel::dsl::auto_type]
fn is_free<'a>(node: &'a str, over: i64, over_unfrozen: i64) -> _ {
    let frozen = jobs::is_frozen.eq(true).and(jobs::lease_until.le(over));
    let unfrozen = jobs::is_frozen.eq(false).and(jobs::lease_until.le(over_unfrozen));
    frozen.or(unfrozen).or(jobs::lease_owner.eq(node).assume_not_null())
}

/// Takes the oldest job that nobody is at, besides these, until `until`; its number.
pub fn claim(
    tx: &mut WriteTx,
    node: &str,
    except: &[JobId],
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<JobId>, Error> {
    let waiting: Option<(JobId, bool)> = jobs::table
        .filter(jobs::state.eq_any([JobState::Queued.as_str(), JobState::Running.as_str()]))
        .filter(is_free(node, now.0, now.0 + UNFROZEN))
        .filter(jobs::id.ne_all(except))
        .order(jobs::id.asc())
        .select((jobs::id, jobs::is_frozen))
        .first(tx.db())
        .optional()?;
    let Some((id, is_frozen)) = waiting else { return Ok(None) };
    // On Postgres another node may have taken it since: then its lease is in force, and this finds no row.
    let free =
        jobs::table.find(id).filter(is_free(node, now.0, now.0 + UNFROZEN)).filter(jobs::is_frozen.eq(is_frozen));
    let taken = diesel::update(free)
        .set((
            jobs::lease_owner.eq(Some(node)),
            jobs::lease_until.eq(until.0 + if is_frozen { 0 } else { UNFROZEN }),
            jobs::state.eq(JobState::Running.as_str()),
        ))
        .write(tx)?;
    Ok((taken == 1).then_some(id))
}

/// Renews the lease at the beginning of a batch. `false`: another node has taken the job over, and nothing may be done.
pub fn renew(tx: &mut WriteTx, id: JobId, node: &str, until: Timestamp) -> Result<bool, Error> {
    let own =
        jobs::table.find(id).filter(jobs::lease_owner.eq(Some(node)).and(jobs::state.eq(JobState::Running.as_str())));
    let frozen = diesel::update(own.filter(jobs::is_frozen.eq(true))).set(jobs::lease_until.eq(until.0)).write(tx)?;
    let unfrozen = own.filter(jobs::is_frozen.eq(false));
    let unfrozen = diesel::update(unfrozen).set(jobs::lease_until.eq(until.0 + UNFROZEN)).write(tx)?;
    Ok(frozen + unfrozen == 1)
}

/// Gives the leases of a node back.
pub fn release(tx: &mut WriteTx, node: &str) -> Result<(), Error> {
    let own = jobs::table.filter(jobs::state.eq(JobState::Running.as_str()).and(jobs::lease_owner.eq(Some(node))));
    for (is_frozen, lease_until) in [(true, 0), (false, UNFROZEN)] {
        diesel::update(own.filter(jobs::is_frozen.eq(is_frozen)))
            .set((jobs::lease_until.eq(lease_until), jobs::lease_owner.eq(None::<&str>)))
            .write(tx)?;
    }
    Ok(())
}

/// Counts what a batch did, how many of these keys got an earlier end by the lifetime rules, and what it left.
pub fn progress(tx: &mut WriteTx, id: JobId, done: i64, shortened: i64, left: i64) -> Result<(), Error> {
    diesel::update(jobs::table.find(id))
        .set((
            jobs::done.eq(jobs::done + done),
            jobs::shortened.eq(jobs::shortened + shortened),
            jobs::left_count.eq(jobs::left_count + left),
        ))
        .write(tx)?;
    Ok(())
}

/// Ends a job.
pub fn finish(tx: &mut WriteTx, id: JobId, state: JobState, now: Timestamp) -> Result<(), Error> {
    diesel::update(jobs::table.find(id))
        .set((jobs::state.eq(state.as_str()), jobs::finished_at.eq(Some(now.0)), jobs::lease_until.eq(0_i64)))
        .write(tx)?;
    Ok(())
}

/// A draft that somebody can still confirm: it knows all of its keys, and was not thrown away.
#[diesel::dsl::auto_type(no_type_alias)]
fn is_draft() -> _ {
    let draft: &'static str = "draft";
    jobs::state.eq(draft).and(jobs::is_frozen.eq(true)).and(jobs::stop_asked.eq(false))
}

/// Throws drafts away: nobody can confirm them any more. Their keys are removed later, see [`over`].
pub fn discard(tx: &mut WriteTx, ids: &[JobId]) -> Result<(), Error> {
    let drafts = jobs::table.filter(jobs::id.eq_any(ids).and(jobs::state.eq(JobState::Draft.as_str())));
    diesel::update(drafts).set(jobs::stop_asked.eq(true)).write(tx)?;
    Ok(())
}

/// Ties a draft to the one that it came with.
pub fn link_drafts(tx: &mut WriteTx, first: JobId, second: JobId) -> Result<(), Error> {
    diesel::update(jobs::table.find(second)).set(jobs::parameter.eq(format!("with {first}"))).write(tx)?;
    Ok(())
}

/// The draft that came with another.
pub fn linked_draft(tx: &mut ReadTx, first: JobId) -> Result<Option<Job>, Error> {
    let row: Option<Row> = jobs::table
        .filter(jobs::parameter.eq(format!("with {first}")).and(is_draft()))
        .select(jobs::all_columns)
        .first(tx.db())
        .optional()?;
    row.map(Job::try_from).transpose()
}

/// Changes what else a draft's operation needs.
pub fn set_parameter(tx: &mut WriteTx, id: JobId, parameter: &str) -> Result<(), Error> {
    diesel::update(jobs::table.find(id)).set(jobs::parameter.eq(parameter)).write(tx)?;
    Ok(())
}

/// Drafts that nobody confirmed before a moment, or that were thrown away.
pub fn abandoned(tx: &mut ReadTx, before: Timestamp) -> Result<Vec<JobId>, Error> {
    let draft = jobs::table.filter(jobs::state.eq(JobState::Draft.as_str()));
    Ok(draft.filter(jobs::frozen_at.lt(before.0).or(jobs::stop_asked.eq(true))).select(jobs::id).load(tx.db())?)
}

/// Removes a draft whose keys are gone.
pub fn remove_draft(tx: &mut WriteTx, id: JobId) -> Result<(), Error> {
    diesel::delete(jobs::table.find(id).filter(jobs::state.eq(JobState::Draft.as_str()))).write(tx)?;
    Ok(())
}

/// Jobs that ended before a moment and still have keys: they cannot be undone any more. None that is being undone.
pub fn over(tx: &mut ReadTx, before: Timestamp) -> Result<Vec<JobId>, Error> {
    let undoing = diesel::alias!(jobs as undoing);
    let being_undone = undoing
        .filter(undoing.field(jobs::undoes).eq(jobs::id.nullable()).and(undoing.field(jobs::finished_at).is_null()))
        .select(undoing.field(jobs::id));
    let with_keys = job_keys::table.filter(job_keys::job.eq(jobs::id)).select(job_keys::key);
    Ok(jobs::table
        .filter(jobs::finished_at.lt(Some(before.0)))
        .filter(diesel::dsl::exists(with_keys))
        .filter(diesel::dsl::not(diesel::dsl::exists(being_undone)))
        .select(jobs::id)
        .load(tx.db())?)
}
