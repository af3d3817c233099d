//! Changes that were refused: noted in memory, and written into the audit log in batches, so that no flood of them becomes a flood
//! of writes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use super::{Actor, App, Error};
use crate::domain::audit::{Action, Event};
use crate::domain::clock::Moment;
use crate::store::audit;

/// Attempts that are told apart between two writes; the rest are counted together.
const MOST: usize = 300;
/// Attempts from one address, or of one account, that are told apart: nobody pushes the others out.
const MOST_OF_ONE: usize = 20;
/// What stands in the place of those.
const OTHERS: &str = "(others)";

/// What was tried, by whom and from where: the name of the account, what it asked for, the answer's status, the address.
type Kind = (String, String, u16, String);

/// Attempts since the last write.
#[derive(Default)]
pub struct Attempts {
    noted: Mutex<HashMap<Kind, Times>>,
}

#[derive(Clone)]
struct Times {
    actor: Actor,
    latest: Moment,
    count: i64,
}

impl Attempts {
    fn note(&self, actor: Actor, target: String, status: u16, at: Moment) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = (actor.name.clone(), target, status, actor.address_text());
        let of_one = |other: &&Kind| other.0 == kind.0 && (actor.account.is_some() || other.3 == kind.3);
        let is_new = !noted.contains_key(&kind);
        let (kind, actor) = if is_new && noted.len() >= MOST {
            (("nobody".into(), OTHERS.into(), 0, String::new()), Actor::stranger(None, None))
        } else if is_new && noted.keys().filter(of_one).count() >= MOST_OF_ONE {
            ((kind.0, OTHERS.into(), 0, kind.3), actor)
        } else {
            (kind, actor)
        };
        let times = noted.entry(kind).or_insert(Times { actor, latest: at, count: 0 });
        times.count += 1;
        times.latest = times.latest.max(at);
    }

    fn take(&self) -> HashMap<Kind, Times> {
        std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put_back(&self, old: HashMap<Kind, Times>) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, times) in old {
            let count = times.count;
            let full = noted.len() >= MOST && !noted.contains_key(&kind);
            let kind = if full { ("nobody".into(), OTHERS.into(), 0, String::new()) } else { kind };
            noted.entry(kind).and_modify(|newer| newer.count += count).or_insert(times);
        }
    }
}

impl App {
    /// Notes that somebody tried to change something, and was refused with this status. `target` is the method and the path.
    pub fn note_attempt(&self, actor: Actor, target: String, status: u16) {
        self.attempts.note(actor, target, status, self.now());
    }

    /// Writes them into the audit log. What could not be written stays noted.
    pub(super) async fn write_attempts(&self) -> Result<(), Error> {
        let noted = self.attempts.take();
        if noted.is_empty() {
            return Ok(());
        }
        let kept = noted.clone();
        let written = self.store.write(move |db| Ok::<_, Error>(audit::insert_all(db, &events(noted))?)).await;
        if written.is_err() {
            self.attempts.put_back(kept);
        }
        written
    }
}

/// One event for each kind, in the order of their latest attempts.
fn events(noted: HashMap<Kind, Times>) -> Vec<Event> {
    let mut all: Vec<(Kind, Times)> = noted.into_iter().collect();
    all.sort_by(|(a, first), (b, second)| (first.latest, a).cmp(&(second.latest, b)));
    let event = |((_, target, status, _), times): (Kind, Times)| {
        let details = json!({ "status": status, "times": times.count });
        times.actor.failed(times.latest, Action::AttemptRefuse, &target, details)
    };
    all.into_iter().map(event).collect()
}
