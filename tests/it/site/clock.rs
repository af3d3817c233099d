//! Clocks that are wrong: nothing is removed by one, what has expired stays expired, and nodes go by the database's.

use jiff::SignedDuration;

use crate::server::{Server, set_up};
use crate::support::database::{Database, Kind};
use crate::support::people::eight;
use crate::support::{TestApp, on_both};

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn a_clock_that_was_ahead_for_a_while_removes_no_key_and_no_event(app: TestApp) {
    app.set("audit_retention_days", "30");
    let miriam = app.signed_in("miriam");
    let (kept, revoked) = (miriam.secret("kept"), miriam.secret("revoked"));
    miriam.act(&revoked, "revoke");
    let (keys, events) = (app.database.dump("api_keys"), app.database.dump("audit_events"));
    for ahead in [130, 500, 3_000] {
        app.pass(days(ahead));
        app.run(app.app.sweep()).expect("swept");
        app.run(app.app.sweep()).expect("swept");
        app.pass(-days(ahead));
        app.run(app.app.sweep()).expect("swept");
        assert!(app.database.dump("api_keys") == keys, "{ahead} days ahead");
        assert!(app.database.dump("audit_events") == events, "{ahead} days ahead");
        assert_eq!(app.database.count("purge_marks"), 0, "marks of the wrong clock are taken back");
    }
    assert_eq!(app.verify(&kept).status, 200);
    app.pass(days(31));
    app.run(app.app.sweep()).expect("swept");
    assert_eq!(app.database.count("api_keys"), 2, "marked");
    app.pass(days(3));
    app.run(app.app.sweep()).expect("swept");
    assert_eq!(app.database.count("api_keys"), 1, "what ended is removed in its time");
}
on_both!(a_clock_that_was_ahead_for_a_while_removes_no_key_and_no_event);

fn a_key_that_is_restored_is_not_removed_by_an_old_mark(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    miriam.act(&secret, "revoke");
    app.pass(days(31));
    app.run(app.app.sweep()).expect("swept");
    assert_eq!(app.database.count("purge_marks"), 1);
    app.database.execute("UPDATE api_keys SET revoked_at = NULL, revoked_by = NULL, revoked_reason = ''");
    app.pass(days(3));
    app.run(app.app.sweep()).expect("swept");
    assert_eq!((app.database.count("api_keys"), app.database.count("purge_marks")), (1, 0));
}
on_both!(a_key_that_is_restored_is_not_removed_by_an_old_mark);

fn what_is_to_be_purged_is_found_by_indexes(app: TestApp) {
    app.run(app.app.fill_demo(2_000, 7, |_| {})).expect("a demo");
    let lines = app.run(app.app.explain_purge()).expect("a plan");
    let scans = |line: &&String| line.contains("Seq Scan on api_keys") || *line == "SCAN api_keys";
    assert_eq!(lines.iter().find(scans), None, "{lines:#?}");
}
on_both!(what_is_to_be_purged_is_found_by_indexes);

/// Settings of a process whose clock is elsewhere.
fn faked(by: &str) -> [(&str, &str); 3] {
    let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
    assert!(std::path::Path::new(library).exists(), "libfaketime is not installed: run scripts/setup");
    [("LD_PRELOAD", library), ("FAKETIME", by), ("DONT_FAKE_MONOTONIC", "1")]
}

fn started_ahead(kind: Kind) {
    let database = Database::bare(kind);
    let mut server = Server::start(&database, &[]);
    let miriam = set_up(&mut server);
    let secret = miriam.secret("ci");
    let revoked = miriam.secret("revoked");
    miriam.act(&revoked, "revoke");
    server.end("-TERM");
    let tables = ["api_keys", "sessions", "audit_events"];
    let before = tables.map(|table| database.count(table));
    let ahead = Server::start(&database, &faked("+500d"));
    let client = crate::support::Client::new(&ahead.url);
    assert_eq!(client.get("/healthz").status, 200);
    ahead.end("-TERM");
    assert_eq!(tables.map(|table| database.count(table)), before);
    let server = Server::start(&database, &[]);
    let client = crate::support::Client::new(&server.url);
    assert_eq!(client.get_with("/verify", &[("x-api-key", &secret)]).status, 200, "the wrong clock was not noted");
    server.end("-TERM");
}

