//! The table `job_keys`: which keys a bulk job is about, what they looked like, and what became of each.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::connection::Db;
use super::jobs::{self, NewJob, Sums};
use super::keys::matching::{Reach, applicable, matching, of_job};
use super::keys::predicate::{Predicate, all};
use super::schema::{accounts, api_keys, job_keys};
use super::{Error, dialect};
use crate::domain::clock::{DAY, Moment};
use crate::domain::job::{Left, Verb};
use crate::domain::key_filter::KeyFilter;
use crate::domain::lifetime_rules::Rules;
use crate::domain::secret::FirstEight;

/// How keys were chosen.
#[derive(Debug, Clone)]
pub enum Chosen {
    /// One by one.
    Ticked(Vec<FirstEight>),
    /// All that match.
    Matching(KeyFilter),
}

/// Adds a job with the keys that `freeze` gives it, and what they are in sum. Gives its number, and how many keys it has.
pub fn add_job(
    db: &mut Db,
    new: &NewJob,
    now: Moment,
    freeze: impl FnOnce(&mut Db, i64) -> Result<(), Error>,
) -> Result<(i64, i64), Error> {
    let id = jobs::insert(db, new, now)?;
    freeze(db, id)?;
    let sums = sums(db, id, new.asked_by.account, now)?;
    jobs::set_sums(db, id, sums)?;
    Ok((id, sums.total))
}

/// Freezes the chosen keys to which the verb can be done: their versions, and what it will change of them.
pub fn freeze(db: &mut Db, job: i64, verb: Verb, chosen: &Chosen, now: Moment) -> Result<(), Error> {
    let chosen = match chosen {
        Chosen::Matching(filter) => matching(db, filter, now, &Reach::index()),
        Chosen::Ticked(keys) => {
            let keys: Vec<String> = keys.iter().map(|key| key.as_str().to_owned()).collect();
            Box::new(api_keys::first_eight.eq_any(keys))
        }
    };
    freeze_where(db, job, verb, all([chosen, applicable(verb, now)].into_iter()))
}

/// Freezes the keys that fulfil a predicate.
pub fn freeze_where(db: &mut Db, job: i64, verb: Verb, predicate: Predicate) -> Result<(), Error> {
    dialect::lift_statement_timeout(db)?;
    let keys = api_keys::table.filter(predicate);
    let (job, none) = (job.into_sql::<BigInt>(), "".into_sql::<Text>());
    let nobody = None::<i64>.into_sql::<Nullable<BigInt>>();
    let nothing = None::<&str>.into_sql::<Nullable<Text>>();
    macro_rules! freeze {
        ($at:expr, $by:expr, $reason:expr) => {
            keys.select((job, api_keys::id, api_keys::version, none, none, $at, $by, $reason))
                .insert_into(job_keys::table)
                .into_columns(FROZEN)
                .execute(db)?
        };
    }
    match verb {
        Verb::Enable => freeze!(api_keys::disabled_at, api_keys::disabled_by, api_keys::disabled_reason.nullable()),
        Verb::Restore => freeze!(api_keys::revoked_at, api_keys::revoked_by, api_keys::revoked_reason.nullable()),
        Verb::GivePolicy => freeze!(api_keys::policy, nobody, nothing),
        Verb::Transfer => freeze!(api_keys::owner.nullable(), nobody, nothing),
        _ => freeze!(api_keys::expires_at, nobody, nothing),
    };
    Ok(())
}

