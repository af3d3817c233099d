//! Spans of time as people type them: `30s`, `5m`, `1h`, `3d`, `2w`, `3mo`, `1y`, `90 days`, and `600` for seconds.

use jiff::SignedDuration;

/// 24 hours.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);
/// 60 minutes.
pub const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// 60 seconds.
pub const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// One second.
pub const SECOND: SignedDuration = SignedDuration::from_secs(1);
/// The shortest span that the databases tell from nothing.
pub const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

/// So many days; saturates.
pub const fn days(days: i64) -> SignedDuration {
    SignedDuration::from_secs(days.saturating_mul(86_400))
}

/// A span in microseconds, as columns hold it; saturates.
pub fn micros(span: SignedDuration) -> i64 {
    let least = if span.is_negative() { i64::MIN } else { i64::MAX };
    i64::try_from(span.as_micros()).unwrap_or(least)
}

/// How often `unit` fits into a span, without the rest.
pub fn whole(span: SignedDuration, unit: SignedDuration) -> i64 {
    micros(span) / micros(unit)
}

/// Is a span a whole number of this unit?
pub fn is_whole(span: SignedDuration, unit: SignedDuration) -> bool {
    micros(span) % micros(unit) == 0
}

/// The units, longest first: what is written behind a number, in short and in full, and its length. A month has 30 days and a
/// year 365, as everywhere here.
const UNITS: [(&str, &str, SignedDuration); 7] = [
    ("y", "year", days(365)),
    ("mo", "month", days(30)),
    ("w", "week", days(7)),
    ("d", "day", DAY),
    ("h", "hour", HOUR),
    ("m", "minute", MINUTE),
    ("s", "second", SECOND),
];

/// Reads a span. A number alone counts seconds, as Tiled's `--expires-in 600` does. `None` for anything else,
/// zero and what is negative among it.
pub fn parse(text: &str) -> Option<SignedDuration> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
    let unit = unit.trim_start().to_ascii_lowercase();
    let length = match unit.as_str() {
        "" => SECOND,
        unit => {
            let named = |(short, full, _): &&(&str, &str, SignedDuration)| {
                unit == *short || unit == *full || unit.strip_suffix('s') == Some(full)
            };
            UNITS.iter().find(named).map(|(_, _, length)| *length)?
        }
    };
    number.checked_mul(micros(length)).map(SignedDuration::from_micros)
}

/// A span in the largest unit that divides it: "30 seconds", "1 hour", "90 days".
pub fn words(span: SignedDuration) -> String {
    let (unit, length) = match span {
        span if is_whole(span, DAY) => ("day", DAY),
        span if is_whole(span, HOUR) => ("hour", HOUR),
        span if is_whole(span, MINUTE) => ("minute", MINUTE),
        _ => ("second", SECOND),
    };
    crate::domain::text::counted(whole(span, length), unit, &format!("{unit}s"))
}

/// A span as it is read again, in the largest of days, hours, minutes and seconds that divides it: `90d`, `12h`.
pub fn short(span: SignedDuration) -> String {
    let of_these = &UNITS[3..];
    let (unit, _, length) = of_these.iter().find(|(_, _, length)| is_whole(span, *length)).unwrap_or(&UNITS[6]);
    format!("{}{unit}", whole(span, *length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_are_read_as_tiled_writes_them() {
        let read = [
            ("30s", 30 * SECOND),
            ("5m", 5 * MINUTE),
            ("600", 10 * MINUTE),
            (" 1 h ", HOUR),
            ("3d", 3 * DAY),
            ("2w", 14 * DAY),
            ("3MO", 90 * DAY),
            ("1y", 365 * DAY),
            ("90 days", 90 * DAY),
            ("1 hour", HOUR),
        ];
        for (text, span) in read {
            assert_eq!(parse(text), Some(span), "{text}");
        }
        for bad in [
            "",
            "0",
            "0d",
            "-5",
            "5moons",
            "5 dayss",
            "1.5h",
            "h",
            "1h30m",
            "99999999999999999999y",
            "9223372036854775807d",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(
            [30 * SECOND, MINUTE, 90 * DAY, 36 * HOUR].map(words),
            ["30 seconds", "1 minute", "90 days", "36 hours"]
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_a_span_that_is_not_positive(text in ".{0,24}") {
            prop_assert!(parse(&text).is_none_or(|span| span.is_positive()));
        }

        #[test]
        fn what_is_written_is_read_again(seconds in 1..315_360_000_i64) {
            let span = SignedDuration::from_secs(seconds);
            prop_assert_eq!(parse(&short(span)), Some(span));
            prop_assert_eq!(parse(&words(span).replace(',', "")), Some(span));
        }
    }
}
