//! Refused keys: noted in memory, and written down in batches, so that no flood of bad keys becomes a flood of writes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use crate::actions::{App, Error};
use crate::domain::audit::{Action, Event, Outcome, Via};
use crate::domain::ids::KeyId;
use crate::domain::keys::secret::FirstEight;
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::domain::usage::Counted;
use crate::domain::usage::Counts;
use crate::domain::verdict::Refusal;
use crate::store::usage;
use crate::store::usage::refusals;

/// Kinds of refusals that are told apart between two writes; more are only counted.
const MOST: usize = 500;
/// Addresses of unknown keys that are told apart between two writes; the rest are counted together.
const MOST_ADDRESSES: usize = 200;

/// Longer `User-Agent`s are cut, in characters.
const LONGEST_AGENT: usize = 200;

/// What is told apart: a key that was refused on a day for a reason from an address, when this was asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    /// `None`: a text that is no key here, or what is not told apart.
    key: Option<(KeyId, FirstEight)>,
    reason: Refusal,
    /// Empty for what is not told apart.
    address: String,
    /// Empty where the key was not good, whatever was asked.
    asked: String,
    day: i64,
}

/// Refusals since the last write.
#[derive(Default)]
pub struct Refusals {
    noted: Mutex<Noted>,
}

/// What was noted.
#[derive(Default, Clone)]
pub struct Noted {
    kinds: HashMap<Kind, Times>,
    /// How many of the kinds have a key.
    known: usize,
    counts: HashMap<(Option<KeyId>, i64), Counts>,
}

impl Noted {
    /// Takes as much as one transaction writes.
    fn take_part(&mut self) -> Self {
        let keys: Vec<_> = self.counts.keys().copied().take(usage::BATCH).collect();
        let counts = keys.into_iter().filter_map(|key| self.counts.remove_entry(&key)).collect();
        Self { kinds: std::mem::take(&mut self.kinds), known: std::mem::take(&mut self.known), counts }
    }

    /// Adds to a kind. Where too many are told apart already, it is counted with the rest of its reason.
    fn add(&mut self, kind: Kind, times: Times) {
        let full = match &kind.key {
            Some(_) => self.known >= MOST,
            None => self.kinds.len() - self.known >= MOST_ADDRESSES,
        };
        let kind = if full && !self.kinds.contains_key(&kind) {
            Kind { key: None, address: String::new(), asked: String::new(), ..kind }
        } else {
            kind
        };
        let has_key = kind.key.is_some();
        match self.kinds.entry(kind) {
            Entry::Occupied(mut known) => known.get_mut().add(&times),
            Entry::Vacant(free) => {
                self.known += usize::from(has_key);
                free.insert(times);
            }
        }
    }
}

#[derive(Clone)]
struct Times {
    latest: Timestamp,
    agent: String,
    count: i64,
}

impl Times {
    fn add(&mut self, more: &Self) {
        self.count += more.count;
        if more.latest >= self.latest {
            self.latest = more.latest;
            self.agent.clone_from(&more.agent);
        }
    }
}

/// A refusal, as it is noted.
pub(in crate::actions) struct Refused<'a> {
    /// `None` for a text that is no key here.
    pub key: Option<(KeyId, FirstEight)>,
    /// Why.
    pub reason: Refusal,
    /// What was asked of a good key; empty for any other.
    pub asked: String,
    /// From where.
    pub address: Option<IpAddr>,
    /// With what.
    pub agent: &'a str,
    /// When.
    pub at: Timestamp,
}

impl Refusals {
    /// Notes one refusal.
    pub(in crate::actions) fn note(&self, refused: Refused<'_>) {
        let Refused { key, reason, asked, address, agent, at } = refused;
        let day = at.day_number();
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.counts.entry((key.as_ref().map(|(id, _)| *id), day)).or_default().refusals += 1;
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        let kind = Kind { key, reason, address, asked, day };
        noted.add(kind, Times { latest: at, agent: text::excerpt(agent, LONGEST_AGENT), count: 1 });
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
            noted.add(kind, times);
        }
    }
}

impl App {
    /// Writes refusals into the audit log and the counts of their days. What could not be written stays noted.
    pub(in crate::actions) async fn write_refusals(&self) -> Result<(), Error> {
        let mut noted = self.refusals.take();
        while !noted.counts.is_empty() {
            let part = noted.take_part();
            let kept = part.clone();
            let written = self.store.write_unaudited("what is only counted has no event", move |tx| {
                usage::add(tx, &part.counts)?;
                refusals::add(tx, &counted(&part.kinds))?;
                tx.audit_all(events(part.kinds));
                Ok::<_, Error>(())
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

/// One row for each kind, in one order on every node: no deadlock.
fn counted(kinds: &HashMap<Kind, Times>) -> Vec<Counted> {
    let row = |(kind, times): (&Kind, &Times)| Counted {
        day: kind.day,
        key: kind.key.as_ref().map_or(KeyId(0), |(id, _)| *id),
        reason: kind.reason.as_str().to_owned(),
        address: kind.address.clone(),
        asked: kind.asked.clone(),
        times: times.count,
        last_at: times.latest,
    };
    let mut rows: Vec<Counted> = kinds.iter().map(row).collect();
    rows.sort_unstable_by(|a, b| {
        (a.day, a.key, &a.reason, &a.address, &a.asked).cmp(&(b.day, b.key, &b.reason, &b.address, &b.asked))
    });
    rows
}

/// What stands in the place of a key that nobody knows.
const UNKNOWN_KEY: &str = "(unknown key)";
/// What stands in the place of keys that are not told apart.
const OTHER_KEYS: &str = "(other keys)";

/// One event for each kind, in the order of their latest refusals.
fn events(kinds: HashMap<Kind, Times>) -> Vec<Event> {
    let mut all: Vec<(Kind, Times)> = kinds.into_iter().collect();
    all.sort_by_key(|(_, times)| times.latest);
    let event = |(kind, times): (Kind, Times)| {
        let mut details = json!({ "reason": kind.reason.as_str(), "times": times.count, "agent": times.agent });
        if !kind.asked.is_empty() {
            details["asked"] = kind.asked.into();
        }
        let target = match (&kind.key, kind.reason) {
            (Some((_, first_eight)), _) => first_eight.as_str(),
            (None, Refusal::Unknown) => UNKNOWN_KEY,
            (None, _) => OTHER_KEYS,
        };
        Event {
            at: times.latest,
            actor: None,
            actor_name: "nobody".into(),
            via: Via::Key,
            action: Action::KeyRefuse,
            target: target.to_owned(),
            outcome: Outcome::Failure,
            details,
            address: (!kind.address.is_empty()).then_some(kind.address),
            request: None,
        }
    };
    all.into_iter().map(event).collect()
}
