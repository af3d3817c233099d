//! Bulk work on keys, up to its confirmation: what was chosen is frozen, shown, and confirmed with its number.

use serde_json::json;

use crate::actions::bulk::jobs::asked_by;
use crate::actions::bulk::{DRAFT, operations};
use crate::actions::{Administrator, App, Error, Reauthenticated};
use crate::domain::audit::Action;
use crate::domain::bulk::{BulkOperation, Job, Operation, Selection, Source};
use crate::domain::field_error::{FieldError, validate};
use crate::domain::ids::JobId;
use crate::domain::text::{self, Limits};
use crate::domain::time::clock::Timestamp;
use crate::store::bulk::drafts;
use crate::store::bulk::job_keys;
use crate::store::bulk::jobs;
use crate::store::bulk::jobs::NewJob;

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
        let drafted = operation.drafted().ok_or(Error::NotFound)?;
        let source = match &chosen {
            Selection::Matching(filter) => Source::Filter(filter.query()),
            Selection::Ids(_) => Source::Ticked,
        };
        let asker = asked_by.account;
        let new = NewJob::draft(drafted, source, asked_by);
        let id = self
            .act(by.authority(), move |tx| {
                tx.without_event(DRAFT);
                Ok::<_, Error>(jobs::insert(tx, &new, now)?)
            })
            .await?;
        if self.freeze(id, operation, asker, move |tx| job_keys::chosen(tx, &chosen, now)).await? == 0 {
            self.store.write_unaudited(DRAFT, move |tx| Ok::<_, Error>(drafts::remove_draft(tx, id)?)).await?;
            return Err(FieldError::new("key", operations::by_name(operation)?.nothing()).into());
        }
        Ok(id)
    }

    /// Confirms a draft. The number counts for more than ten keys, and for a filter.
    pub async fn confirm_job(&self, by: Reauthenticated<'_>, id: JobId, entered: &Confirmation) -> Result<(), Error> {
        let job = self.find_job(by.administrator(), id).await?.job;
        let now = self.now();
        let (reason, operation) = read(&job, entered, now)?;
        let actor = by.actor().clone();
        let confirmed = self
            .act(by.authority(), move |tx| {
                if !drafts::confirm(tx, id, &operation, &reason, now)? {
                    return Ok::<_, Error>(false);
                }
                let details = json!({
                    "verb": operation.name().as_str(), "keys": job.total, "filter": job.source.filter(), "reason": reason,
                    "expires_at": operation.expires_at().map(Timestamp::rfc3339), "frozen_at": job.frozen_at.rfc3339(),
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
}

/// What a confirmation says, when it says all that is needed: the reason, and the operation as it is done.
fn read(job: &Job, entered: &Confirmation, now: Timestamp) -> Result<(String, Operation), Error> {
    if job.operation.name().drafted().is_none() {
        return Err(Error::NotFound); // rules are applied with what they replace: see `apply_rules`
    }
    let mut field_errors = Vec::new();
    let typed: String = entered.number.chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    if job.needs_number() && typed != job.total.to_string() {
        field_errors.push(FieldError::new("number", format!("Type {}, the number of keys", job.total)));
    }
    let reason = text::line(Limits { field: "reason", label: "Reason", longest: 200 }, &entered.reason);
    let reason = validate(&mut field_errors, reason);
    let operation = match &job.operation {
        Operation::Expire { .. } => {
            validate(&mut field_errors, new_end(&entered.expires_on, now)).map(|at| Operation::Expire { at: Some(at) })
        }
        operation => Some(operation.clone()),
    };
    match (reason, operation) {
        (Some(reason), Some(operation)) if field_errors.is_empty() => Ok((reason, operation)),
        _ => Err(Error::Invalid(field_errors)),
    }
}

/// A day that is still to come.
fn new_end(entered: &str, now: Timestamp) -> Result<Timestamp, FieldError> {
    match Timestamp::parse_day(entered) {
        Some(day) if day > now => Ok(day),
        Some(_) => Err(FieldError::new("expires_on", format!("Choose a date after today, {}", now.day()))),
        None => Err(FieldError::new("expires_on", "Enter a date as year-month-day, such as 2027-02-18")),
    }
}
