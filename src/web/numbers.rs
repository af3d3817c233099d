//! Numbers as people read them.

use crate::actions::browse_keys::{COUNT_LIMIT, Count};

/// A count as people read it.
pub fn words(count: Count) -> String {
    match count {
        Count::Exactly(exactly) => number(exactly),
        Count::Many => format!("{}+", number(COUNT_LIMIT)),
    }
}

/// A number with commas between its thousands.
pub fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// "1 key", "1,786 keys".
pub fn counted(count: i64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {many}", number(count)) }
}

/// "1 person", "96 people and 14 service accounts": owners of keys.
pub fn owners(people: i64, services: i64) -> String {
    let of_people = counted(people, "person", "people");
    let of_services = counted(services, "service account", "service accounts");
    match (people, services) {
        (_, 0) => of_people,
        (0, _) => of_services,
        _ => format!("{of_people} and {of_services}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_everything_else_is_not() {
        let keys = |count| counted(count, "key", "keys");
        assert_eq!([0, 1, 2, 1_786].map(keys), ["0 keys", "1 key", "2 keys", "1,786 keys"]);
        assert_eq!(owners(1, 0), "1 person");
        assert_eq!(owners(0, 1), "1 service account");
        assert_eq!(owners(1_000, 2), "1,000 people and 2 service accounts");
        assert_eq!([-1_234, 999, 1_000_000].map(number), ["-1,234", "999", "1,000,000"]);
    }
}
