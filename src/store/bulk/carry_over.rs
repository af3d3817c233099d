//! The tables `jobs` and `job_keys` of versions before 2026-12: bulk work in texts and numbers that meant something else for each
//! operation. What stands there is carried over once nobody works at it any more. Servers of that version, which may run beside
//! this one during an upgrade, know these tables alone: their jobs are theirs while they are at them.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use serde::Deserialize;

use crate::domain::bulk::{
    Before, BeforeEnd, BeforeGrant, BeforeTransfer, BulkOperation, DeletedPolicy, Held, Operation, Shortening,
    SkipReason, Source, Transfer,
};
use crate::domain::ids::{AccountId, JobId, KeyId, PolicyId};
use crate::domain::keys::api_key::Stop;
use crate::domain::keys::lifetime_rules::Rules;
use crate::domain::time::clock::Timestamp;
use crate::store::bulk::json;
use crate::store::connection::each;
use crate::store::schema::{bulk_job_keys, bulk_jobs, job_keys, jobs};
use crate::store::{Error, ReadTx, Write, WriteTx};

/// Keys that are read at once.
const BATCH: i64 = 5_000;

/// So much later ended the lease of a job that did not know its keys yet.
const UNFROZEN: i64 = 1 << 61;

/// The lease of a job that cannot be read: it stays where it is.
const DAMAGED: i64 = i64::MAX;

/// A row of `jobs`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs)]
struct Old {
    id: JobId,
    verb: String,
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
    source: String,
    is_frozen: bool,
    frozen_up_to: i64,
    shortened: i64,
}

/// A row of `job_keys`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = job_keys)]
struct OldKey {
    key: KeyId,
    version: i64,
    outcome: String,
    why: String,
    before_at: Option<i64>,
    before_by: Option<i64>,
    before_reason: Option<String>,
}

/// A server is at it.
#[diesel::dsl::auto_type(no_type_alias)]
fn is_worked_at(now: i64) -> _ {
    let running: &'static str = "running";
    let unfrozen: i64 = now + UNFROZEN;
    let leased = jobs::is_frozen.eq(true).and(jobs::lease_until.gt(now));
    let leased_unfrozen = jobs::is_frozen.eq(false).and(jobs::lease_until.gt(unfrozen));
    jobs::state.eq(running).and(leased.or(leased_unfrozen))
}

/// The oldest job that is to be carried over: none while a server is at one of them.
pub fn next(tx: &mut ReadTx, now: Timestamp) -> Result<Option<JobId>, Error> {
    let readable = || jobs::table.filter(jobs::lease_until.ne(DAMAGED));
    if diesel::select(exists(readable().filter(is_worked_at(now.0)))).get_result(tx.db())? {
        return Ok(None);
    }
    Ok(readable().select(jobs::id).order(jobs::id.asc()).first(tx.db()).optional()?)
}

/// Carries a job over with its keys, under its number, unless a server is at it by now. One that cannot be read is marked, and
/// stays: gives why.
pub fn carry_over(tx: &mut WriteTx, id: JobId, now: Timestamp) -> Result<Option<String>, Error> {
    let of_job = jobs::table.find(id);
    // Held first: of two servers, one finds it.
    let free = of_job.filter(not(is_worked_at(now.0)));
    if diesel::update(free).set(jobs::lease_until.eq(DAMAGED)).write(tx)? == 0 {
        return Ok(None);
    }
    let old: Old = of_job.select(Old::as_select()).first(tx.db())?;
    let Some(operation) = operation(tx, &old)? else {
        return Ok(Some(format!("{} with {:?}", old.verb, old.parameter)));
    };
    insert(tx, &old, &operation)?;
    loop {
        let some: Vec<OldKey> = job_keys::table
            .filter(job_keys::job.eq(id))
            .order(job_keys::key.asc())
            .limit(BATCH)
            .select(OldKey::as_select())
            .load(tx.db())?;
        let Some(last) = some.last().map(|key| key.key) else { break };
        insert_keys(tx, id, &operation, &some)?;
        diesel::delete(job_keys::table.filter(job_keys::job.eq(id).and(job_keys::key.le(last)))).write(tx)?;
    }
    // Its undo comes later, and has to know it still.
    diesel::update(jobs::table.filter(jobs::undoes.eq(id)))
        .set((jobs::undoes.eq(None::<JobId>), jobs::source.eq(json::text(&Source::Job(id))?)))
        .write(tx)?;
    diesel::delete(of_job).write(tx)?;
    Ok(None)
}

