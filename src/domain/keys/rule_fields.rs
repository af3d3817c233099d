//! The numbers of a lifetime rule as people enter them.

use jiff::SignedDuration;

use crate::domain::field_error::FieldError;
use crate::domain::time::span::{self};

/// The most days that anything lasts.
pub const LONGEST: i32 = 3_650;

/// The same as a span.
pub const LONGEST_SPAN: SignedDuration = span::days(3_650);

/// Reads a lifetime of 1 second to 3,650 days: a number alone is days, with a unit it is what [`span::parse`]
/// reads. Blank is none.
pub fn lifetime(field: &'static str, what: &str, input: &str) -> Result<Option<SignedDuration>, FieldError> {
    let text: String = input.trim().chars().filter(|c| *c != ',').collect();
    if text.is_empty() {
        return Ok(None);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let span = span::parse(&if is_number { format!("{text}d") } else { text }).filter(|span| *span <= LONGEST_SPAN);
    span.map(Some)
        .ok_or_else(|| FieldError::new(field, format!("Enter {what} up to 3,650 days, such as 90 days or 12h")))
}

/// Reads a number of days: 1 to 3,650; blank is none.
pub fn days(field: &'static str, what: &str, input: &str) -> Result<Option<i32>, FieldError> {
    number(field, what, "days", input, 1, LONGEST)
}

/// Reads a number of keys: 0 to 10,000; blank is none.
pub fn keys(field: &'static str, what: &str, input: &str) -> Result<Option<i32>, FieldError> {
    number(field, what, "keys", input, 0, 10_000)
}

fn number(
    field: &'static str,
    what: &str,
    unit: &str,
    input: &str,
    least: i32,
    most: i32,
) -> Result<Option<i32>, FieldError> {
    let digits: String = input.trim().chars().filter(|c| *c != ',').collect();
    if digits.is_empty() {
        return Ok(None);
    }
    let number = digits.parse().ok().filter(|number| (least..=most).contains(number));
    let most = if most == LONGEST { "3,650".to_owned() } else { "10,000".to_owned() };
    number.map(Some).ok_or_else(|| FieldError::new(field, format!("Enter {what} between {least} and {most} {unit}")))
}
