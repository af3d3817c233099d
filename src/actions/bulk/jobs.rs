//! Bulk work on keys, up to its confirmation: what was chosen is frozen, shown, and confirmed with its number.

use serde_json::json;

use crate::actions::bulk::DRAFT;
use crate::actions::bulk::lost_rules;
use crate::actions::{Actor, Administrator, App, Error, Reauthenticated};
use crate::domain::audit::Action;
use crate::domain::bulk::shortening::Shortening;
use crate::domain::bulk::{AskedBy, BulkOperation, DeletedPolicy, Job, JobState, SkipReason, Source};
use crate::domain::field_error::{FieldError, validate};
use crate::domain::ids::JobId;
use crate::domain::text::{self, Limits};
use crate::domain::time::clock::Timestamp;
use crate::store::bulk::job_keys;
use crate::store::bulk::jobs;
use crate::store::bulk::jobs::NewJob;
use crate::store::keys::lifetime_rules;
use crate::store::rights::policies;
use crate::store::{Error as StoreError, ReadTx, WriteTx, accounts, settings};

use crate::domain::bulk::Selection;

/// A job with what its page tells.
#[derive(Debug, Clone)]
pub struct JobDetails {
    /// The job.
    pub job: Job,
    /// The first few keys: first eight, name, owner.
    pub sample: Vec<(String, String, String)>,
    /// How many keys were left, for each reason.
    pub left: Vec<(SkipReason, i64)>,
    /// Until when deleted keys can be restored.
    pub restorable_until: Timestamp,
}

/// What somebody enters on a confirmation.
#[derive(Debug, Clone, Default)]
pub struct Confirmation {
    /// The number of keys, typed.
    pub number: String,
    /// Why; may be empty.
    pub reason: String,
    /// The new end of [`BulkOperation::Expire`], as year-month-day.
    pub expires_on: String,
}

impl App {
    /// Freezes what was chosen, for somebody to confirm. Nothing that fits is an error.
    pub async fn draft_job(
        &self,
        by: Administrator<'_>,
        operation: BulkOperation,
        chosen: Selection,
    ) -> Result<JobId, Error> {
        let (asked_by, now) = (asked_by(by.actor())?, self.now());
        let filter = match &chosen {
            Selection::Matching(filter) => Some(filter.query()),
            Selection::Ids(_) => None,
        };
        let asker = asked_by.account;
        let new = NewJob::draft(operation, filter, asked_by, String::new());
        let id = self
            .act(by.authority(), move |tx| {
                tx.without_event(DRAFT);
                Ok::<_, Error>(jobs::insert(tx, &new, now)?)
            })
            .await?;
        if self.freeze(id, operation, asker, move |tx| job_keys::chosen(tx, operation, &chosen, now)).await? == 0 {
            self.store.write_unaudited(DRAFT, move |tx| Ok::<_, Error>(jobs::remove_draft(tx, id)?)).await?;
            return Err(FieldError::new("key", nothing(operation)).into());
        }
        Ok(id)
    }

    /// A job; a draft only for the one who made it.
    pub async fn find_job(&self, by: Administrator<'_>, id: JobId) -> Result<JobDetails, Error> {
        let (account, now) = (by.account, self.now());
        self.store
            .read(move |tx| {
                let job = jobs::find(tx, id)?.ok_or(Error::NotFound)?;
                if job.state == JobState::Draft && (Some(job.asked_by.account) != account || !job.is_frozen) {
                    return Err(Error::NotFound);
                }
                let keep = settings::load(tx)?.purge_after();
                let restorable_until = job.confirmed_at.unwrap_or(now).plus(keep);
                let (sample, left) = (job_keys::sample(tx, id, 10)?, job_keys::left_by_reason(tx, id)?);
                Ok(JobDetails { job, sample, left, restorable_until })
            })
            .await
    }

    /// Jobs that were confirmed, latest first.
    pub async fn list_jobs(&self, _: Administrator<'_>) -> Result<Vec<Job>, Error> {
        Ok(self.store.read(|tx| jobs::list(tx, 100)).await?)
    }

