//! What changed, so that whoever keeps verdicts in memory knows which of them to drop.

use tokio::sync::broadcast;

use crate::domain::change::Change;

/// Changes that wait to be taken, at most: who is further behind has to take everything for changed.
const WAITING: usize = 4_096;

/// Hands the changes of each transaction of this process on, once it is committed.
#[derive(Clone)]
pub struct Changes(broadcast::Sender<Change>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }
}

impl Changes {
    /// Hands changes on to all who listen.
    pub(in crate::store) fn hand_on(&self, changes: Vec<Change>) {
        for change in changes {
            let _listeners = self.0.send(change);
        }
    }

    /// The same for what a transaction gave, if it was committed.
    pub(in crate::store) fn hand_on_after<T, E>(&self, written: Result<(T, Vec<Change>), E>) -> Result<T, E> {
        written.map(|(done, changes)| {
            self.hand_on(changes);
            done
        })
    }

    /// All changes from now on.
    pub fn listen(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }
}
