//! Refused keys: noted in memory, and written down in batches, so that no flood of bad keys becomes a flood of writes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use super::{App, Error};
use crate::domain::audit::{Action, Event, Outcome, Via};
use crate::domain::clock::Moment;
use crate::domain::secret::FirstEight;
use crate::domain::verdict::Refusal;
use crate::store::audit;
use crate::store::usage::{self, Counts};

/// Kinds of refusals that are told apart between two writes; more are only counted.
const MOST: usize = 500;
/// Addresses of unknown keys that are told apart between two writes; the rest are counted together.
const MOST_ADDRESSES: usize = 200;

/// A known key that was refused for a reason from an address.
type Kind = (i64, FirstEight, Refusal, String);

/// Refusals since the last write.
#[derive(Default)]
pub struct Refusals {
    noted: Mutex<Noted>,
}

/// What was noted.
#[derive(Default, Clone)]
pub struct Noted {
    kinds: HashMap<Kind, Times>,
    /// Texts that are no key here, by the address that they came from; empty for those of the rest.
    unknown: HashMap<String, Times>,
    counts: HashMap<(Option<i64>, i64), Counts>,
}

impl Noted {
    /// Takes as much as one transaction writes.
    fn take_part(&mut self) -> Self {
        let keys: Vec<_> = self.counts.keys().copied().take(usage::BATCH).collect();
        let counts = keys.into_iter().filter_map(|key| self.counts.remove_entry(&key)).collect();
        Self { kinds: std::mem::take(&mut self.kinds), unknown: std::mem::take(&mut self.unknown), counts }
    }
}

#[derive(Clone)]
struct Times {
    latest: Moment,
    agent: String,
    count: i64,
}

impl Times {
    fn again(&mut self, at: Moment) {
        self.count += 1;
        self.latest = self.latest.max(at);
    }
}

impl Refusals {
    /// Notes one refusal; `key` is `None` for a text that is no key here.
    pub fn note(&self, key: Option<(i64, &FirstEight)>, refusal: Refusal, address: &str, agent: &str, at: Moment) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.counts.entry((key.map(|(id, _)| id), usage::day_of(at))).or_default().refusals += 1;
        let once = || Times { latest: at, agent: agent.to_owned(), count: 1 };
        let Some((id, first_eight)) = key else {
            let full = noted.unknown.len() >= MOST_ADDRESSES && !noted.unknown.contains_key(address);
            let address = if full { "" } else { address };
            noted.unknown.entry(address.to_owned()).and_modify(|times| times.again(at)).or_insert_with(once);
            return;
        };
        let full = noted.kinds.len() >= MOST;
        let kind = (id, first_eight.clone(), refusal, address.to_owned());
        match noted.kinds.get_mut(&kind) {
            Some(times) => times.again(at),
            None if full => {}
            None => drop(noted.kinds.insert(kind, once())),
        }
    }

    /// Takes what was noted.
    fn take(&self) -> Noted {
        std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts back what could not be written.
    fn put_back(&self, old: Noted) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, counts) in old.counts {
            noted.counts.entry(key).or_default().refusals += counts.refusals;
        }
        for (kind, times) in old.kinds {
            let count = times.count;
            let has_room = noted.kinds.len() < MOST || noted.kinds.contains_key(&kind);
            if has_room {
                noted.kinds.entry(kind).and_modify(|newer| newer.count += count).or_insert(times);
            }
        }
        for (address, times) in old.unknown {
            let count = times.count;
            let has_room = noted.unknown.len() < MOST_ADDRESSES || noted.unknown.contains_key(&address);
            let address = if has_room { address } else { String::new() };
            noted.unknown.entry(address).and_modify(|newer| newer.count += count).or_insert(times);
        }
    }
}

impl App {
    /// Writes refusals into the audit log and the counts of their days. What could not be written stays noted.
    pub(super) async fn write_refusals(&self) -> Result<(), Error> {
        let mut noted = self.refusals.take();
        while !noted.counts.is_empty() {
            let part = noted.take_part();
            let kept = part.clone();
            let written = self.store.write(move |db| {
                usage::add(db, &part.counts)?;
                Ok::<_, Error>(audit::insert_all(db, &events(part.kinds, part.unknown))?)
            });
            if let Err(error) = written.await {
                self.refusals.put_back(kept);
                self.refusals.put_back(noted);
                return Err(error);
            }
        }
        Ok(())
    }
}

/// What stands in the place of a key that nobody knows.
const UNKNOWN_KEY: &str = "(unknown key)";

/// One event for each kind, and for each address of unknown keys, in the order of their latest refusals.
fn events(kinds: HashMap<Kind, Times>, unknown: HashMap<String, Times>) -> Vec<Event> {
    let known = kinds
        .into_iter()
        .map(|((_, first_eight, refusal, address), times)| (first_eight.as_str().to_owned(), refusal, address, times));
    let unknown = unknown.into_iter().map(|(address, times)| (UNKNOWN_KEY.into(), Refusal::Unknown, address, times));
    let mut all: Vec<(String, Refusal, String, Times)> = known.chain(unknown).collect();
    all.sort_by_key(|(.., times)| times.latest);
    let event = |(target, refusal, address, times): (String, Refusal, String, Times)| Event {
        at: times.latest,
        actor: None,
        actor_name: "nobody".into(),
        via: Via::Key,
        action: Action::KeyRefuse,
        target,
        outcome: Outcome::Failure,
        details: json!({ "reason": refusal.word(), "times": times.count, "agent": times.agent }),
        address: (!address.is_empty()).then_some(address),
        request: None,
    };
    all.into_iter().map(event).collect()
}