#[test]
fn a_node_that_started_500_days_ahead_leaves_everything_as_it_was_sqlite() {
    started_ahead(Kind::Sqlite);
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn a_node_that_started_500_days_ahead_leaves_everything_as_it_was_postgres() {
    started_ahead(Kind::Postgres);
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn nodes_go_by_the_clock_of_postgres_and_one_that_is_off_says_so() {
    let database = Database::bare(Kind::Postgres);
    let mut right = Server::start(&database, &[]);
    let miriam = set_up(&mut right);
    let secret = miriam.generate_with(&[("name", "a day"), ("expires", "7")]).secret();
    let expiry = |secret: &str| {
        database.text(&format!("SELECT CAST((expires_at - created_at) / 3600000000 AS TEXT) || ' ' ||              CAST(abs(created_at / 1000000 - EXTRACT(EPOCH FROM now())) < 60 AS TEXT) AS value FROM api_keys WHERE first_eight = '{}'", eight(secret)))
    };
    for by in ["+3h", "-3h", "+300d"] {
        let node = Server::start(&database, &faked(by));
        let there = miriam.at(&node.url);
        assert_eq!(
            there.get_with("/verify", &[("x-api-key", &secret)]).status,
            200,
            "{by}: the database's clock decides"
        );
        assert_eq!(there.get("/account").status, 200, "{by}: the session of another node lives here");
        let made = there.generate_with(&[("name", by), ("expires", "7")]).secret();
        assert_eq!(expiry(&made), "168 true", "{by}: made now, for 7 days, by the database's clock");
        let ready = there.get("/readyz");
        assert_eq!(
            (ready.status, ready.json()["problems"][0].as_str()),
            (503, Some("clock_differs_from_database")),
            "{by}"
        );
        let (_, _, err) = node.end("-TERM");
        assert!(err.contains("This server's clock is ahead"), "{by}: {err}");
    }
    assert_eq!(right.end("-TERM").0, Some(0));
}

#[test]
fn after_a_restart_with_a_clock_that_was_set_back_what_has_expired_stays_expired() {
    let database = Database::bare(Kind::Sqlite);
    let mut server = Server::start(&database, &[]);
    let miriam = set_up(&mut server);
    let secret = miriam.generate_with(&[("name", "a week"), ("expires", "7")]).secret();
    server.end("-TERM");
    // Ten days later it was noted what time it was; then the clock was set back.
    let noted = "SELECT CAST(created_at + 864000000000 AS TEXT) AS value FROM api_keys";
    let noted = database.text(noted);
    database.execute(&format!(
        "INSERT INTO settings (name, value, changed_at) VALUES ('internal.clock_mark', '{noted}', 0)"
    ));
    let server = Server::start(&database, &[]);
    let client = crate::support::Client::new(&server.url);
    assert_eq!(client.get_with("/verify", &[("x-api-key", &secret)]).status, 401);
    let ready = client.get("/readyz");
    assert_eq!((ready.status, ready.json()["problems"][0].as_str()), (503, Some("clock_set_back")));
    let (_, _, err) = server.end("-TERM");
    assert!(err.contains("clock was set back"), "{err}");

    let accept = std::process::Command::new(env!("CARGO_BIN_EXE_claviger"))
        .env_clear()
        .env("DATABASE_URL", &database.url)
        .args(["clock", "accept"])
        .output()
        .expect("it runs");
    assert!(accept.status.success(), "{accept:?}");
    let server = Server::start(&database, &[]);
    let client = crate::support::Client::new(&server.url);
    assert_eq!(client.get_with("/verify", &[("x-api-key", &secret)]).status, 200);
    assert_eq!(client.get("/readyz").status, 200);
    server.end("-TERM");
}
