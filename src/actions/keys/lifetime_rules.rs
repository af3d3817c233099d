//! Lifetime rules: changed only after it was shown what they would do to the keys that are there.

use serde_json::json;

use crate::actions::bulk::DRAFT;
use crate::actions::bulk::jobs::asked_by;
use crate::actions::{Actor, Administrator, App, Error, Reauthenticated};
use crate::domain::accounts::account::Username;
use crate::domain::audit::Action;
use crate::domain::bulk::{BulkOperation, Job, JobState, Operation, Shortening, Source};
use crate::domain::field_error::FieldError;
use crate::domain::ids::{AccountId, JobId};
use crate::domain::keys::lifetime_rules::Rules;
use crate::domain::keys::rule::AppliesTo;
use crate::domain::paging::{COUNT_LIMIT, Count};
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span;
use crate::store::bulk::drafts;
use crate::store::bulk::job_keys;
use crate::store::bulk::jobs;
use crate::store::bulk::jobs::NewJob;
use crate::store::keys::lifetime_rules;
use crate::store::{ReadTx, WriteTx, accounts, keys, settings};

/// What the page of the rules shows.
#[derive(Debug, Clone)]
pub struct RulesNow {
    /// The rules in force.
    pub rules: Rules,
    /// When they were changed last, and by whom.
    pub last_change: Option<(Timestamp, String)>,
    /// May people generate keys?
    pub allow_creation: bool,
    /// Are keys accepted at all?
    pub accept_keys: bool,
    /// How many keys are live, up to the limit of counts.
    pub live: Count,
    /// For how many live keys each stricter rule counts, up to the limit of counts.
    pub live_under: Vec<(AppliesTo, Count)>,
}

/// What new rules would do.
#[derive(Debug, Clone)]
pub struct Impact {
    /// The draft that holds exactly the keys that would end sooner.
    pub shorten: Job,
    /// How many of them would end within 24 hours.
    pub within_a_day: i64,
    /// The draft that holds exactly the keys that would be disabled as unused.
    pub idle: Option<Job>,
    /// The rules.
    pub rules: Rules,
}

/// What became of rules that somebody wants to save.
pub enum Planned {
    /// They hit no key, and are in force.
    Saved,
    /// They would hit keys: the number of the draft that tells which.
    Hits(JobId),
}

/// What is done to the keys that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// They stay as they are.
    Leave,
    /// They are shortened now; none ends within a day.
    Now,
    /// As [`Self::Now`], with the ends that would come first spread over so many days.
    Spread(i64),
}

const CHANGED: &str = "Somebody else changed the rules meanwhile. Look at them, and enter your change again.";

impl App {
    /// The rules and switches in force.
    pub async fn lifetime_rules(&self, _: Administrator<'_>) -> Result<RulesNow, Error> {
        let now = self.now();
        self.store
            .read(move |tx| {
                let (settings, rules) = (settings::load(tx)?, lifetime_rules::load(tx)?);
                let mut live_under = Vec::new();
                for rule in rules.stricter() {
                    let keys = lifetime_rules::live_under(&rule.applies_to, now);
                    let count = keys::grid::count_up_to(tx, keys, COUNT_LIMIT)?;
                    live_under.push((rule.applies_to.clone(), count));
                }
                Ok(RulesNow {
                    rules,
                    live_under,
                    last_change: lifetime_rules::last_change(tx)?,
                    allow_creation: settings.allow_creation,
                    accept_keys: settings.accept_keys,
                    live: keys::count_all_live(tx, now)?,
                })
            })
            .await
    }

    /// The account of a stricter rule, by its user name.
    pub async fn rule_for(&self, _: Administrator<'_>, username: &str) -> Result<AppliesTo, Error> {
        let unknown =
            || Error::from(FieldError::new("rule_subject", format!("There is nobody with the user name {username}")));
        let name = Username::parse(username).map_err(|_| unknown())?;
        let known = self.store.query(move |tx| accounts::credentials(tx, &name)).await?.ok_or_else(unknown)?;
        Ok(AppliesTo::Account(known.account.id, known.account.username.as_str().to_owned()))
    }

