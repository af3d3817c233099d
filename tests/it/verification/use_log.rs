//! Last used: seen at once, written in batches, never on the request's path.

use jiff::SignedDuration;

use crate::support::people::{PASSWORD, eight};
use crate::support::{TestApp, on_both};

fn rule_7_a_use_is_seen_at_once_and_written_with_the_flush(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let (used, idle) = (miriam.secret("used"), miriam.secret("idle"));
    for _ in 0..3 {
        app.verify(&used);
    }
    assert_eq!(app.database.count("api_keys WHERE use_count > 0"), 0, "verification writes nothing");
    let list = miriam.get("/external-tool-access");
    assert_eq!(list.texts("tbody td:nth-child(5)"), ["Never used", "Just now"]);
    assert!(miriam.key_page(&used).text().contains("Uses 3"));

    assert_eq!(app.run(app.app.flush_uses()).expect("flushed"), 1);
    let row = format!(
        "api_keys WHERE first_eight = '{}' AND use_count = 3 AND last_used_address = '127.0.0.1'",
        eight(&used)
    );
    assert_eq!(app.database.count(&row), 1);
    assert_eq!(app.run(app.app.flush_uses()).expect("flushed"), 0, "nothing is written twice");
    app.pass(SignedDuration::from_hours(9));
    miriam.sign_in("miriam", PASSWORD);
    assert!(miriam.key_page(&used).text().contains("9 h ago (2026-11-20 12:00 UTC) from 127.0.0.1"));
    assert!(miriam.key_page(&idle).text().contains("Never used"));
}
on_both!(rule_7_a_use_is_seen_at_once_and_written_with_the_flush);

fn what_could_not_be_written_is_written_later_and_verification_does_not_notice(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    app.verify(&secret);
    app.database.execute("ALTER TABLE api_keys RENAME COLUMN use_count TO hidden");
    assert!(app.run(app.app.flush_uses()).is_err());
    app.database.execute("ALTER TABLE api_keys RENAME COLUMN hidden TO use_count");
    app.verify(&secret);
    assert_eq!(app.run(app.app.flush_uses()).expect("flushed"), 1);
    assert_eq!(app.database.text("SELECT CAST(use_count AS TEXT) AS value FROM api_keys"), "2");
}
on_both!(what_could_not_be_written_is_written_later_and_verification_does_not_notice);

fn refused_keys_leave_no_use(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    miriam.act(&secret, "disable");
    app.verify(&secret);
    assert_eq!(app.run(app.app.flush_uses()).expect("flushed"), 0);
}
on_both!(refused_keys_leave_no_use);

fn uses_of_more_keys_than_one_statement_takes_are_written(app: TestApp) {
    let (store, _) = claviger::store::Store::open(&app.database.config().database).expect("opens");
    let uses = claviger::store::usage::use_log::UseLog::default();
    let now = claviger::domain::time::clock::Timestamp(0);
    for key in 1..=40_000 {
        uses.note(claviger::domain::ids::KeyId(key), now, None, "", std::iter::empty());
    }
    assert_eq!(app.run(uses.flush(&store)).expect("written"), 40_000);
    assert_eq!(app.database.text("SELECT CAST(uses AS TEXT) AS value FROM daily_usage"), "40000");
}
on_both!(uses_of_more_keys_than_one_statement_takes_are_written);

fn addresses_beyond_the_first_few_are_counted_together(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    let id = app.database.text("SELECT CAST(id AS TEXT) AS value FROM api_keys").parse().expect("a number");
    let (store, _) = claviger::store::Store::open(&app.database.config().database).expect("opens");
    let uses = claviger::store::usage::use_log::UseLog::default();
    for (at, last) in (1..=20_u8).enumerate() {
        let address = std::net::IpAddr::from([10, 0, 0, last]);
        let at = claviger::domain::time::clock::Timestamp(i64::try_from(at).expect("small"));
        uses.note(claviger::domain::ids::KeyId(id), at, Some(address), "agent", std::iter::empty());
    }
    // A write that fails gives back what it took, beside what came meanwhile from an address that was not told apart.
    app.database.execute("ALTER TABLE key_addresses RENAME TO hidden");
    assert!(app.run(uses.flush(&store)).is_err());
    app.database.execute("ALTER TABLE hidden RENAME TO key_addresses");
    let late = claviger::domain::time::clock::Timestamp(99);
    uses.note(claviger::domain::ids::KeyId(id), late, Some([10, 0, 0, 20].into()), "agent", std::iter::empty());
    assert_eq!(app.run(uses.flush(&store)).expect("written"), 1);
    assert_eq!(app.database.count("key_addresses WHERE uses = 1"), 16, "each with its own use");
    assert_eq!(app.database.count("key_addresses"), 16);
    let row = "SELECT last_used_address || ' ' || CAST(use_count AS TEXT) AS value FROM api_keys";
    assert_eq!(app.database.text(row), "10.0.0.20 21");
    assert_eq!(app.verify(&secret).status, 200);
}
on_both!(addresses_beyond_the_first_few_are_counted_together);

fn a_key_keeps_its_fifty_latest_addresses(app: TestApp) {
    app.signed_in("miriam").secret("ci");
    let id = app.database.text("SELECT CAST(id AS TEXT) AS value FROM api_keys").parse().expect("a number");
    let (store, _) = claviger::store::Store::open(&app.database.config().database).expect("opens");
    let uses = claviger::store::usage::use_log::UseLog::default();
    for number in 0..60_u8 {
        let at = claviger::domain::time::clock::Timestamp(i64::from(number) + 1);
        uses.note(claviger::domain::ids::KeyId(id), at, Some([10, 0, 0, number].into()), "", std::iter::empty());
        if number % 10 == 9 {
            app.run(uses.flush(&store)).expect("written");
        }
    }
    assert_eq!(app.database.count("key_addresses"), 50);
    assert_eq!(app.database.count("key_addresses WHERE last_at > 10"), 50, "those that were used longest ago are gone");
}
on_both!(a_key_keeps_its_fifty_latest_addresses);
