//! The table `bulk_job_keys`: which keys a job is about, what they were like, and what became of each.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::domain::bulk::{Before, Job, Selection, SkipReason, Source};
use crate::domain::ids::{AccountId, JobId, KeyId};
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::lifetime_rules::Rules;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::DAY;
use crate::store::bulk::jobs::Sums;
use crate::store::connection::each;
use crate::store::keys::change;
use crate::store::keys::columns::AccessPath;
use crate::store::keys::matching::{live, matching, of_job, with_owner, with_policy};
use crate::store::keys::predicate::{Predicate, all};
use crate::store::schema::{accounts, api_keys, bulk_job_keys};
use crate::store::{Error, ReadTx, Write, WriteTx, json};

/// Keys that one transaction takes over.
pub const BATCH: usize = 5_000;

/// What has to be noted of a key before it is changed, for the undo.
pub type Note = fn(&ApiKey) -> Option<Before>;

/// The keys that were chosen, by a filter or one by one.
pub fn chosen(tx: &ReadTx, selection: &Selection, now: Timestamp) -> Predicate {
    match selection {
        Selection::Matching(filter) => matching(tx, filter, now, &AccessPath::index()),
        Selection::Ids(keys) => {
            let keys: Vec<String> = keys.iter().map(|key| key.as_str().to_owned()).collect();
            Box::new(api_keys::first_eight.eq_any(keys))
        }
    }
}

/// The ids of the keys that fulfil a predicate.
pub fn ids(tx: &mut ReadTx, predicate: Predicate) -> Result<Vec<KeyId>, Error> {
    Ok(api_keys::table.filter(predicate).select(api_keys::id).load(tx.db())?)
}

/// Freezes those of these keys that still fulfil a predicate.
pub fn freeze(tx: &mut WriteTx, job: JobId, keys: &[KeyId], still: Predicate, note: Option<Note>) -> Result<(), Error> {
    freeze_where(tx, job, all([one_of_ids(keys), still].into_iter()), note)
}

/// The keys with these ids.
fn one_of_ids(keys: &[KeyId]) -> Predicate {
    Box::new(api_keys::id.eq_any(keys.to_vec()))
}

/// Freezes the next keys of a job's source that fulfil a predicate; gives how far that went, or `None` when there are no more.
pub fn freeze_next(
    tx: &mut WriteTx,
    job: &Job,
    fits: Predicate,
    note: Option<Note>,
    now: Timestamp,
) -> Result<Option<KeyId>, Error> {
    let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let of_source = match &job.source {
        Source::Job(of) => return freeze_done(tx, job, *of, most),
        Source::Owner(owner) => all([with_owner(*owner), live(now)].into_iter()),
        Source::LiveOfPolicy(policy) => all([with_policy(*policy), live(now)].into_iter()),
        Source::Policy(policy) => with_policy(*policy),
        // A draft is given its keys: see `freeze`.
        Source::Ticked | Source::Filter(_) | Source::Rules | Source::Unrecorded => return Ok(None),
    };
    let was_there: Predicate = Box::new(api_keys::created_at.le(job.frozen_at.0));
    let next: Vec<KeyId> = api_keys::table
        .filter(all([of_source, fits, was_there].into_iter()))
        .filter(api_keys::id.gt(job.frozen_up_to))
        .order(api_keys::id.asc())
        .limit(most)
        .select(api_keys::id)
        .load(tx.db())?;
    let Some(last) = next.last().copied() else { return Ok(None) };
    freeze_where(tx, job.id, one_of_ids(&next), note)?;
    Ok(Some(last))
}

/// What is frozen of a key.
const FROZEN: (
    bulk_job_keys::job,
    bulk_job_keys::key,
    bulk_job_keys::version,
    bulk_job_keys::outcome,
    bulk_job_keys::before,
) = (bulk_job_keys::job, bulk_job_keys::key, bulk_job_keys::version, bulk_job_keys::outcome, bulk_job_keys::before);