/// Freezes the keys that another job changed, as it left them.
pub fn freeze_done(db: &mut Db, job: i64, of: i64) -> Result<(), Error> {
    dialect::lift_statement_timeout(db)?;
    let (job, none) = (job.into_sql::<BigInt>(), "".into_sql::<Text>());
    let before = (job_keys::before_at, job_keys::before_by, job_keys::before_reason);
    job_keys::table
        .filter(job_keys::job.eq(of).and(job_keys::outcome.eq("done")))
        .select((job, job_keys::key, job_keys::version, none, none, before.0, before.1, before.2))
        .insert_into(job_keys::table)
        .into_columns(FROZEN)
        .execute(db)?;
    Ok(())
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
fn sums(db: &mut Db, job: i64, asker: i64, now: Moment) -> Result<Sums, Error> {
    let keys = || api_keys::table.filter(of_job(job));
    let total = job_keys::table.filter(job_keys::job.eq(job)).count().get_result(db)?;
    let recent = keys().filter(api_keys::last_used_at.ge(Some(now.plus(-7 * DAY).0))).count().get_result(db)?;
    let own = keys().filter(api_keys::owner.eq(asker)).count().get_result(db)?;
    let owners: Vec<i64> = keys().select(api_keys::owner).distinct().load(db)?;
    let mut services = 0;
    for owners in owners.chunks(10_000) {
        let of_services = accounts::table.filter(accounts::id.eq_any(owners).and(accounts::kind.eq("service")));
        services += of_services.count().get_result::<i64>(db)?;
    }
    let people = i64::try_from(owners.len()).unwrap_or(i64::MAX) - services;
    Ok(Sums { total, people, services, recent, own })
}

/// How many keys of a job would, by these rules, have ended before a day from now.
pub fn count_outliving(db: &mut Db, job: i64, rules: &Rules, now: Moment) -> Result<i64, Error> {
    let over = super::lifetimes::over_by(rules, now.plus(DAY));
    Ok(api_keys::table.filter(of_job(job)).filter(over).count().get_result(db)?)
}

/// A key of a job that nothing was decided about.
#[derive(Debug, Clone, Queryable)]
pub struct Pending {
    /// Its id.
    pub key: i64,
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
pub fn pending(db: &mut Db, job: i64, most: i64) -> Result<Vec<Pending>, Error> {
    Ok(job_keys::table
        .filter(job_keys::job.eq(job).and(job_keys::outcome.eq("")))
        .order(job_keys::key.asc())
        .limit(most)
        .select((job_keys::key, job_keys::version, job_keys::before_at, job_keys::before_by, job_keys::before_reason))
        .load(db)?)
}

/// Notes that these keys were changed: each is one version further.
pub fn set_done(db: &mut Db, job: i64, keys: &[i64]) -> Result<(), Error> {
    diesel::update(job_keys::table.filter(job_keys::job.eq(job).and(job_keys::key.eq_any(keys))))
        .set((job_keys::outcome.eq("done"), job_keys::version.eq(job_keys::version + 1)))
        .execute(db)?;
    Ok(())
}

/// Notes what a key was like before, for the undo.
pub fn note_before(db: &mut Db, job: i64, key: i64, before: &str) -> Result<(), Error> {
    diesel::update(job_keys::table.find((job, key))).set(job_keys::before_reason.eq(Some(before))).execute(db)?;
    Ok(())
}

/// The owners whose keys a transfer took.
pub fn owners_before(db: &mut Db, job: i64) -> Result<Vec<i64>, Error> {
    let owners: Vec<Option<i64>> = job_keys::table
        .filter(job_keys::job.eq(job).and(job_keys::outcome.eq("done")))
        .select(job_keys::before_at)
        .distinct()
        .load(db)?;
    Ok(owners.into_iter().flatten().collect())
}

/// Notes that a key was left, and why.
pub fn set_left(db: &mut Db, job: i64, key: i64, why: Left) -> Result<(), Error> {
    diesel::update(job_keys::table.find((job, key)))
        .set((job_keys::outcome.eq("left"), job_keys::why.eq(why.word())))
        .execute(db)?;
    Ok(())
}

/// How many keys were left for each reason.
pub fn left_by_reason(db: &mut Db, job: i64) -> Result<Vec<(String, i64)>, Error> {
    Ok(job_keys::table
        .filter(job_keys::job.eq(job).and(job_keys::outcome.eq("left")))
        .group_by(job_keys::why)
        .order(job_keys::why.asc())
        .select((job_keys::why, diesel::dsl::count_star()))
        .load(db)?)
}

/// The first few keys of a job, with their owners' display names, for its confirmation.
pub fn sample(db: &mut Db, job: i64, most: i64) -> Result<Vec<(String, String, String)>, Error> {
    Ok(job_keys::table
        .inner_join(api_keys::table.on(api_keys::id.eq(job_keys::key)))
        .inner_join(accounts::table.on(accounts::id.eq(api_keys::owner)))
        .filter(job_keys::job.eq(job))
        .order(job_keys::key.asc())
        .limit(most)
        .select((api_keys::first_eight, api_keys::name, accounts::display_name))
        .load(db)?)
}
