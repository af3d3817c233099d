//! Changes that were refused: noted in memory, and written into the audit log in batches, so that no flood of them becomes a flood
//! of writes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use crate::actions::{Actor, App, Error};
use crate::domain::audit::{Action, Event};
use crate::domain::network::network_of;
use crate::domain::time::clock::Timestamp;

/// Attempts that are told apart between two writes; the rest are counted together.
const MOST: usize = 300;
/// Attempts from one address, or of one account, that are told apart: nobody pushes the others out.
const MOST_OF_ONE: usize = 20;
/// What stands in the place of those.
const OTHERS: &str = "(others)";

/// What was tried, by whom and from where: the name of the account, what it asked for, the answer's status, the address or network.
type Kind = (String, String, u16, String);

/// Attempts since the last write.
#[derive(Default)]
pub struct Attempts {
    noted: Mutex<HashMap<Kind, Times>>,
}

#[derive(Clone)]
struct Times {
    actor: Actor,
    latest: Timestamp,
    count: i64,
}

impl Attempts {
    fn note(&self, actor: Actor, target: String, status: u16, at: Timestamp) {
        // A stranger with an IPv6 network has more addresses than can be told apart.
        let address = match actor.account {
            Some(_) => actor.address_text(),
            None => actor.address.map(network_of).map(|network| network.to_string()).unwrap_or_default(),
        };
        let kind = (actor.name.clone(), target, status, address);
        self.add([(kind, Times { actor, latest: at, count: 1 })]);
    }

    fn take(&self) -> HashMap<Kind, Times> {
        std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds what happened; what cannot be told apart any more is counted with others.
    fn add(&self, more: impl IntoIterator<Item = (Kind, Times)>) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, mut times) in more {
            let is_known = times.actor.account.is_some();
            let of_one = |other: &&Kind| other.0 == kind.0 && (is_known || other.3 == kind.3);
            let is_new = !noted.contains_key(&kind);
            let of_all: Kind = ("nobody".into(), OTHERS.into(), 0, String::new());
            let kind = if is_new && noted.len() - usize::from(noted.contains_key(&of_all)) >= MOST {
                times.actor = Actor::anonymous(None, None);
                of_all
            } else if is_new && noted.keys().filter(of_one).count() >= MOST_OF_ONE {
                if is_known {
                    times.actor.address = None; // they came from several
                }
                let address = if is_known { String::new() } else { kind.3 };
                (kind.0, OTHERS.into(), 0, address)
            } else {
                kind
            };
            let (latest, count) = (times.latest, times.count);
            let sum = noted.entry(kind).or_insert(Times { count: 0, ..times });
            sum.count += count;
            sum.latest = sum.latest.max(latest);
        }
    }
}

impl App {
    /// Notes that somebody tried to change something, and was refused with this status. `target` is the method and the path.
    pub fn note_attempt(&self, actor: Actor, target: String, status: u16) {
        self.attempts.note(actor, target, status, self.now());
    }

    /// Writes them into the audit log. What could not be written stays noted.
    pub(in crate::actions) async fn write_attempts(&self) -> Result<(), Error> {
        let noted = self.attempts.take();
        if noted.is_empty() {
            return Ok(());
        }
        let kept = noted.clone();
        let written = self
            .store
            .write(move |tx| {
                tx.audit_all(events(noted));
                Ok::<_, Error>(())
            })
            .await;
        if written.is_err() {
            self.attempts.add(kept);
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