/// Where nothing has to be noted, the keys themselves are not read.
fn freeze_where(tx: &mut WriteTx, job: JobId, keys: Predicate, note: Option<Note>) -> Result<(), Error> {
    if let Some(note) = note {
        let keys = change::find_where(tx, keys)?;
        let frozen: Vec<Frozen> =
            keys.iter().map(|key| Frozen { key: key.id, version: key.version, before: note(key) }).collect();
        return insert(tx, job, &frozen);
    }
    let (job, undecided, nothing) =
        (job.into_sql::<BigInt>(), "".into_sql::<Text>(), None::<&str>.into_sql::<Nullable<Text>>());
    api_keys::table
        .filter(keys)
        .select((job, api_keys::id, api_keys::version, undecided, nothing))
        .insert_into(bulk_job_keys::table)
        .into_columns(FROZEN)
        .write(tx)?;
    Ok(())
}

/// A key as a job takes it over.
pub(super) struct Frozen {
    pub key: KeyId,
    pub version: i64,
    pub before: Option<Before>,
}

/// Adds keys to a job of which nothing is decided yet.
pub(super) fn insert(tx: &mut WriteTx, job: JobId, keys: &[Frozen]) -> Result<(), Error> {
    let row = |frozen: &Frozen| {
        let before = frozen.before.as_ref().map(json::text).transpose()?;
        Ok::<_, Error>((
            bulk_job_keys::job.eq(job),
            bulk_job_keys::key.eq(frozen.key),
            bulk_job_keys::version.eq(frozen.version),
            bulk_job_keys::outcome.eq(""),
            bulk_job_keys::before.eq(before),
        ))
    };
    let rows: Vec<_> = keys.iter().map(row).collect::<Result<_, _>>()?;
    tx.write_with(|db| each!(db, c => diesel::insert_into(bulk_job_keys::table).values(rows).execute(c)))?;
    Ok(())
}

/// Freezes the next keys that another job changed, as it left them.
fn freeze_done(tx: &mut WriteTx, job: &Job, of: JobId, most: i64) -> Result<Option<KeyId>, Error> {
    let done = || {
        bulk_job_keys::table
            .filter(bulk_job_keys::job.eq(of).and(bulk_job_keys::outcome.eq("done")))
            .filter(bulk_job_keys::key.gt(job.frozen_up_to))
    };
    let next: Vec<KeyId> =
        done().order(bulk_job_keys::key.asc()).limit(most).select(bulk_job_keys::key).load(tx.db())?;
    let Some(last) = next.last().copied() else { return Ok(None) };
    let (id, undecided) = (job.id.into_sql::<BigInt>(), "".into_sql::<Text>());
    done()
        .filter(bulk_job_keys::key.le(last))
        .select((id, bulk_job_keys::key, bulk_job_keys::version, undecided, bulk_job_keys::before))
        .insert_into(bulk_job_keys::table)
        .into_columns(FROZEN)
        .write(tx)?;
    Ok(Some(last))
}

