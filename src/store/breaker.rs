//! A circuit breaker: while the database is away, whoever asks is refused at once, and now and then one tries.
//!
//! Without it an outage is handed on: each request waits its time, and the gateways' workers fill up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// While it is open, one request in this time tries.
const TRY_EVERY: Duration = Duration::from_millis(100);

/// Closed until a request fails, open until one succeeds.
#[derive(Default)]
pub struct Breaker {
    /// The same as whether `tried` holds something, without a lock for those who come while it is closed.
    is_open: AtomicBool,
    /// When somebody tried last; `None` while it is closed.
    tried: Mutex<Option<Instant>>,
}

impl Breaker {
    /// May this request ask the database?
    pub fn admits(&self) -> bool {
        if !self.is_open.load(Ordering::Relaxed) {
            return true;
        }
        let now = Instant::now();
        match &mut *self.lock() {
            None => true,
            Some(tried) if now.duration_since(*tried) >= TRY_EVERY => {
                *tried = now;
                true
            }
            Some(_) => false,
        }
    }

    /// Notes how a request that was admitted ended.
    pub fn note(&self, answered: bool) {
        if answered && !self.is_open.load(Ordering::Relaxed) {
            return;
        }
        let mut tried = self.lock();
        self.is_open.store(!answered, Ordering::Relaxed);
        match (answered, tried.is_some()) {
            (true, true) => {
                *tried = None;
                tracing::info!("The database answers again.");
            }
            (false, false) => {
                *tried = Some(Instant::now());
                tracing::warn!("The database does not answer. Verifications are refused until it does.");
            }
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failure_one_tries_now_and_then_until_one_succeeds() {
        let breaker = Breaker::default();
        assert!(breaker.admits() && breaker.admits(), "closed");
        breaker.note(false);
        assert!(!breaker.admits(), "open at once");
        *breaker.lock() = Some(Instant::now().checked_sub(TRY_EVERY).unwrap());
        assert!(breaker.admits(), "one tries");
        assert!(!breaker.admits(), "one alone");
        breaker.note(false);
        assert!(!breaker.admits(), "still open");
        breaker.note(true);
        assert!(breaker.admits() && breaker.admits(), "closed again");
    }
}
