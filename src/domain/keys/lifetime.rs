//! How long keys may live, and how many a person may have.

use jiff::SignedDuration;

use crate::domain::field_error::FieldError;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::{self, DAY, HOUR, SECOND, is_whole, whole};

/// The lifetimes that a form offers, in days, where the rule allows them.
const PRESETS: [i64; 5] = [7, 30, 90, 180, 365];
/// Those that it offers where the rule allows no week.
const SHORT_PRESETS: [SignedDuration; 5] =
    [SignedDuration::from_mins(5), HOUR, SignedDuration::from_hours(12), DAY, span::days(3)];

/// The rule that applies to an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifetimeRule {
    /// The lifetime that a form suggests.
    pub default_span: SignedDuration,
    /// The longest lifetime.
    pub longest_span: SignedDuration,
    /// May a key live for ever?
    pub allow_never: bool,
    /// Live keys that one owner may have; 0 is no limit.
    pub keys_per_owner: i32,
    /// Keys unused for so many days are disabled.
    pub idle_days: Option<i32>,
}

/// What somebody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// So many days from the moment of creation.
    AfterDays(i32),
    /// So long from the moment of creation.
    After(SignedDuration),
    /// At the start of a day, UTC.
    On(Timestamp),
    /// Not at all.
    Never,
    /// The rule's default.
    Default,
}

impl Expiry {
    /// Reads the choice of a form: `90` days, `12h`, `never`, `other` together with a span such as `12h`, or `date` together with a day
    /// such as `2027-02-18`; empty is the default.
    pub fn parse(choice: &str, day: &str, other: &str) -> Result<Self, FieldError> {
        if choice.trim() != "other" && !other.trim().is_empty() {
            let text = "Choose “Another time…” for the time that you entered, or empty it";
            return Err(FieldError::new("expires", text));
        }
        if choice.trim() != "date" && !day.trim().is_empty() {
            return Err(FieldError::new(
                "expires",
                "Choose “On a date…” for the date that you entered, or empty the date",
            ));
        }
        match choice.trim() {
            "" => Ok(Self::Default),
            "never" => Ok(Self::Never),
            "other" => span::parse(other)
                .map(Self::After)
                .ok_or_else(|| FieldError::new("expires_in", "Enter a time such as 30s, 5m, 12h, 3d, 2w, 3mo or 1y")),
            "date" => Timestamp::parse_day(day)
                .map(Self::On)
                .ok_or_else(|| FieldError::new("expires_on", "Enter a date as year-month-day, such as 2027-02-18")),
            choice => match choice.parse() {
                Ok(days) => Ok(Self::AfterDays(days)),
                Err(_) if choice.ends_with(|last: char| last.is_ascii_lowercase()) => span::parse(choice)
                    .map(Self::After)
                    .ok_or_else(|| FieldError::new("expires", "Choose one of the lifetimes in the list")),
                Err(_) => Err(FieldError::new("expires", "Choose one of the lifetimes in the list")),
            },
        }
    }
}

impl LifetimeRule {
    /// The lifetimes to offer, shortest first; the default is always among them.
    pub fn presets(&self) -> Vec<SignedDuration> {
        let of_days = PRESETS.map(span::days);
        let offered = if self.longest_span < of_days[0] { SHORT_PRESETS } else { of_days };
        let mut spans: Vec<SignedDuration> = offered.into_iter().filter(|span| *span <= self.longest_span).collect();
        spans.push(self.default_span);
        spans.sort_unstable();
        spans.dedup();
        spans
    }

    /// The value of a lifetime in a form: days are a number alone.
    pub fn choice(span: SignedDuration) -> String {
        if is_whole(span, DAY) { whole(span, DAY).to_string() } else { span::short(span) }
    }

    /// The moment at which a key made `now` ends; never later than the rule allows. `Ok(None)` is never.
    pub fn expires_at(&self, wish: Expiry, now: Timestamp) -> Result<Option<Timestamp>, FieldError> {
        let latest = self.latest(now);
        match wish {
            Expiry::Default => Ok(Some(now.plus(self.default_span).min(latest))),
            Expiry::AfterDays(days) if days < 1 => Err(FieldError::new("expires", "Choose 1 day or more")),
            Expiry::AfterDays(days) if span::days(days.into()) > self.longest_span => Err(self.too_long("expires")),
            Expiry::AfterDays(days) => Ok(Some(now.plus(span::days(days.into())))),
            Expiry::After(span) if now.plus(span) > latest => Err(self.too_long("expires_in")),
            Expiry::After(span) => Ok(Some(now.plus(span.max(SECOND)))),
            Expiry::On(day) if day <= now => {
                Err(FieldError::new("expires_on", format!("Choose a date after today, {}", now.day())))
            }
            Expiry::On(day) if day > latest => {
                Err(FieldError::new("expires_on", format!("Choose a date up to {}", latest.day())))
            }
            Expiry::On(day) => Ok(Some(day)),
            Expiry::Never if self.allow_never => Ok(None),
            Expiry::Never => Err(self.too_long("expires")),
        }
    }

    /// The end of a key that gets a new secret `now`: as long a life as before, within the rule of today.
    pub fn renewed(&self, lifetime: Option<SignedDuration>, now: Timestamp) -> Option<Timestamp> {
        match lifetime {
            None if self.allow_never => None,
            None => Some(self.latest(now)),
            Some(lifetime) => Some(now.plus(lifetime).min(self.latest(now))),
        }
    }

