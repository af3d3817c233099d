//! Whether facts in memory can be trusted: only while the change feed answers (docs/rules.md, rule 8).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::domain::time::clock::Uptime;

/// Until when what is known of changes is new enough.
pub struct Lease {
    /// In microseconds of [`Uptime`]; 0 before the feed has answered at all.
    until: AtomicU64,
    bound: u64,
}

impl Lease {
    /// None yet. A change counts on every node after at most so many milliseconds.
    pub fn new(bound: u64) -> Self {
        Self { until: AtomicU64::new(0), bound }
    }

    /// The feed has answered a question that was asked then, and its changes are noted.
    pub fn renew(&self, asked_at: Uptime) {
        self.until.fetch_max(asked_at.plus_millis(self.bound).0, Ordering::SeqCst);
    }

    /// For how many seconds it is still good.
    pub fn left(&self, now: Uptime) -> Duration {
        Duration::from_micros(self.until.load(Ordering::Acquire).saturating_sub(now.0))
    }

    /// Is everything noted that was committed longer ago than the bound?
    pub fn is_good(&self, now: Uptime) -> bool {
        now.0 < self.until.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_8_a_lease_ends_with_the_bound_counted_from_the_question() {
        let lease = Lease::new(1_000);
        let asked = Uptime(5_000_000);
        assert!(!lease.is_good(asked), "nothing was answered yet");
        lease.renew(asked);
        assert!(lease.is_good(Uptime(asked.0 + 999_999)));
        assert!(!lease.is_good(Uptime(asked.0 + 1_000_000)));
        lease.renew(Uptime(asked.0 - 1));
        assert!(lease.is_good(Uptime(asked.0 + 999_999)), "an answer that comes late takes nothing away");
    }
}
