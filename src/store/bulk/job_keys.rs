//! The table `job_keys`: which keys a bulk job is about, what they looked like, and what became of each.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::domain::bulk::Selection;
use crate::domain::bulk::{BulkOperation, Job, SkipReason, Source};
use crate::domain::ids::{AccountId, JobId, KeyId};
use crate::domain::keys::lifetime_rules::Rules;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::DAY;
use crate::store::bulk::jobs::Sums;
use crate::store::keys::columns::AccessPath;
use crate::store::keys::matching::{applicable, live, matching, of_job, with_owner, with_policy};
use crate::store::keys::predicate::{Predicate, all};
use crate::store::schema::{accounts, api_keys, job_keys};
use crate::store::{Error, ReadTx, Write, WriteTx};

/// Keys that one transaction takes over.
pub const BATCH: usize = 5_000;

/// The keys that were chosen, by a filter or one by one, and to which the operation can be done.
pub fn chosen(tx: &ReadTx, operation: BulkOperation, chosen: &Selection, now: Timestamp) -> Predicate {
    let chosen = match chosen {
        Selection::Matching(filter) => matching(tx, filter, now, &AccessPath::index()),
        Selection::Ids(keys) => {
            let keys: Vec<String> = keys.iter().map(|key| key.as_str().to_owned()).collect();
            Box::new(api_keys::first_eight.eq_any(keys))
        }
    };
    all([chosen, applicable(operation, now)].into_iter())
}

/// The ids of the keys that fulfil a predicate.
pub fn ids(tx: &mut ReadTx, predicate: Predicate) -> Result<Vec<KeyId>, Error> {
    Ok(api_keys::table.filter(predicate).select(api_keys::id).load(tx.db())?)
}

/// Freezes those of these keys to which the operation can still be done.
pub fn freeze(
    tx: &mut WriteTx,
    job: JobId,
    operation: BulkOperation,
    keys: &[KeyId],
    now: Timestamp,
) -> Result<(), Error> {
    freeze_where(tx, job, operation, all([one_of_ids(keys), applicable(operation, now)].into_iter()))
}

/// The keys with these ids.
fn one_of_ids(keys: &[KeyId]) -> Predicate {
    Box::new(api_keys::id.eq_any(keys.to_vec()))
}

/// Freezes the next keys of a job's source; gives how far that went, or `None` when there are no more.
pub fn freeze_next(tx: &mut WriteTx, job: &Job, source: Source, now: Timestamp) -> Result<Option<KeyId>, Error> {
    let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let of_source = match source {
        Source::Job(of) => return freeze_done(tx, job, of, most),
        Source::Owner(owner) => all([with_owner(owner), live(now)].into_iter()),
        Source::LiveOfPolicy(policy) => all([with_policy(policy), live(now)].into_iter()),
        Source::Policy(policy) => with_policy(policy),
    };
    let was_there: Predicate = Box::new(api_keys::created_at.le(job.frozen_at.0));
    let next: Vec<KeyId> = api_keys::table
        .filter(all([of_source, applicable(job.operation, now), was_there].into_iter()))
        .filter(api_keys::id.gt(job.frozen_up_to))
        .order(api_keys::id.asc())
        .limit(most)
        .select(api_keys::id)
        .load(tx.db())?;
    let Some(last) = next.last().copied() else { return Ok(None) };
    freeze_where(tx, job.id, job.operation, one_of_ids(&next))?;
    Ok(Some(last))
}

