//! Moments and where they come from. This file is the one home of the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Instant;

use jiff::{SignedDuration, civil::Date};
use serde::{Deserialize, Serialize};

use crate::domain::time::span::{self, DAY, HOUR, MICROSECOND, MINUTE, SECOND, whole};

/// A moment in microseconds since 1970-01-01 00:00 UTC: the form in which both databases keep it, also inside of JSON. What
/// programs read is [`Timestamp::rfc3339`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment and `span` later; saturates at the ends of time.
    #[must_use]
    pub fn plus(self, span: SignedDuration) -> Self {
        Self(self.0.saturating_add(span::micros(span)))
    }

    /// How long after `earlier` this moment is; negative when it is before.
    pub fn since(self, earlier: Self) -> SignedDuration {
        SignedDuration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// The start (00:00 UTC) of a day, counted from 1970-01-01.
    pub fn of_day(day: i64) -> Self {
        Self(0).plus(span::days(day))
    }

    /// Its day, counted from 1970-01-01 UTC.
    pub fn day_number(self) -> i64 {
        self.0.div_euclid(span::micros(DAY))
    }

    /// The start (00:00 UTC) of a day written as `2027-02-18`. `None` for anything else.
    pub fn parse_day(text: &str) -> Option<Self> {
        let date: Date = text.trim().parse().ok()?;
        if text.trim().len() != 10 {
            return None;
        }
        let since_1970 = date.duration_since(jiff::civil::date(1970, 1, 1));
        i64::try_from(since_1970.as_micros()).ok().map(Self)
    }

    /// `2026-12-01`.
    pub fn day(self) -> String {
        self.timestamp().strftime("%Y-%m-%d").to_string()
    }

    /// `2026-12-01 02:00`, UTC: what people read.
    pub fn minute(self) -> String {
        self.timestamp().strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// `2026-12-01T02:00:00Z`: what machines read (RFC 3339).
    pub fn rfc3339(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// How long ago `self` was at `now`: "Just now", "2 min ago", "9 h ago", "19 days ago".
    pub fn ago(self, now: Self) -> String {
        match now.since(self) {
            past if past < MINUTE => "Just now".to_owned(),
            past if past < HOUR => format!("{} min ago", past.as_mins()),
            past if past < DAY => format!("{} h ago", past.as_hours()),
            past if past < 2 * DAY => "1 day ago".to_owned(),
            past => format!("{} days ago", whole(past, DAY)),
        }
    }

    /// How far ahead `self` is at `now`, in words, days rounded: "in 11 days", "in 3 h"; empty when it is past.
    pub fn ahead(self, now: Self) -> String {
        match self.since(now) {
            ahead if !ahead.is_positive() => String::new(),
            ahead if ahead <= HOUR - MINUTE => format!("in {} min", whole(ahead + MINUTE - MICROSECOND, MINUTE)),
            ahead if ahead < DAY - HOUR / 2 => format!("in {} h", (ahead + HOUR / 2).as_hours().max(1)),
            ahead if ahead < 2 * DAY => "in 1 day".to_owned(),
            ahead => format!("in {} days", whole(ahead + DAY / 2, DAY)),
        }
    }

    fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}

/// Says what time it is. It never goes back, so that what has expired stays expired.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The operating system's, or the database's: see [`Steady`].
    System(Arc<Steady>),
    /// One that stands still until it is moved: for tests.
    Frozen(Arc<AtomicI64>),
}

/// Time from a clock that somebody else may set.
///
/// It goes on by the machine's monotonic clock from a moment that is known to be right: the database's, where it has a clock
/// of its own, which all nodes share; else the operating system's, whose steps forward are followed, and whose steps
/// backward are not.
#[derive(Debug)]
pub struct Steady {
    began: Instant,
    /// The moment at which `began` was, in microseconds.
    origin: AtomicI64,
    /// The latest moment that was told.
    latest: AtomicI64,
    /// Does the operating system's clock count, when it goes faster?
    follows_system: AtomicBool,
}

/// The operating system's clock may lag behind by so much before it counts as set back.
const TOLERANCE: SignedDuration = SECOND;

impl Steady {
    fn now(&self) -> Timestamp {
        let steady = self.origin.load(Ordering::Relaxed).saturating_add(self.elapsed());
        let now = if self.follows_system.load(Ordering::Relaxed) {
            let system = system_time().0;
            if system >= steady.saturating_sub(span::micros(TOLERANCE)) { system } else { steady }
        } else {
            steady
        };
        Timestamp(self.latest.fetch_max(now, Ordering::Relaxed).max(now))
    }

    fn elapsed(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

/// What the operating system's clock shows. Right only if somebody sets it: what counts is [`Clock::now`].
#[expect(clippy::disallowed_methods, reason = "the one home of the clock")]
pub fn system_time() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_microsecond())
}

/// A moment by a clock that nobody can set, and that goes on while the machine sleeps: for what ends after a while. In
/// microseconds since the machine was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uptime(pub u64);

impl Uptime {
    /// The present moment.
    pub fn now() -> Self {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Self(u64::try_from(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000).unwrap_or(0))
    }

    /// This moment and so many milliseconds later.
    #[must_use]
    pub fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis.saturating_mul(1_000)))
    }
}