    /// Confirms a draft. The number counts for more than ten keys, and for a filter.
    pub async fn confirm_job(&self, by: Reauthenticated<'_>, id: JobId, entered: &Confirmation) -> Result<(), Error> {
        let job = self.find_job(by.administrator(), id).await?.job;
        if !BulkOperation::CHOICES.contains(&job.operation) {
            return Err(Error::NotFound); // rules are applied with what they replace: see `apply_rules`
        }
        let now = self.now();
        let (reason, expires_at) = read(&job, entered, now)?;
        let actor = by.actor().clone();
        let confirmed = self
            .act(by.authority(), move |tx| {
                if !jobs::confirm(tx, id, &reason, expires_at, now)? {
                    return Ok::<_, Error>(false);
                }
                let details = json!({
                    "verb": job.operation.as_str(), "keys": job.total, "filter": job.filter, "reason": reason,
                    "expires_at": expires_at.map(Timestamp::rfc3339), "frozen_at": job.frozen_at.rfc3339(),
                });
                tx.audit(actor.did(now, Action::JobStart, &format!("job {id}"), details));
                Ok(true)
            })
            .await?;
        // A second press finds the job confirmed: it leads to the same page.
        if confirmed {
            self.jobs_waiting.notify_one();
        }
        Ok(())
    }

    /// Asks a job to stop after the batch that it is at.
    pub async fn stop_job(&self, by: Administrator<'_>, id: JobId) -> Result<(), Error> {
        let event = by.did(self.now(), Action::JobStop, &format!("job {id}"), json!({}));
        let stopping = self
            .act(by.authority(), move |tx| {
                let stopping = jobs::ask_to_stop(tx, id)?;
                if stopping {
                    tx.audit(event);
                }
                Ok::<_, Error>(stopping)
            })
            .await?;
        if stopping { Ok(()) } else { Err(Error::Conflict("This work has already ended.".into())) }
    }

    /// Gives back exactly what a job changed: makes another job, and gives its number. Once.
    pub async fn undo_job(&self, by: Reauthenticated<'_>, id: JobId) -> Result<JobId, Error> {
        let (actor, asked_by, now) = (by.actor().clone(), asked_by(by.actor())?, self.now());
        let undo = self
            .act(by.authority(), move |tx| {
                let job = jobs::find(tx, id)?.filter(|job| job.state != JobState::Draft).ok_or(Error::NotFound)?;
                if let Some(undo) = job.undone_by {
                    return Ok(undo);
                }
                can_be_undone(tx, &job, now)?;
                let deleted = job.deleted_policy();
                if let Some(deleted) = &deleted {
                    restore_policy(tx, deleted)?;
                }
                let new = NewJob {
                    undoes: Some(id),
                    parameter: job.operation.as_str().into(),
                    ..NewJob::queued(BulkOperation::Undo, Source::Job(id), asked_by)
                };
                let undo = jobs::insert(tx, &new, now)?;
                if !jobs::set_undone(tx, id, undo)? {
                    return Err(Error::Conflict("Somebody else undid this at the same moment.".into()));
                }
                if let Some(deleted) = &deleted {
                    tx.audit(actor.did(now, Action::PolicyRestore, &deleted.name, json!({ "job": undo })));
                }
                let details = json!({ "verb": "undo", "undoes": id, "keys": job.done });
                tx.audit(actor.did(now, Action::JobStart, &format!("job {undo}"), details));
                Ok::<_, Error>(undo)
            })
            .await?;
        self.jobs_waiting.notify_one();
        Ok(undo)
    }
}

/// The person who acts; nobody else asks for bulk work.
pub(in crate::actions) fn asked_by(actor: &Actor) -> Result<AskedBy, Error> {
    let account = actor.account.ok_or_else(|| Error::Forbidden("Bulk changes need a signed-in person.".into()))?;
    let address = actor.address.map(|address| address.to_string());
    Ok(AskedBy { account, name: actor.name.clone(), address, request: actor.request.clone() })
}

