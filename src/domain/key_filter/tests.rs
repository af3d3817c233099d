//! Reading, writing and describing filters.

use super::*;

fn one(name: &str, value: &str) -> Condition {
    KeyFilter::read([(name, value)].into_iter()).unwrap_or_else(|broken| panic!("{broken:?}")).conditions.remove(0)
}

fn problem(name: &str, value: &str) -> String {
    KeyFilter::read([(name, value)].into_iter()).expect_err("broken").remove(0).problem
}

#[test]
fn a_filter_reads_as_a_sentence() {
    let filter = KeyFilter::read(
        [
            ("status~in", "expiring;active"),
            ("expires_at~lt", "2027-01-01"),
            ("owner~eq", " Priya "),
            ("uses~gte", "1,000"),
        ]
        .into_iter(),
    )
    .unwrap();
    assert_eq!(
        filter.words(),
        "Status is any of Active, Expiring and Expires at (UTC) is before 2027-01-01 and Owner is priya and Uses ≥ 1000"
    );
    assert_eq!(one("latest_activity~older", "90").words(), "Latest activity is more than 90 days ago");
    assert_eq!(one("expires_at~isblank", "").words(), "Expires at (UTC) is never");
}

#[test]
fn what_is_written_is_read_back() {
    for (name, value) in [
        ("name~in", "a\\;b;c\\\\d"),
        ("name~eq", "semi;colon"),
        ("name~notin", "x;y"),
        ("note~contains", "50%_done\\"),
        ("note~isblank", ""),
        ("status~notin", "revoked"),
        ("created_at~between", "2026-01-01;2026-02-01"),
        ("expires_at~next", "14"),
        ("uses~between", "1;5"),
        ("job~eq", "7"),
        ("left_by_job~eq", "7"),
        ("lifetime_days~gt", "90"),
    ] {
        let condition = one(name, value);
        let (name, value) = condition.pair();
        assert_eq!(one(&name, &value), condition, "{name}={value}");
    }
    let filter = KeyFilter { conditions: vec![one("name~eq", "a;b")], search: None }.with_search(" Plate&x ").unwrap();
    assert_eq!(KeyFilter::from_query(&filter.query()), Some(filter));
}

#[test]
fn what_cannot_be_read_says_what_is_wrong() {
    for (name, value, expected) in [
        ("expires_at~lt", "tomorow", "‘tomorow’ is not a date"),
        ("expires_at~between", "2026-02-01;2026-01-01", "The first date is after the second"),
        ("expires_at~older", "3", "Expires at (UTC) cannot be asked this"),
        ("status~in", "active;alive", "‘alive’ is none of its values"),
        ("status~in", "", "Choose at least one value"),
        ("secret_hash~eq", "x", "There is no such column"),
        ("password~eq", "x", "There is no such column"),
        ("owner", "x", "This is no filter. Write it as column~operator=value"),
        ("uses~gt", "-1", "‘-1’ is not a whole number"),
        ("uses~gt", "99999999999999999999", "‘99999999999999999999’ is not a whole number"),
        ("name~contains", " ", "Enter a value"),
        ("expires_at~next", "0", "Enter 1 to 3650 days"),
    ] {
        assert_eq!(problem(name, value), expected, "{name}={value}");
    }
}

#[test]
fn only_what_can_be_seen_sorts() {
    for column in Column::all() {
        let readable = Sort::read(column.as_str()).is_ok();
        assert_eq!(readable, column.sorts() && column.shows(), "{}", column.as_str());
    }
    for bad in ["", "id", "secret_hash", "--name", "name desc", "1", "owner,name"] {
        assert!(Sort::read(bad).is_err(), "docs/rules.md, Q2: {bad}");
    }
    assert_eq!(Sort::read("-uses").unwrap().reversed().query(), "uses");
}
