//! What the transactions of this process changed, published to whoever keeps facts in memory before anybody learns that it is done.

use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::change::Change;

/// Learns of the changes of a transaction; called on the thread that committed it.
type Listener = Box<dyn Fn(&[Change]) + Send + Sync>;

/// Publishes the changes of each transaction of this process, once it is committed and before its caller goes on.
#[derive(Clone, Default)]
pub struct Changes(Arc<RwLock<Vec<Listener>>>);

impl Changes {
    /// Publishes all changes from now on.
    pub fn listen(&self, listener: impl Fn(&[Change]) + Send + Sync + 'static) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }

    /// Runs a transaction, which says what it changes, and publishes that when it is over; also when nobody knows whether it was committed.
    pub(in crate::store) fn publish_after<T, E>(
        &self,
        run: impl FnOnce(&mut Vec<Change>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut made = Vec::new();
        let done = run(&mut made);
        if !made.is_empty() {
            self.0.read().unwrap_or_else(PoisonError::into_inner).iter().for_each(|listener| listener(&made));
        }
        done
    }
}
