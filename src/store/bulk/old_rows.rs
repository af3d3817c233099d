//! Rows of `jobs` and `job_keys`, as versions before 2026-12 wrote them, read as what they mean.

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
use crate::store::schema::{job_keys, jobs};
use crate::store::{Error, ReadTx};

/// A row of `jobs`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs)]
pub(super) struct Old {
    pub(super) id: JobId,
    pub(super) verb: String,
    pub(super) state: String,
    pub(super) frozen_at: i64,
    pub(super) filter: Option<String>,
    pub(super) created_by: AccountId,
    pub(super) created_name: String,
    pub(super) address: Option<String>,
    pub(super) request: Option<String>,
    pub(super) reason: String,
    pub(super) expires_at: Option<i64>,
    pub(super) parameter: String,
    pub(super) undoes: Option<JobId>,
    pub(super) total: i64,
    pub(super) people: i64,
    pub(super) services: i64,
    pub(super) recent: i64,
    pub(super) own: i64,
    pub(super) done: i64,
    pub(super) left_count: i64,
    pub(super) stop_asked: bool,
    pub(super) confirmed_at: Option<i64>,
    pub(super) finished_at: Option<i64>,
    pub(super) source: String,
    pub(super) is_frozen: bool,
    pub(super) frozen_up_to: i64,
    pub(super) shortened: i64,
}

/// A row of `job_keys`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = job_keys)]
pub(super) struct OldKey {
    pub(super) key: KeyId,
    pub(super) version: i64,
    pub(super) outcome: String,
    pub(super) why: String,
    pub(super) before_at: Option<i64>,
    pub(super) before_by: Option<i64>,
    pub(super) before_reason: Option<String>,
}

/// What a job does; `None` when that is damaged.
pub(super) fn operation(tx: &mut ReadTx, old: &Old) -> Result<Option<Operation>, Error> {
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
pub(super) fn source(tx: &mut ReadTx, old: &Old, operation: &Operation) -> Result<Source, Error> {
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
pub(super) fn before(operation: &Operation, old: &OldKey) -> Option<Before> {
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

pub(super) fn skip_reason(word: &str) -> Option<SkipReason> {
    match word {
        "rules" => Some(SkipReason::RulesForbid),
        word => word.replace(' ', "_").parse().ok(),
    }
}
