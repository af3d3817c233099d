//! Numbers as people read them.

use crate::actions::site::overview::Number;
use crate::domain::paging::Count;
pub use crate::domain::text::{counted, number};

/// A count as people read it.
pub fn words(count: Count) -> String {
    match count {
        Count::Exactly(exactly) => number(exactly),
        Count::Many(limit) => format!("{}+", number(limit)),
    }
}

/// A number of keys as people read it: counted now, or as it was counted last.
pub fn number_words(counted: &Number) -> String {
    counted.kept.map_or_else(|| words(counted.count), |(kept, _)| number(kept))
}

/// "counted at 10:20 UTC", for a number that was counted before; else nothing.
pub fn number_at(counted: &Number) -> String {
    counted.kept.map(|(_, at)| format!("counted at {} UTC", &at.minute()[11..])).unwrap_or_default()
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

/// "1 API key", "214 API keys".
pub fn keys(count: i64) -> String {
    counted(count, "API key", "API keys")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_says_where_it_stopped() {
        assert_eq!(words(Count::of(1_001, 1_000)), "1,000+");
        assert_eq!(words(Count::of(1_000, 1_000)), "1,000");
    }

    #[test]
    fn owners_that_are_not_there_are_not_named() {
        assert_eq!(owners(1, 0), "1 person");
        assert_eq!(owners(0, 1), "1 service account");
        assert_eq!(owners(1_000, 2), "1,000 people and 2 service accounts");
    }
}
