//! One batch of bulk work: what is as it was frozen is changed, the rest is left, and both are written down.

use serde_json::{Value, json};

use crate::actions::Error;
use crate::actions::bulk::event;
use crate::actions::bulk::operations::{self, Batch, Change, Item, Renamed};
use crate::domain::audit::Event;
use crate::domain::bulk::{Job, SkipReason};
use crate::domain::ids::KeyId;
use crate::domain::time::clock::Timestamp;
use crate::store::WriteTx;
use crate::store::bulk::job_keys;
use crate::store::bulk::job_keys::Pending;
use crate::store::bulk::jobs;
use crate::store::keys::change;

/// Changes what is as it was frozen, leaves the rest, and writes down both.
pub(in crate::actions) fn work(tx: &mut WriteTx, job: &Job, pending: &[Pending], now: Timestamp) -> Result<(), Error> {
    let batch = Batch { job, pending, now };
    let mut change = operations::change(job)?;
    let not_at_all = change.prepare(tx, &batch)?;
    let keys = change::lock_for_update(tx, &batch.ids())?;
    let ends = change.ends(tx, &batch, &keys)?;
    let mut items: Vec<Item<'_>> = Vec::with_capacity(pending.len());
    for pending in pending {
        let key = keys.get(&pending.key);
        let decided = match (not_at_all, key) {
            (Some(why), _) => Err(why),
            (None, None) => Err(SkipReason::Gone),
            (None, Some(key)) if key.version != pending.version => Err(SkipReason::Changed),
            (None, Some(key)) => {
                let item = Item { key, before: pending.before.as_ref(), end: ends.of_key(key.id) };
                change.admits(&item, now).map(|()| item)
            }
        };
        match decided {
            Ok(item) => items.push(item),
            Err(why) => job_keys::set_skipped(tx, job.id, pending.key, why)?,
        }
    }
    let renamed = change.change(tx, &batch, &items)?;
    let done: Vec<KeyId> = items.iter().map(|item| item.key.id).collect();
    job_keys::set_done(tx, job.id, &done)?;
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let shortened = items.iter().filter(|item| item.end.is_some_and(|end| end.is_cut)).count();
    jobs::progress(tx, job.id, count(done.len()), count(shortened), count(pending.len() - done.len()))?;
    if done.is_empty() {
        tx.without_event("keys that are skipped were not changed");
    }
    tx.audit_all(items.iter().map(|item| event_of(&batch, change.as_ref(), item, &renamed)).collect());
    Ok(())
}

/// The event of one key.
fn event_of(batch: &Batch<'_>, change: &dyn Change, item: &Item<'_>, renamed: &Renamed) -> Event {
    let (job, key) = (batch.job, item.key);
    let mut details = json!({ "job": job.id, "name": key.name });
    let mut tell = |name: &str, value: Value| details[name] = value;
    if !job.reason.is_empty() {
        tell("reason", json!(job.reason));
    }
    if let Some((_, name)) = renamed.iter().find(|(id, _)| *id == key.id) {
        tell("renamed", json!([key.name, name]));
    }
    let end = item.end_after();
    if end != key.expires_at {
        tell("expires_at", json!([key.expires_at.map(Timestamp::rfc3339), end.map(Timestamp::rfc3339)]));
    }
    if let Some((name, value)) = change.details(item) {
        tell(name, value);
    }
    event(job, batch.now, change.action(), key.first_eight.as_str().to_owned(), details)
}