/// What is undone later is noted beside each key: the owner, the policy, the end, or the pause and the revocation.
fn freeze_where(tx: &mut WriteTx, job: JobId, operation: BulkOperation, predicate: Predicate) -> Result<(), Error> {
    let keys = api_keys::table.filter(predicate);
    let (job, none) = (job.into_sql::<BigInt>(), "".into_sql::<Text>());
    let nobody = None::<i64>.into_sql::<Nullable<BigInt>>();
    let nothing = None::<&str>.into_sql::<Nullable<Text>>();
    macro_rules! freeze {
        ($at:expr, $by:expr, $reason:expr) => {
            keys.select((job, api_keys::id, api_keys::version, none, none, $at, $by, $reason))
                .insert_into(job_keys::table)
                .into_columns(FROZEN)
                .write(tx)?
        };
    }
    match operation {
        BulkOperation::Enable => {
            freeze!(api_keys::disabled_at, api_keys::disabled_by, api_keys::disabled_reason.nullable())
        }
        BulkOperation::Restore => {
            freeze!(api_keys::revoked_at, api_keys::revoked_by, api_keys::revoked_reason.nullable())
        }
        BulkOperation::GivePolicy => freeze!(api_keys::policy, nobody, nothing),
        BulkOperation::Transfer => freeze!(api_keys::owner.nullable(), nobody, nothing),
        _ => freeze!(api_keys::expires_at, api_keys::end_limit, nothing),
    };
    Ok(())
}

/// Freezes the next keys that another job changed, as it left them.
fn freeze_done(tx: &mut WriteTx, job: &Job, of: JobId, most: i64) -> Result<Option<KeyId>, Error> {
    let done = || {
        job_keys::table
            .filter(job_keys::job.eq(of).and(job_keys::outcome.eq("done")))
            .filter(job_keys::key.gt(job.frozen_up_to))
    };
    let next: Vec<KeyId> = done().order(job_keys::key.asc()).limit(most).select(job_keys::key).load(tx.db())?;
    let Some(last) = next.last().copied() else { return Ok(None) };
    let (id, none) = (job.id.into_sql::<BigInt>(), "".into_sql::<Text>());
    let before = (job_keys::before_at, job_keys::before_by, job_keys::before_reason);
    done()
        .filter(job_keys::key.le(last))
        .select((id, job_keys::key, job_keys::version, none, none, before.0, before.1, before.2))
        .insert_into(job_keys::table)
        .into_columns(FROZEN)
        .write(tx)?;
    Ok(Some(last))
}

/// What is written of a key when it is frozen.
const FROZEN: (
    job_keys::job,
    job_keys::key,
    job_keys::version,
    job_keys::outcome,
    job_keys::why,
    job_keys::before_at,
    job_keys::before_by,
    job_keys::before_reason,
) = (
    job_keys::job,
    job_keys::key,
    job_keys::version,
    job_keys::outcome,
    job_keys::why,
    job_keys::before_at,
    job_keys::before_by,
    job_keys::before_reason,
);

/// What the frozen keys are in sum, for the one who asks.
pub fn sums(tx: &mut ReadTx, job: JobId, asker: AccountId, now: Timestamp) -> Result<Sums, Error> {
    let keys = || api_keys::table.filter(of_job(job));
    let total = job_keys::table.filter(job_keys::job.eq(job)).count().get_result(tx.db())?;
    let recent = keys().filter(api_keys::last_used_at.ge(Some(now.plus(-7 * DAY).0))).count().get_result(tx.db())?;
    let own = keys().filter(api_keys::owner.eq(asker)).count().get_result(tx.db())?;
    let owners: Vec<AccountId> = keys().select(api_keys::owner).distinct().load(tx.db())?;
    let mut services = 0;
    for owners in owners.chunks(10_000) {
        let of_services = accounts::table.filter(accounts::id.eq_any(owners).and(accounts::kind.eq("service")));
        services += of_services.count().get_result::<i64>(tx.db())?;
    }
    let people = i64::try_from(owners.len()).unwrap_or(i64::MAX) - services;
    Ok(Sums { total, people, services, recent, own })
}

/// How many keys of a job would, by these rules, have ended before a day from now.
pub fn count_outliving(tx: &mut ReadTx, job: JobId, rules: &Rules, now: Timestamp) -> Result<i64, Error> {
    let over = crate::store::keys::lifetime_rules::over_by(rules, now.plus(DAY));
    Ok(api_keys::table.filter(of_job(job)).filter(over).count().get_result(tx.db())?)
}

/// A key of a job that nothing was decided about.
#[derive(Debug, Clone, Queryable)]
pub struct Pending {
    /// Its id.
    pub key: KeyId,
    /// The version at which it was frozen.
    pub version: i64,
    /// When its state before began, or its end before.
    pub before_at: Option<i64>,
    /// Who had brought that state about.
    pub before_by: Option<i64>,
    /// And why.
    pub before_reason: Option<String>,
}