/// What the frozen keys are in sum, for the one who asks.
pub fn sums(tx: &mut ReadTx, job: JobId, asker: AccountId, now: Timestamp) -> Result<Sums, Error> {
    let keys = || api_keys::table.filter(of_job(job));
    let total = bulk_job_keys::table.filter(bulk_job_keys::job.eq(job)).count().get_result(tx.db())?;
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
#[derive(Debug, Clone)]
pub struct Pending {
    /// Its id.
    pub key: KeyId,
    /// The version at which it was frozen.
    pub version: i64,
    /// What it was like, as far as the operation notes that.
    pub before: Option<Before>,
}

/// The next keys of a job.
pub fn pending(tx: &mut ReadTx, job: JobId, most: i64) -> Result<Vec<Pending>, Error> {
    let rows: Vec<(KeyId, i64, Option<String>)> = bulk_job_keys::table
        .filter(bulk_job_keys::job.eq(job).and(sql::<Bool>("bulk_job_keys.outcome = ''")))
        .order(bulk_job_keys::key.asc())
        .limit(most)
        .select((bulk_job_keys::key, bulk_job_keys::version, bulk_job_keys::before))
        .load(tx.db())?;
    rows.into_iter()
        .map(|(key, version, before)| {
            let of = || format!("what the key with id {key} was like before job {job}");
            Ok(Pending { key, version, before: before.map(|before| json::read(&before, of)).transpose()? })
        })
        .collect()
}

/// Notes that these keys were changed: each is one version further.
pub fn set_done(tx: &mut WriteTx, job: JobId, keys: &[KeyId]) -> Result<(), Error> {
    diesel::update(bulk_job_keys::table.filter(bulk_job_keys::job.eq(job).and(bulk_job_keys::key.eq_any(keys))))
        .set((bulk_job_keys::outcome.eq("done"), bulk_job_keys::version.eq(bulk_job_keys::version + 1)))
        .write(tx)?;
    Ok(())
}

/// Notes what a key was like before, where that shows only when it is changed.
pub fn note_before(tx: &mut WriteTx, job: JobId, key: KeyId, before: &Before) -> Result<(), Error> {
    diesel::update(bulk_job_keys::table.find((job, key)))
        .set(bulk_job_keys::before.eq(Some(json::text(before)?)))
        .write(tx)?;
    Ok(())
}

/// Notes that a key was left as it was, and why.
pub fn set_skipped(tx: &mut WriteTx, job: JobId, key: KeyId, why: SkipReason) -> Result<(), Error> {
    diesel::update(bulk_job_keys::table.find((job, key)))
        .set((bulk_job_keys::outcome.eq("skipped"), bulk_job_keys::skip_reason.eq(Some(why.as_str()))))
        .write(tx)?;
    Ok(())
}

/// How many keys were left as they were for each reason.
pub fn skipped_by_reason(tx: &mut ReadTx, job: JobId) -> Result<Vec<(SkipReason, i64)>, Error> {
    let rows: Vec<(Option<String>, i64)> = bulk_job_keys::table
        .filter(bulk_job_keys::job.eq(job).and(sql::<Bool>("bulk_job_keys.outcome = 'skipped'")))
        .group_by(bulk_job_keys::skip_reason)
        .order(bulk_job_keys::skip_reason.asc())
        .select((bulk_job_keys::skip_reason, diesel::dsl::count_star()))
        .load(tx.db())?;
    let damaged = || Error::Internal(format!("job {job} skipped keys for a reason that is not known"));
    rows.into_iter()
        .map(|(why, count)| Ok((why.as_deref().and_then(|why| why.parse().ok()).ok_or_else(damaged)?, count)))
        .collect()
}

/// Forgets some keys of a job. Says whether there were any.
pub fn delete_some(tx: &mut WriteTx, job: JobId) -> Result<bool, Error> {
    let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let of_job = || bulk_job_keys::table.filter(bulk_job_keys::job.eq(job));
    let some: Vec<KeyId> =
        of_job().order(bulk_job_keys::key.asc()).limit(most).select(bulk_job_keys::key).load(tx.db())?;
    let Some(last) = some.last() else { return Ok(false) };
    diesel::delete(of_job().filter(bulk_job_keys::key.le(*last))).write(tx)?;
    Ok(true)
}

/// The first few keys of a job, with their owners' display names, for its confirmation.
pub fn sample(tx: &mut ReadTx, job: JobId, most: i64) -> Result<Vec<(String, String, String)>, Error> {
    Ok(bulk_job_keys::table
        .inner_join(api_keys::table.on(api_keys::id.eq(bulk_job_keys::key)))
        .inner_join(accounts::table.on(accounts::id.eq(api_keys::owner)))
        .filter(bulk_job_keys::job.eq(job))
        .order(bulk_job_keys::key.asc())
        .limit(most)
        .select((api_keys::first_eight, api_keys::name, accounts::display_name))
        .load(tx.db())?)
}
