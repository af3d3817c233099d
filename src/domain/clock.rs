//! Moments and where they come from. This file is the one home of the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp, civil::Date};

/// A moment in microseconds since 1970-01-01 00:00 UTC: the form in which both databases keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

/// Microseconds in a day.
pub const DAY: i64 = 86_400_000_000;
/// Microseconds in an hour.
pub const HOUR: i64 = 3_600_000_000;
/// Microseconds in a minute.
pub const MINUTE: i64 = 60_000_000;
/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;

impl Moment {
    /// This moment and `micros` later; saturates at the end of time.
    #[must_use]
    pub fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to this moment.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
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
            past if past < HOUR => format!("{} min ago", past / MINUTE),
            past if past < DAY => format!("{} h ago", past / HOUR),
            past if past < 2 * DAY => "1 day ago".to_owned(),
            past => format!("{} days ago", past / DAY),
        }
    }

    /// How far ahead `self` is at `now`, in words, days rounded: "in 11 days", "in 3 h"; empty when it is past.
    pub fn ahead(self, now: Self) -> String {
        match self.since(now) {
            ahead if ahead <= 0 => String::new(),
            ahead if ahead < HOUR => format!("in {} min", (ahead + MINUTE - 1) / MINUTE),
            ahead if ahead < DAY => format!("in {} h", ahead / HOUR),
            ahead if ahead < 2 * DAY => "in 1 day".to_owned(),
            ahead => format!("in {} days", (ahead + DAY / 2) / DAY),
        }
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
    }
}

/// Says what time it is.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The operating system's.
    System,
    /// One that stands still until it is moved: for tests.
    Frozen(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start`.
    pub fn frozen(start: Moment) -> Self {
        Self::Frozen(Arc::new(AtomicI64::new(start.0)))
    }

    /// The present moment.
    #[expect(clippy::disallowed_methods, reason = "the one home of the clock")]
    pub fn now(&self) -> Moment {
        match self {
            Self::System => Moment(Timestamp::now().as_microsecond()),
            Self::Frozen(at) => Moment(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a frozen clock forward. The system's clock stays what it is.
    pub fn advance(&self, by: SignedDuration) {
        if let Self::Frozen(at) = self {
            at.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_strictly() {
        assert_eq!(Moment::parse_day(" 2027-02-18 ").unwrap().minute(), "2027-02-18 00:00");
        for bad in ["", "tomorow", "2027-2-8", "20270218", "2027-02-30", "2027-02-18T10:00", "99999-01-01"] {
            assert_eq!(Moment::parse_day(bad), None, "{bad}");
        }
    }

    #[test]
    fn distances_are_told_in_the_largest_whole_unit() {
        let now = Moment::parse_day("2026-11-20").unwrap();
        assert_eq!(now.plus(-5 * SECOND).ago(now), "Just now");
        assert_eq!(now.plus(-9 * HOUR).ago(now), "9 h ago");
        assert_eq!(now.plus(-19 * DAY).ago(now), "19 days ago");
        assert_eq!(now.plus(11 * DAY + HOUR).ahead(now), "in 11 days");
        assert_eq!(now.plus(-1).ahead(now), "");
    }
}