    /// The latest end that a key made `now` may have.
    pub fn latest(&self, now: Timestamp) -> Timestamp {
        now.plus(self.longest_span)
    }

    /// "365 days or fewer", "12 hours or less".
    pub fn at_most(&self) -> String {
        let or = if is_whole(self.longest_span, DAY) { "fewer" } else { "less" };
        format!("{} or {or}", span::words(self.longest_span))
    }

    fn too_long(&self, field: &'static str) -> FieldError {
        FieldError::new(field, format!("Choose {}", self.at_most()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule() -> LifetimeRule {
        LifetimeRule {
            default_span: 90 * DAY,
            longest_span: 365 * DAY,
            allow_never: false,
            keys_per_owner: 20,
            idle_days: None,
        }
    }

    fn now() -> Timestamp {
        Timestamp::parse_day("2026-11-20").unwrap().plus(DAY / 2)
    }

    fn wishes() -> impl Strategy<Value = Expiry> {
        prop_oneof![
            any::<i32>().prop_map(Expiry::AfterDays),
            any::<i64>().prop_map(|at| Expiry::On(Timestamp(at))),
            spans(1..i64::MAX).prop_map(Expiry::After),
            Just(Expiry::Never),
            Just(Expiry::Default),
        ]
    }

    /// Spans of so many microseconds.
    fn spans(micros: std::ops::Range<i64>) -> impl Strategy<Value = SignedDuration> {
        micros.prop_map(SignedDuration::from_micros)
    }

    /// From a second to 4,000 days.
    fn lives() -> impl Strategy<Value = SignedDuration> {
        spans(span::micros(SECOND)..span::micros(4_000 * DAY))
    }

    proptest! {
        #[test]
        fn no_wish_outlives_the_rule(wish in wishes(), default_span in lives(), longest_span in lives()) {
            let rule = LifetimeRule { default_span, longest_span, ..rule() };
            if let Ok(end) = rule.expires_at(wish, now()) {
                let end = end.expect("never is not allowed");
                prop_assert!(end > now() && end <= rule.latest(now()));
            }
        }

        #[test]
        fn rotation_never_lengthens_a_life_past_the_rule(lifetime in proptest::option::of(spans(1..i64::MAX)), longest_span in lives()) {
            let rule = LifetimeRule { longest_span, ..rule() };
            let end = rule.renewed(lifetime, now()).expect("never is not allowed");
            prop_assert!(end > now() && end <= rule.latest(now()));
        }
    }

    #[test]
    fn wishes_outside_the_rule_say_what_to_choose() {
        let texts = [
            (Expiry::AfterDays(0), "Choose 1 day or more"),
            (Expiry::AfterDays(-5), "Choose 1 day or more"),
            (Expiry::AfterDays(366), "Choose 365 days or fewer"),
            (Expiry::AfterDays(i32::MAX), "Choose 365 days or fewer"),
            (Expiry::On(Timestamp::parse_day("2026-11-20").unwrap()), "Choose a date after today, 2026-11-20"),
            (Expiry::On(Timestamp::parse_day("2027-11-21").unwrap()), "Choose a date up to 2027-11-20"),
            (Expiry::On(Timestamp::parse_day("9999-12-31").unwrap()), "Choose a date up to 2027-11-20"),
            (Expiry::Never, "Choose 365 days or fewer"),
        ];
        for (wish, text) in texts {
            assert_eq!(rule().expires_at(wish, now()).unwrap_err().text, text, "{wish:?}");
        }
    }

    #[test]
    fn bad_choices_are_refused() {
        for bad in ["5moons", "1e9", "90D", "-1h", "99999999999", "0x10"] {
            assert!(Expiry::parse(bad, "", "").is_err(), "{bad}");
        }
        assert!(Expiry::parse("date", "tomorow", "").is_err());
        assert!(Expiry::parse("90", "2027-02-18", "").is_err(), "a date that would not count");
        assert!(Expiry::parse("90", "", "5m").is_err(), "a time that would not count");
        assert!(Expiry::parse("other", "", "5 moons").is_err());
        assert_eq!(Expiry::parse("other", "", "30s"), Ok(Expiry::After(30 * SECOND)));
        assert_eq!(Expiry::parse("12h", "", ""), Ok(Expiry::After(12 * HOUR)));
        assert_eq!(Expiry::parse("", "", ""), Ok(Expiry::Default));
    }

    #[test]
    fn presets_stay_within_the_rule_and_hold_the_default() {
        let offered = |default_span, longest_span| {
            let rule = LifetimeRule { default_span, longest_span, ..rule() };
            rule.presets().into_iter().map(LifetimeRule::choice).collect::<Vec<_>>()
        };
        assert_eq!(offered(90 * DAY, 365 * DAY), ["7", "30", "90", "180", "365"]);
        assert_eq!(offered(45 * DAY, 60 * DAY), ["7", "30", "45"]);
        assert_eq!(offered(8 * HOUR, DAY), ["5m", "1h", "8h", "12h", "1"]);
        assert_eq!(LifetimeRule { longest_span: 12 * HOUR, ..rule() }.at_most(), "12 hours or less");
    }
}
