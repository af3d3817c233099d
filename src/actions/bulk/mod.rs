//! Bulk work: frozen in batches, confirmed, done in batches, undone. What each operation does is in [`operations`].

pub(in crate::actions) mod batch;
mod carry_over;
pub mod draft;
pub(in crate::actions) mod ends;
pub(in crate::actions) mod freeze;
pub mod jobs;
pub(in crate::actions) mod narrow;
pub mod operations;
pub mod run;
pub mod transfer;
pub mod undo;

use crate::domain::audit::{Action, Event, Outcome, Via};
use crate::domain::bulk::Job;
use crate::domain::time::clock::Timestamp;

/// Why a draft has no event.
pub(in crate::actions) const DRAFT: &str = "a draft changes no key";

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