impl Clock {
    /// The operating system's clock, until the database tells the time.
    pub fn system() -> Self {
        let now = system_time().0;
        Self::System(Arc::new(Steady {
            began: Instant::now(),
            origin: AtomicI64::new(now),
            latest: AtomicI64::new(now),
            follows_system: AtomicBool::new(true),
        }))
    }

    /// A clock that stands at `start`.
    pub fn frozen(start: Timestamp) -> Self {
        Self::Frozen(Arc::new(AtomicI64::new(start.0)))
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System(steady) => steady.now(),
            Self::Frozen(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }

    /// It is this moment now by a clock that is to be believed, such as the database's; the operating system's counts no
    /// more. A frozen clock stays where it is.
    pub fn set(&self, now: Timestamp) {
        if let Self::System(steady) = self {
            if steady.follows_system.swap(false, Ordering::Relaxed) {
                steady.latest.store(now.0, Ordering::Relaxed); // what the system's clock told until now may lie ahead
            }
            steady.origin.store(now.0.saturating_sub(steady.elapsed()), Ordering::Relaxed);
        }
    }

    /// It is this moment at least: it was told before. Says how far the clock lay behind it.
    pub fn not_before(&self, mark: Timestamp) -> SignedDuration {
        let behind = mark.since(self.now()).max(SignedDuration::ZERO);
        if let (Self::System(steady), true) = (self, behind.is_positive()) {
            steady.origin.store(mark.0.saturating_sub(steady.elapsed()), Ordering::Relaxed);
        }
        behind
    }

    /// Is it one that somebody else may set?
    pub fn is_of_system(&self) -> bool {
        matches!(self, Self::System(_))
    }

    /// Moves a frozen clock. The system's clock stays what it is.
    pub fn advance(&self, by: SignedDuration) {
        if let Self::Frozen(at) = self {
            at.fetch_add(span::micros(by), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_strictly() {
        assert_eq!(Timestamp::parse_day(" 2027-02-18 ").unwrap().minute(), "2027-02-18 00:00");
        for bad in ["", "tomorow", "2027-2-8", "20270218", "2027-02-30", "2027-02-18T10:00", "99999-01-01"] {
            assert_eq!(Timestamp::parse_day(bad), None, "{bad}");
        }
    }

    #[test]
    fn distances_are_told_in_the_largest_whole_unit() {
        let now = Timestamp::parse_day("2026-11-20").unwrap();
        assert_eq!(now.plus(-5 * SECOND).ago(now), "Just now");
        assert_eq!(now.plus(-9 * HOUR).ago(now), "9 h ago");
        assert_eq!(now.plus(-19 * DAY).ago(now), "19 days ago");
        assert_eq!(now.plus(11 * DAY + HOUR).ahead(now), "in 11 days");
        assert_eq!(now.plus(8 * HOUR - SECOND).ahead(now), "in 8 h", "a life of eight hours, a moment later");
        assert_eq!(now.plus(DAY - SECOND).ahead(now), "in 1 day");
        assert_eq!(now.plus(HOUR - SECOND).ahead(now), "in 1 h");
        assert_eq!(now.plus(MINUTE + SECOND).ahead(now), "in 2 min");
        assert_eq!(now.plus(-MICROSECOND).ahead(now), "");
    }

    fn steady(system_behind_by: SignedDuration, follows_system: bool) -> Clock {
        let origin = system_time().plus(system_behind_by).0;
        Clock::System(Arc::new(Steady {
            began: Instant::now(),
            origin: AtomicI64::new(origin),
            latest: AtomicI64::new(0),
            follows_system: AtomicBool::new(follows_system),
        }))
    }

    #[test]
    fn the_clock_follows_the_system_forward_and_never_back() {
        let ahead = |clock: &Clock| clock.now().since(system_time());
        assert!(ahead(&steady(-DAY, true)).abs() < SECOND, "the system's clock was set forward by a day");
        assert!(
            (ahead(&steady(DAY, true)) - DAY).abs() < SECOND,
            "it was set back by a day: time goes on from where it was"
        );
        assert!((ahead(&steady(-DAY, false)) + DAY).abs() < SECOND, "the database's clock counts alone");
    }

    #[test]
    fn a_moment_that_was_told_is_never_undercut() {
        let clock = Clock::system();
        let before = clock.now();
        clock.set(before.plus(-DAY));
        assert!(clock.now() < before, "the system's clock was ahead of the database's");
        clock.set(before);
        assert!(clock.now() >= before);
        clock.set(before.plus(-HOUR));
        assert!(clock.now() >= before, "the database's clock went back");
        assert!(clock.not_before(clock.now().plus(HOUR)) > HOUR - SECOND);
        assert!(clock.now().since(before) > HOUR - SECOND, "what was told before a restart counts");
        assert_eq!(clock.not_before(before), SignedDuration::ZERO);
    }
}