    /// Puts rules in force that hit no key; of others, freezes which keys they would hit. `replaces` is the version that
    /// the person saw.
    pub async fn plan_rules(&self, by: Reauthenticated<'_>, rules: Rules, replaces: String) -> Result<Planned, Error> {
        let (actor, asked_by, now) = (by.actor().clone(), asked_by(by.actor())?, self.now());
        let (asker, planned, seen) = (asked_by.account, rules.clone(), replaces.clone());
        let drafted = self
            .act(by.authority(), move |tx| {
                tx.without_event(DRAFT);
                let before = unchanged(tx, &seen)?;
                let fresh = planned.with_idle_start(&before, Some(0), now);
                let shortening = Shortening { rules: fresh.clone(), replaces: seen, spread_days: 1, unused: None };
                let shorten = Operation::Shorten(shortening.clone());
                let shorten = jobs::insert(tx, &NewJob::draft(shorten, Source::Rules, asked_by.clone()), now)?;
                let idle = NewJob::draft(Operation::DisableUnused, Source::Rules, asked_by);
                Ok::<_, Error>((shorten, jobs::insert(tx, &idle, now)?, before, shortening))
            })
            .await?;
        let (shorten, idle, before, shortening) = drafted;
        let (fresh, outlived) = (shortening.rules.clone(), shortening.rules.clone());
        let outliving = self
            .freeze(shorten, BulkOperation::Shorten, asker, move |_| lifetime_rules::outliving(&outlived, now))
            .await?;
        let unused =
            self.freeze(idle, BulkOperation::DisableUnused, asker, move |_| newly_idle(&fresh, &before, now)).await?;
        self.act(by.authority(), move |tx| {
            let before = unchanged(tx, &replaces)?;
            if outliving == 0 && unused == 0 {
                drafts::remove_draft(tx, shorten)?;
                drafts::remove_draft(tx, idle)?;
                save(tx, &actor, &before, &rules.with_idle_start(&before, Some(0), now), "leave", now)?;
                return Ok(Planned::Saved);
            }
            if unused == 0 {
                drafts::remove_draft(tx, idle)?;
            } else {
                let with_unused = Operation::Shorten(Shortening { unused: Some(idle), ..shortening });
                drafts::set_operation(tx, shorten, &with_unused)?;
            }
            tx.without_event(DRAFT);
            Ok(Planned::Hits(shorten))
        })
        .await
    }

    /// What the rules of a draft would do; for the one who made it.
    pub async fn rules_impact(&self, by: Administrator<'_>, id: JobId) -> Result<Impact, Error> {
        let (account, now) = (by.account, self.now());
        self.store
            .read(move |tx| {
                let (shorten, planned) = own_draft(tx, id, account)?;
                let idle = unused_draft(tx, &planned)?;
                let within_a_day = job_keys::count_outliving(tx, id, &planned.rules, now)?;
                Ok(Impact { shorten, within_a_day, idle, rules: planned.rules })
            })
            .await
    }