/// Brings a policy back that was deleted with its keys. It needs its name.
fn restore_policy(tx: &mut WriteTx, deleted: &DeletedPolicy) -> Result<(), Error> {
    policies::set_deleted(tx, deleted.policy, None).map_err(|error| match error {
        StoreError::Conflict(_) => {
            let text = format!("Another policy is called {} by now. Rename that one first.", deleted.name);
            Error::Conflict(text)
        }
        error => error.into(),
    })
}

fn can_be_undone(tx: &mut ReadTx, job: &Job, now: Timestamp) -> Result<(), Error> {
    let refuse = |text: &str| Err(Error::Conflict(text.into()));
    if !job.is_over() {
        return refuse("This work is still going on. Stop it first, or wait until it is done.");
    }
    if job.operation == BulkOperation::Undo {
        return refuse("This was itself an undo. Choose the keys, and change them again.");
    }
    let keep = settings::load(tx)?.purge_after();
    if job.finished_at.is_none_or(|at| now.since(at) > keep) {
        return refuse("This is too long ago: what it changed may have been purged.");
    }
    if job.operation == BulkOperation::Shorten
        && Shortening::of(job).ok_or_else(|| lost_rules(job))?.rules.same_lifetimes(&lifetime_rules::load(tx)?)
    {
        return refuse(
            "These lifetime rules are still in force, so no key may end later. Change them first, then undo this.",
        );
    }
    if job.operation == BulkOperation::Transfer {
        let from = match job.source {
            Some(Source::Owner(owner)) => vec![owner],
            _ => job_keys::owners_before(tx, job.id)?,
        };
        for owner in from {
            if let Some(owner) = accounts::find(tx, owner)?.filter(|owner| !owner.active) {
                let text = format!(
                    "{} was deleted or deactivated, so its keys would be refused. Activate it first.",
                    owner.display_name
                );
                return refuse(&text);
            }
        }
    }
    if job.done == 0 && job.deleted_policy().is_none() {
        return refuse("Nothing was changed, so there is nothing to give back.");
    }
    Ok(())
}

fn nothing(operation: BulkOperation) -> String {
    match operation {
        BulkOperation::Delete => "All selected keys are deleted already".into(),
        BulkOperation::Restore => "None of the selected keys was deleted".into(),
        BulkOperation::Enable => "None of the selected keys is disabled".into(),
        BulkOperation::Disable => "None of the selected keys can be disabled".into(),
        BulkOperation::Expire
        | BulkOperation::Undo
        | BulkOperation::Shorten
        | BulkOperation::Idle
        | BulkOperation::GivePolicy
        | BulkOperation::Transfer => "All selected keys have ended".into(),
    }
}

/// What a confirmation says, when it says all that is needed.
fn read(job: &Job, entered: &Confirmation, now: Timestamp) -> Result<(String, Option<Timestamp>), Error> {
    let mut field_errors = Vec::new();
    let typed: String = entered.number.chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    if job.needs_number() && typed != job.total.to_string() {
        field_errors.push(FieldError::new("number", format!("Type {}, the number of keys", job.total)));
    }
    let reason = text::line(Limits { field: "reason", label: "Reason", longest: 200 }, &entered.reason);
    let reason = validate(&mut field_errors, reason);
    let mut expires_at = None;
    if job.operation == BulkOperation::Expire {
        match Timestamp::parse_day(&entered.expires_on) {
            Some(day) if day > now => expires_at = Some(day),
            Some(_) => {
                field_errors.push(FieldError::new("expires_on", format!("Choose a date after today, {}", now.day())));
            }
            None => {
                field_errors.push(FieldError::new("expires_on", "Enter a date as year-month-day, such as 2027-02-18"));
            }
        }
    }
    match reason {
        Some(reason) if field_errors.is_empty() => Ok((reason, expires_at)),
        _ => Err(Error::Invalid(field_errors)),
    }
}