/// The next keys of a job.
pub fn pending(tx: &mut ReadTx, job: JobId, most: i64) -> Result<Vec<Pending>, Error> {
    Ok(job_keys::table
        .filter(job_keys::job.eq(job).and(job_keys::outcome.eq("")))
        .order(job_keys::key.asc())
        .limit(most)
        .select((job_keys::key, job_keys::version, job_keys::before_at, job_keys::before_by, job_keys::before_reason))
        .load(tx.db())?)
}

/// Notes that these keys were changed: each is one version further.
pub fn set_done(tx: &mut WriteTx, job: JobId, keys: &[KeyId]) -> Result<(), Error> {
    diesel::update(job_keys::table.filter(job_keys::job.eq(job).and(job_keys::key.eq_any(keys))))
        .set((job_keys::outcome.eq("done"), job_keys::version.eq(job_keys::version + 1)))
        .write(tx)?;
    Ok(())
}

/// Notes what a key was like before, for the undo.
pub fn note_before(tx: &mut WriteTx, job: JobId, key: KeyId, before: &str) -> Result<(), Error> {
    diesel::update(job_keys::table.find((job, key))).set(job_keys::before_reason.eq(Some(before))).write(tx)?;
    Ok(())
}

/// The owners whose keys a transfer took.
pub fn owners_before(tx: &mut ReadTx, job: JobId) -> Result<Vec<AccountId>, Error> {
    let owners: Vec<Option<AccountId>> = job_keys::table
        .filter(job_keys::job.eq(job).and(job_keys::outcome.eq("done")))
        .select(job_keys::before_at)
        .distinct()
        .load(tx.db())?;
    Ok(owners.into_iter().flatten().collect())
}

/// Notes that a key was left, and why.
pub fn set_left(tx: &mut WriteTx, job: JobId, key: KeyId, why: SkipReason) -> Result<(), Error> {
    diesel::update(job_keys::table.find((job, key)))
        .set((job_keys::outcome.eq("left"), job_keys::why.eq(why.as_str())))
        .write(tx)?;
    Ok(())
}

/// How many keys were left for each reason.
pub fn left_by_reason(tx: &mut ReadTx, job: JobId) -> Result<Vec<(SkipReason, i64)>, Error> {
    let rows: Vec<(String, i64)> = job_keys::table
        .filter(job_keys::job.eq(job).and(job_keys::outcome.eq("left")))
        .group_by(job_keys::why)
        .order(job_keys::why.asc())
        .select((job_keys::why, diesel::dsl::count_star()))
        .load(tx.db())?;
    let damaged = || Error::Internal(format!("job {job} left keys for a reason that is not known"));
    rows.into_iter().map(|(why, count)| Ok((why.parse::<SkipReason>().map_err(|_| damaged())?, count))).collect()
}

/// Forgets some keys of a job. Says whether there were any.
pub fn delete_some(tx: &mut WriteTx, job: JobId) -> Result<bool, Error> {
    let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let of_job = || job_keys::table.filter(job_keys::job.eq(job));
    let some: Vec<KeyId> = of_job().order(job_keys::key.asc()).limit(most).select(job_keys::key).load(tx.db())?;
    let Some(last) = some.last() else { return Ok(false) };
    diesel::delete(of_job().filter(job_keys::key.le(*last))).write(tx)?;
    Ok(true)
}

/// The first few keys of a job, with their owners' display names, for its confirmation.
pub fn sample(tx: &mut ReadTx, job: JobId, most: i64) -> Result<Vec<(String, String, String)>, Error> {
    Ok(job_keys::table
        .inner_join(api_keys::table.on(api_keys::id.eq(job_keys::key)))
        .inner_join(accounts::table.on(accounts::id.eq(api_keys::owner)))
        .filter(job_keys::job.eq(job))
        .order(job_keys::key.asc())
        .limit(most)
        .select((api_keys::first_eight, api_keys::name, accounts::display_name))
        .load(tx.db())?)
}