fn insert(tx: &mut WriteTx, old: &Old, operation: &Operation) -> Result<(), Error> {
    let source = source(tx, old, operation)?;
    let undoes = source.job();
    diesel::insert_into(bulk_jobs::table)
        .values((
            (bulk_jobs::id.eq(old.id), bulk_jobs::operation.eq(json::text(operation)?)),
            (bulk_jobs::source.eq(json::text(&source)?), bulk_jobs::state.eq(&old.state)),
            (bulk_jobs::frozen_at.eq(old.frozen_at), bulk_jobs::is_frozen.eq(old.is_frozen)),
            (bulk_jobs::frozen_up_to.eq(old.frozen_up_to), bulk_jobs::created_by.eq(old.created_by)),
            (bulk_jobs::created_name.eq(&old.created_name), bulk_jobs::address.eq(&old.address)),
            (bulk_jobs::request.eq(&old.request), bulk_jobs::reason.eq(&old.reason), bulk_jobs::undoes.eq(undoes)),
            (bulk_jobs::total.eq(old.total), bulk_jobs::people.eq(old.people), bulk_jobs::services.eq(old.services)),
            (bulk_jobs::recent.eq(old.recent), bulk_jobs::own.eq(old.own), bulk_jobs::done.eq(old.done)),
            (bulk_jobs::shortened.eq(old.shortened), bulk_jobs::skipped.eq(old.left_count)),
            (bulk_jobs::stop_asked.eq(old.stop_asked), bulk_jobs::confirmed_at.eq(old.confirmed_at)),
            (bulk_jobs::finished_at.eq(old.finished_at), bulk_jobs::lease_until.eq(0_i64)),
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

/// What a job does; `None` when that is damaged.
fn operation(tx: &mut ReadTx, old: &Old) -> Result<Option<Operation>, Error> {
    let policy = || serde_json::from_str::<DeletedPolicy>(&old.parameter).ok();
    Ok(match old.verb.as_str() {
        "delete" => Some(Operation::Delete { policy: policy() }),
        "disable" => Some(Operation::Disable { policy: policy() }),
        "disable unused" => Some(Operation::DisableUnused),
        "enable" => Some(Operation::Enable),
        "restore" => Some(Operation::Restore),
        "expire" => Some(Operation::Expire { at: old.expires_at.map(Timestamp) }),
        "shorten" => {
            let with = jobs::table.filter(jobs::parameter.eq(format!("with {}", old.id))).select(jobs::id);
            shortening(&old.parameter, with.first(tx.db()).optional()?).map(Operation::Shorten)
        }
        "give policy" => old.parameter.parse().ok().map(|policy| Operation::GivePolicy { policy }),
        "transfer" => transfer(&old.parameter).map(Operation::Transfer),
        "undo" => old.parameter.parse().ok().map(|of| Operation::Undo { of }),
        _ => None,
    })
}

fn shortening(parameter: &str, unused: Option<JobId>) -> Option<Shortening> {
    #[derive(Deserialize)]
    struct Old {
        rules: Rules,
        replaces: String,
        spread_days: i64,
    }
    let Old { rules, replaces, spread_days } = serde_json::from_str(parameter).ok()?;
    Some(Shortening { rules, replaces, spread_days, unused })
}

/// Before it was more than the id of the new owner, keys were held to lists when the job was made.
fn transfer(parameter: &str) -> Option<Transfer> {
    let only_owner = || Some(Transfer { to: parameter.parse().ok()?, adds: false, held: Held::held_to_lists() });
    serde_json::from_str(parameter).ok().or_else(only_owner)
}

/// Where its keys came from. What was not written down shows in the keys, or it does not.
fn source(tx: &mut ReadTx, old: &Old, operation: &Operation) -> Result<Source, Error> {
    if let Ok(source) = serde_json::from_str(&old.source) {
        return Ok(source);
    }
    if let Some(filter) = &old.filter {
        return Ok(Source::Filter(filter.clone()));
    }
    let was_chosen_by_hand = old.confirmed_at != Some(old.frozen_at);
    Ok(match operation {
        Operation::Shorten(_) | Operation::DisableUnused => Source::Rules,
        Operation::Undo { .. } => old.undoes.map_or(Source::Unrecorded, Source::Job),
        Operation::GivePolicy { .. } => {
            any_before(tx, old.id)?.map_or(Source::Unrecorded, |policy| Source::Policy(PolicyId(policy)))
        }
        Operation::Transfer(_) => {
            any_before(tx, old.id)?.map_or(Source::Unrecorded, |owner| Source::Owner(AccountId(owner)))
        }
        operation => match operation.deleted_policy() {
            Some(deleted) => Source::LiveOfPolicy(deleted.policy),
            None if was_chosen_by_hand => Source::Ticked,
            None => Source::Unrecorded,
        },
    })
}

/// The owner or the policy that the keys of a job had before: one of them, since all had the same.
fn any_before(tx: &mut ReadTx, job: JobId) -> Result<Option<i64>, Error> {
    let before = job_keys::table.filter(job_keys::job.eq(job)).select(job_keys::before_at);
    Ok(before.first::<Option<i64>>(tx.db()).optional()?.flatten())
}

/// What a key was like before.
fn before(operation: &Operation, old: &OldKey) -> Option<Before> {
    let changed = match operation {
        Operation::Undo { of } => *of,
        operation => operation.name(),
    };
    let stop = || {
        let reason = old.before_reason.clone().unwrap_or_default();
        Some(Stop { at: Timestamp(old.before_at?), by: old.before_by.map(AccountId), reason })
    };
    match changed {
        BulkOperation::Enable => stop().map(Before::Disabled),
        BulkOperation::Restore => stop().map(Before::Revoked),
        BulkOperation::Expire | BulkOperation::Shorten => {
            Some(Before::End { expires_at: old.before_at.map(Timestamp), end_limit: old.before_by.map(Timestamp) })
        }
        BulkOperation::GivePolicy => old.before_at.map(|policy| Before::Policy(PolicyId(policy))),
        BulkOperation::Transfer => before_transfer(old).map(Before::Transfer),
        _ => None, // nothing was noted
    }
}

fn before_transfer(old: &OldKey) -> Option<BeforeTransfer> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Noted {
        name: String,
        grant: Option<BeforeGrant>,
        was_shortened: bool,
        expires_at: Option<Timestamp>,
    }
    let noted = old.before_reason.as_deref().and_then(|text| serde_json::from_str::<Noted>(text).ok());
    let noted = noted.unwrap_or_default();
    Some(BeforeTransfer {
        owner: AccountId(old.before_at?),
        name: Some(noted.name).filter(|name| !name.is_empty()),
        grant: noted.grant,
        end: noted.was_shortened.then_some(BeforeEnd { expires_at: noted.expires_at }),
    })
}

fn skip_reason(word: &str) -> Option<SkipReason> {
    match word {
        "rules" => Some(SkipReason::RulesForbid),
        word => word.replace(' ', "_").parse().ok(),
    }
}
