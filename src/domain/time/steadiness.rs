//! Is the clock to be trusted with what cannot be taken back? It is after it has run evenly for a while, and without a jump
//! since the latest moment that is known.

use crate::domain::time::clock::{DAY, MINUTE, SECOND, Timestamp};

/// The clock has to run evenly for so long, in microseconds.
const SETTLES_IN: i64 = 5 * MINUTE;
/// After a jump over more than [`FAR`], for so long.
const SETTLES_AFTER_JUMP: i64 = DAY;
/// Nobody did anything for so long, or the clock jumped: which of the two it was cannot be told.
const FAR: i64 = 2 * DAY;
/// Two clocks may drift apart by so much between two looks, in microseconds.
const DRIFT: i64 = 5 * SECOND;

/// What was seen of the clock. Running time is the machine's monotonic clock, in microseconds since the process began.
#[derive(Debug, Clone, Copy)]
pub struct Steadiness {
    seen: Timestamp,
    seen_running: i64,
    uneven_since: i64,
    jumped_far: bool,
}

impl Steadiness {
    /// At the start of the process; `known` is the latest moment that the database knows.
    pub fn new(now: Timestamp, known: Option<Timestamp>) -> Self {
        let jumped_far = known.is_some_and(|known| now.since(known) > FAR);
        Self { seen: now, seen_running: 0, uneven_since: 0, jumped_far }
    }

    /// Looks at the clock again. Says by how much it jumped, when it did.
    pub fn look(&mut self, now: Timestamp, running: i64) -> Option<i64> {
        let jump = now.since(self.seen) - (running - self.seen_running);
        (self.seen, self.seen_running) = (now, running);
        if jump.abs() <= DRIFT {
            return None;
        }
        self.uneven_since = running;
        self.jumped_far = self.jumped_far || jump.abs() > FAR;
        Some(jump)
    }

    /// May something be removed for good by this clock?
    pub fn is_settled(&self, running: i64) -> bool {
        running - self.uneven_since >= if self.jumped_far { SETTLES_AFTER_JUMP } else { SETTLES_IN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_000 * DAY);

    #[test]
    fn a_clock_that_runs_evenly_settles_in_minutes() {
        let mut clock = Steadiness::new(NOON, Some(NOON.plus(-DAY)));
        assert!(!clock.is_settled(MINUTE));
        assert_eq!(clock.look(NOON.plus(4 * MINUTE), 4 * MINUTE + SECOND), None, "a second of drift");
        assert!(clock.is_settled(SETTLES_IN));
    }

    #[test]
    fn a_jump_begins_it_anew() {
        let mut clock = Steadiness::new(NOON, Some(NOON));
        assert!(clock.is_settled(10 * MINUTE));
        assert_eq!(clock.look(NOON.plus(3_610 * SECOND), 10 * SECOND), Some(3_600 * SECOND));
        assert!(!clock.is_settled(10 * SECOND + SETTLES_IN - 1) && clock.is_settled(10 * SECOND + SETTLES_IN));
    }

    #[test]
    fn far_from_all_that_is_known_it_takes_a_day() {
        for mut clock in [Steadiness::new(NOON.plus(130 * DAY), Some(NOON)), {
            let mut clock = Steadiness::new(NOON, Some(NOON));
            assert_eq!(clock.look(NOON.plus(-500 * DAY), 0), Some(-500 * DAY));
            clock
        }] {
            assert!(!clock.is_settled(DAY - 1) && clock.is_settled(DAY));
            assert_eq!(clock.look(clock.seen.plus(SECOND), SECOND), None);
        }
    }
}
