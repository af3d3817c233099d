//! What is removed for good: keys and events whose time to be kept is over. Each is marked first and removed two days later, if
//! it is still to be removed: a clock that was wrong meanwhile, and was put right, removes nothing.

use jiff::SignedDuration;
use serde_json::json;

use crate::actions::{Actor, App, Error};
use crate::domain::audit::{Action, Event};
use crate::domain::ids::KeyId;
use crate::domain::settings::Settings;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::days;
use crate::store::keys::change;
use crate::store::settings::{self as values, Internal};
use crate::store::{WriteTx, audit, purge};

/// Keys of one transaction.
const BATCH: i64 = 1_000;
/// Events of one transaction.
const EVENTS: i64 = 10_000;
/// So long after it was marked, something is removed.
const DELAY: SignedDuration = days(2);

/// Why a mark has no event.
const MARKED: &str = "what is removed has its event when it is removed";

impl App {
    /// Marks keys whose time is over, and removes those that were marked long enough ago.
    pub(in crate::actions) async fn purge_keys(&self, settings: &Settings, now: Timestamp) -> Result<(), Error> {
        let ended = now.plus(-settings.purge_after());
        let mut above = Some(KeyId(0));
        while let Some(key) = above {
            let (last, wrong) = self.store.read(move |tx| purge::wrong(tx, key, ended, BATCH, now)).await?;
            if !wrong.is_empty() {
                self.store.write_unaudited(MARKED, move |tx| Ok::<_, Error>(purge::take_back(tx, &wrong)?)).await?;
            }
            above = last;
        }
        while self.store.write_unaudited(MARKED, move |tx| Ok::<_, Error>(purge::mark(tx, ended, BATCH, now)?)).await?
            > 0
        {}
        while !self.is_ending() && self.store.write(move |tx| remove_keys(tx, ended, now)).await? {}
        Ok(())
    }

    /// Notes which events are over, and removes those that were noted long enough ago.
    pub(in crate::actions) async fn purge_events(&self, settings: &Settings, now: Timestamp) -> Result<(), Error> {
        if settings.audit_retention_days == 0 {
            return self
                .store
                .write_unaudited(MARKED, |tx| Ok(values::delete_internal(tx, Internal::AuditPurgePlan)?))
                .await;
        }
        let over = now.plus(-days(settings.audit_retention_days.into()));
        let due = self.store.write_unaudited(MARKED, move |tx| plan(tx, over, now)).await?;
        let Some(before) = due.map(|noted| noted.min(over)) else { return Ok(()) };
        while !self.is_ending() && self.store.write(move |tx| remove_events(tx, before, now)).await? {}
        self.store.write_unaudited(MARKED, |tx| Ok(values::delete_internal(tx, Internal::AuditPurgePlan)?)).await
    }

    /// How the database finds the keys whose time is over, in its own words.
    pub async fn explain_purge(&self) -> Result<Vec<String>, Error> {
        let now = self.now();
        Ok(self.store.read(move |tx| purge::explain(tx, now)).await?)
    }
}

/// Removes the next keys that were marked long enough ago. Says whether there may be more.
fn remove_keys(tx: &mut WriteTx, ended: Timestamp, now: Timestamp) -> Result<bool, Error> {
    let ids = purge::marked_before(tx, now.plus(-DELAY), BATCH)?;
    if ids.is_empty() {
        return Ok(false);
    }
    let keys = change::lock_for_update(tx, &ids)?;
    // What was restored while this waited for it is left.
    let ids = change::those_of(tx, &ids, change::ended_before(ended))?;
    let removed = |id| keys.get(id);
    let events: Vec<Event> = ids
        .iter()
        .filter_map(removed)
        .map(|key| {
            let details = json!({ "name": key.name, "status": key.status(now).as_str() });
            Actor::system().did(now, Action::KeyPurge, key.first_eight.as_str(), details)
        })
        .collect();
    change::purge(tx, &ids)?;
    tx.audit_all(events);
    Ok(!ids.is_empty())
}

/// The moment before which events may be removed now, as it was noted long enough ago; `None` when nothing is due. Notes one
/// when there is none, or when it was noted by a clock that was ahead.
fn plan(tx: &mut WriteTx, over: Timestamp, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let noted = values::internal(tx, Internal::AuditPurgePlan)?;
    let read = |text: String| {
        let (at, before) = text.split_once(' ')?;
        Some((Timestamp(at.parse().ok()?), Timestamp(before.parse().ok()?)))
    };
    if let Some((at, before)) = noted.and_then(read).filter(|(at, _)| *at <= now) {
        return Ok((now.since(at) >= DELAY).then_some(before));
    }
    values::set_internal(tx, Internal::AuditPurgePlan, &format!("{} {}", now.0, over.0), now)?;
    Ok(None)
}

/// Removes the next events from before a moment, and seals where the log begins now. Says whether there may be more.
fn remove_events(tx: &mut WriteTx, before: Timestamp, now: Timestamp) -> Result<bool, Error> {
    let Some((sequence, hash)) = audit::purge(tx, before, EVENTS)? else { return Ok(false) };
    let details = json!({ "through": sequence, "hash": hex::encode(hash), "before": before.rfc3339() });
    tx.audit(Actor::system().did(now, Action::AuditPurge, "audit log", details));
    Ok(true)
}
