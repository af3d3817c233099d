//! Bulk work: frozen in batches, confirmed, done in batches, undone.

pub(in crate::actions) mod batch;
pub(in crate::actions) mod ends;
pub(in crate::actions) mod freeze;
pub mod jobs;
pub mod run;
pub mod transfer;
pub(in crate::actions) mod transfer_batch;

use crate::actions::Error;
use crate::domain::audit::{Action, Event, Outcome, Via};
use crate::domain::bulk::Job;
use crate::domain::time::clock::Timestamp;

/// Why a draft has no event.
pub(in crate::actions) const DRAFT: &str = "a draft changes no key";

/// A job of rules without its rules.
pub(in crate::actions) fn lost_rules(job: &Job) -> Error {
    Error::Internal(format!("job {} has lost its rules", job.id))
}

/// An event of a job: its actor is who asked for it.
pub(in crate::actions) fn event(
    job: &Job,
    now: Timestamp,
    action: Action,
    target: String,
    details: serde_json::Value,
) -> Event {
    Event {
        at: now,
        actor: Some(job.asked_by.account),
        actor_name: job.asked_by.name.clone(),
        via: Via::Session,
        action,
        target,
        outcome: Outcome::Success,
        details,
        address: job.asked_by.address.clone(),
        request: job.asked_by.request.clone(),
    }
}
