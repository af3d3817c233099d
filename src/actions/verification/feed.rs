//! Following the change feed: what other processes change counts here within the revocation bound (docs/rules.md, rule 8).

use std::sync::{Mutex, PoisonError};

use crate::actions::App;
use crate::domain::time::clock::Uptime;
use crate::store::feed::Position;

/// How far this process has followed the change feed.
#[derive(Default)]
pub(in crate::actions) struct Following {
    state: Mutex<State>,
}

#[derive(Default, Clone, Copy)]
struct State {
    seen: Option<Position>,
    /// It did not answer the last time.
    is_lost: bool,
}

impl Following {
    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

impl App {
    /// One round: takes in what changed since the last one. While the feed does not answer, facts in memory are trusted for no
    /// longer than the bound; verifications ask the database then. A round that failed is tried once more at once.
    pub async fn follow_changes(&self) {
        if !self.try_to_follow().await {
            self.try_to_follow().await;
        }
    }

    async fn try_to_follow(&self) -> bool {
        let (asked_at, before) = (Uptime::now(), self.following.state());
        match self.store.read_feed(before.seen).await {
            Ok((position, changes)) => {
                self.cache.note(&changes);
                self.following.set(State { seen: Some(position), is_lost: false });
                self.cache.renew(asked_at);
                if before.is_lost {
                    tracing::info!("The change feed answers again: keys are verified from memory.");
                }
                true
            }
            Err(error) => {
                self.following.set(State { is_lost: true, ..before });
                if !before.is_lost {
                    tracing::warn!(%error, "The change feed does not answer: soon, each verification asks the database.");
                }
                false
            }
        }
    }

    /// How many keys are known in memory.
    pub fn known_keys(&self) -> usize {
        self.cache.count()
    }
}
