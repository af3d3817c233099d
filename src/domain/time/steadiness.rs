//! Is the clock to be trusted with what cannot be taken back? It is after it has run evenly for a while, and without a jump
//! since the latest moment that is known.

use jiff::SignedDuration;

use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::{DAY, days};

/// The clock has to run evenly for so long.
const SETTLES_IN: SignedDuration = SignedDuration::from_mins(5);
/// After a jump over more than [`FAR`], for so long.
const SETTLES_AFTER_JUMP: SignedDuration = DAY;
/// Nobody did anything for so long, or the clock jumped: which of the two it was cannot be told.
const FAR: SignedDuration = days(2);
/// Two clocks may drift apart by so much between two looks.
const DRIFT: SignedDuration = SignedDuration::from_secs(5);

/// What was seen of the clock. Running time is the machine's monotonic clock, since the process began.
#[derive(Debug, Clone, Copy)]
pub struct Steadiness {
    seen: Timestamp,
    seen_running: SignedDuration,
    uneven_since: SignedDuration,
    jumped_far: bool,
}

impl Steadiness {
    /// At the start of the process; `known` is the latest moment that the database knows.
    pub fn new(now: Timestamp, known: Option<Timestamp>) -> Self {
        let jumped_far = known.is_some_and(|known| now.since(known) > FAR);
        Self { seen: now, seen_running: SignedDuration::ZERO, uneven_since: SignedDuration::ZERO, jumped_far }
    }

    /// Looks at the clock again. Says by how much it jumped, when it did.
    pub fn look(&mut self, now: Timestamp, running: SignedDuration) -> Option<SignedDuration> {
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
    pub fn is_settled(&self, running: SignedDuration) -> bool {
        running - self.uneven_since >= if self.jumped_far { SETTLES_AFTER_JUMP } else { SETTLES_IN }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::time::span::{MICROSECOND, MINUTE, SECOND};

    use super::*;

    const NOON: Timestamp = Timestamp(86_400_000_000_000);

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
        assert!(
            !clock.is_settled(10 * SECOND + SETTLES_IN - MICROSECOND) && clock.is_settled(10 * SECOND + SETTLES_IN)
        );
    }

    #[test]
    fn far_from_all_that_is_known_it_takes_a_day() {
        for mut clock in [Steadiness::new(NOON.plus(130 * DAY), Some(NOON)), {
            let mut clock = Steadiness::new(NOON, Some(NOON));
            assert_eq!(clock.look(NOON.plus(-500 * DAY), SignedDuration::ZERO), Some(-500 * DAY));
            clock
        }] {
            assert!(!clock.is_settled(DAY - MICROSECOND) && clock.is_settled(DAY));
            assert_eq!(clock.look(clock.seen.plus(SECOND), SECOND), None);
        }
    }
}