    /// Puts the rules of a draft in force, and applies them to the keys that are there as chosen.
    pub async fn apply_rules(
        &self,
        by: Reauthenticated<'_>,
        id: JobId,
        existing: Existing,
    ) -> Result<Option<JobId>, Error> {
        let (actor, now) = (by.actor().clone(), self.now());
        let job = self
            .act(by.authority(), move |tx| {
                let (shorten, planned) = own_draft(tx, id, actor.account)?;
                let before = unchanged(tx, &planned.replaces)?;
                let (grace, word) = match existing {
                    Existing::Leave => (None, "leave"),
                    Existing::Now => (Some(0), "now"),
                    Existing::Spread(days) => (Some(i32::try_from(days).unwrap_or(i32::MAX)), "spread"),
                };
                let idle = unused_draft(tx, &planned)?;
                save(tx, &actor, &before, &planned.rules.clone().with_idle_start(&before, grace, now), word, now)?;
                if existing == Existing::Leave {
                    let both: Vec<JobId> = idle.iter().map(|idle| idle.id).chain([id]).collect();
                    drafts::discard(tx, &both)?;
                    return Ok(None);
                }
                let reason = "The lifetime rules were changed";
                if let Some(idle) = &idle {
                    // Spread out, keys are disabled by the sweep when their days are over.
                    match existing {
                        Existing::Now => {
                            start(tx, &actor, idle, "Nobody used it for as long as the lifetime rules allow", now)?;
                        }
                        _ => drafts::discard(tx, &[idle.id])?,
                    }
                }
                if shorten.total == 0 {
                    drafts::remove_draft(tx, id)?;
                    return Ok(idle.map(|idle| idle.id).filter(|_| existing == Existing::Now));
                }
                let spread_days = match existing {
                    Existing::Spread(days) => days,
                    Existing::Now | Existing::Leave => planned.spread_days,
                };
                let operation = Operation::Shorten(Shortening { spread_days, ..planned });
                start(tx, &actor, &Job { operation, ..shorten }, reason, now)?;
                Ok::<_, Error>(Some(id))
            })
            .await?;
        self.jobs_waiting.notify_one();
        Ok(job)
    }
}

/// The rules in force, when they are still those of this version.
fn unchanged(tx: &mut ReadTx, version: &str) -> Result<Rules, Error> {
    let rules = lifetime_rules::load(tx)?;
    if rules.version() == version { Ok(rules) } else { Err(Error::Conflict(CHANGED.into())) }
}

/// A draft of these rules, of the one who made it, and what it would do.
fn own_draft(tx: &mut ReadTx, id: JobId, account: Option<AccountId>) -> Result<(Job, Shortening), Error> {
    let job = jobs::find(tx, id)?.ok_or(Error::NotFound)?;
    let is_own_draft = job.state == JobState::Draft && job.is_frozen && Some(job.asked_by.account) == account;
    match &job.operation {
        Operation::Shorten(shortening) if is_own_draft => {
            let shortening = shortening.clone();
            Ok((job, shortening))
        }
        _ => Err(Error::NotFound),
    }
}

/// The draft beside it, which disables the keys that the rules call unused.
fn unused_draft(tx: &mut ReadTx, shortening: &Shortening) -> Result<Option<Job>, Error> {
    let Some(unused) = shortening.unused else { return Ok(None) };
    Ok(jobs::find(tx, unused)?.filter(|job| job.state == JobState::Draft && job.is_frozen && !job.stop_asked))
}

/// The keys that these rules would disable as unused and the rules before them would not.
fn newly_idle(rules: &Rules, before: &Rules, now: Timestamp) -> keys::predicate::Predicate {
    let old = keys::predicate::not(lifetime_rules::idle(before, true, now));
    keys::predicate::all([lifetime_rules::idle(rules, false, now), old].into_iter())
}

fn start(tx: &mut WriteTx, actor: &Actor, job: &Job, reason: &str, now: Timestamp) -> Result<(), Error> {
    drafts::confirm(tx, job.id, &job.operation, reason, now)?;
    let details = json!({ "verb": job.operation.name().as_str(), "keys": job.total, "reason": reason });
    tx.audit(actor.did(now, Action::JobStart, &format!("job {}", job.id), details));
    Ok(())
}

fn save(
    tx: &mut WriteTx,
    actor: &Actor,
    before: &Rules,
    rules: &Rules,
    existing: &str,
    now: Timestamp,
) -> Result<(), Error> {
    lifetime_rules::replace(tx, rules, actor.account, now)?;
    let details = json!({ "before": before, "after": rules, "existing_keys": existing });
    tx.audit(actor.did(now, Action::RulesChange, "lifetime rules", details));
    Ok(())
}

/// How long a confirmation of rules may be spread, in days.
pub const SPREAD: (i64, i64) = (2, 90);

/// The day up to which spread ends reach.
pub fn spread_until(now: Timestamp, days: i64) -> String {
    now.plus(span::days(days)).day()
}
