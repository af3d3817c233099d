//! What Claviger does by itself, in the background: write down uses, forget what is over, disable what nobody uses.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;

use crate::actions::sign_in::sessions;
use crate::actions::{Actor, App, Error};
use crate::domain::audit::{Action, Event};
use crate::domain::ids::KeyId;
use crate::domain::keys::api_key::Stop;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::{DAY, days};
use crate::store::accounts::sessions as session_rows;
use crate::store::bulk::drafts;
use crate::store::bulk::job_keys;
use crate::store::bulk::jobs;
use crate::store::keys::change;
use crate::store::keys::forms;
use crate::store::keys::lifetime_rules;
use crate::store::keys::replaced_secrets;
use crate::store::usage::refusals;
use crate::store::{WriteTx, settings, usage};

/// Keys of one transaction.
const BATCH: i64 = 1_000;
/// How long the uses of a key are kept by the day.
const KEEP_USAGE: SignedDuration = days(400);

/// Why it has no event.
const OVER: &str = "nobody can see or use any more what is removed";

impl App {
    /// Writes the uses noted since the last time; says of how many keys. Forgets throttle buckets that are full again.
    pub async fn flush_uses(&self) -> Result<usize, Error> {
        self.throttle.tidy();
        let refusals = self.write_refusals().await.and(self.write_attempts().await);
        let uses = self.use_log.flush(&self.store).await?;
        refusals.map(|()| uses)
    }

    /// How long uses are to be noted before they are written again, beyond the usual time: writing them takes a tenth of the time at the
    /// most, however many keys are used.
    pub fn rest_after_flush(&self) -> Duration {
        self.use_log.took().saturating_mul(9)
    }

    /// Sweeps, unless the clock may be wrong: what is removed by a wrong clock does not come back.
    pub async fn sweep_when_settled(&self) -> Result<(), Error> {
        self.look_at_clock().await?; // now, not when it was looked at last
        if self.is_clock_settled() { self.sweep().await } else { Ok(()) }
    }

    /// Removes what is over, disables keys that nobody uses, purges keys and events whose time to be kept is over.
    pub async fn sweep(&self) -> Result<(), Error> {
        let now = self.now();
        let settings = self
            .store
            .write_unaudited(OVER, move |tx| {
                session_rows::purge(tx, now, sessions::idle_since(now))?;
                replaced_secrets::purge(tx, now)?;
                forms::purge(tx, now.plus(-DAY))?;
                Ok::<_, Error>(settings::load(tx)?)
            })
            .await?;
        let undoable_since = now.plus(-settings.purge_after() - DAY);
        self.delete_jobs(undoable_since, now.plus(-DAY)).await?;
        while self
            .store
            .write_unaudited(OVER, move |tx| usage::purge_day(tx, now.plus(-KEEP_USAGE)))
            .await
            .map_err(Error::from)?
        {}
        let kept_from = now.plus(-KEEP_USAGE).day_number();
        self.store.write_unaudited(OVER, move |tx| Ok::<_, Error>(refusals::purge(tx, kept_from)?)).await?;
        while self.store.write(move |tx| disable_unused(tx, now)).await? {}
        self.purge_keys(&settings, now).await?;
        self.purge_events(&settings, now).await?;
        self.keep_counts().await?;
        Ok(self.store.analyze().await?)
    }
}

impl App {
    /// Forgets which keys jobs were about that ended before a moment, and drafts that nobody confirmed, a batch at a time.
    async fn delete_jobs(&self, ended_before: Timestamp, drafted_before: Timestamp) -> Result<(), Error> {
        let read = self
            .store
            .read(move |tx| Ok::<_, Error>((drafts::abandoned(tx, drafted_before)?, jobs::over(tx, ended_before)?)));
        let (drafts, over) = read.await?;
        for id in drafts.iter().chain(&over).copied() {
            while self.store.write_unaudited(OVER, move |tx| Ok::<_, Error>(job_keys::delete_some(tx, id)?)).await? {}
        }
        for id in drafts {
            self.store.write_unaudited(OVER, move |tx| Ok::<_, Error>(drafts::remove_draft(tx, id)?)).await?;
        }
        Ok(())
    }
}

/// Pauses the next keys that nobody used for as long as the lifetime rules allow. Says whether there may be more.
fn disable_unused(tx: &mut WriteTx, now: Timestamp) -> Result<bool, Error> {
    let rules = lifetime_rules::load(tx)?;
    if rules.0.iter().all(|rule| rule.idle_days.is_none()) {
        return Ok(false);
    }
    let ids = change::some_of(tx, lifetime_rules::idle(&rules, true, now), BATCH)?;
    if ids.is_empty() {
        return Ok(false);
    }
    let keys = change::lock_for_update(tx, &ids)?;
    // What was used or changed while this waited for it is left.
    let ids = change::those_of(tx, &ids, lifetime_rules::idle(&rules, true, now))?;
    let reason = "Nobody used it for as long as the lifetime rules allow".to_owned();
    change::set_disabled_all(tx, &ids, Some(&Stop { at: now, by: None, reason: reason.clone() }), now)?;
    let event = |id: &KeyId| {
        let key = keys.get(id)?;
        Some(Actor::system().did(
            now,
            Action::KeyDisable,
            key.first_eight.as_str(),
            json!({ "name": key.name, "reason": reason }),
        ))
    };
    let events: Vec<Event> = ids.iter().filter_map(event).collect();
    tx.audit_all(events);
    Ok(!ids.is_empty())
}
