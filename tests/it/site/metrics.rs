//! What monitors read.

use crate::support::database::{Database, Kind};
use crate::support::{TestApp, on_both};

/// The value of a line of `/metrics`.
fn value(app: &TestApp, line: &str) -> String {
    let text = app.client().get("/metrics").body;
    let found = text.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("{line} is not in {text}")).to_owned()
}

fn verifications_are_counted_by_their_outcome(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    for _ in 0..3 {
        assert_eq!(app.verify(&secret).status, 200);
    }
    assert_eq!(app.verify("clv_nonsense").status, 401);
    assert_eq!(app.verify_for(&secret, "require_all=nobody:has").status, 403);
    let of = |outcome: &str| value(&app, &format!("claviger_verifications_total{{outcome=\"{outcome}\"}}"));
    assert_eq!([of("good"), of("refused"), of("insufficient"), of("unavailable")], ["3", "1", "1", "0"]);
    assert_eq!(value(&app, "claviger_verification_seconds_count"), "5");
    assert_eq!(value(&app, "claviger_verification_seconds_bucket{le=\"+Inf\"}"), "5");
    assert_eq!(value(&app, "claviger_verification_cache_misses_total"), "1", "the rest is from memory");
    assert_eq!(value(&app, "claviger_verification_cache_keys"), "1");
    assert_eq!(value(&app, "claviger_uses_pending"), "1");
    assert!(value(&app, "claviger_change_feed_lease_seconds").parse::<f64>().expect("a number") > 0.0);
    let answer = app.client().get("/metrics");
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    assert!(answer.body.ends_with("# EOF\n") && !answer.body.contains(&secret));
}
on_both!(verifications_are_counted_by_their_outcome);

fn metrics_are_there_while_the_database_is_not(app: TestApp) {
    assert_eq!(value(&app, "claviger_database_up"), "1");
    app.database.execute("ALTER TABLE kept_counts RENAME TO hidden");
    assert_eq!(value(&app, "claviger_database_up"), "0");
    app.database.execute("ALTER TABLE hidden RENAME TO kept_counts");
    assert_eq!(value(&app, "claviger_database_up"), "1");
}
on_both!(metrics_are_there_while_the_database_is_not);

#[test]
fn metrics_are_for_monitors_of_the_gateway_networks_and_pass_no_proxy() {
    let app = TestApp::start(Kind::Sqlite);
    assert_eq!(app.client().get("/metrics").status, 200);
    for (name, value) in
        [("x-forwarded-for", "8.8.8.8"), ("forwarded", "for=8.8.8.8"), ("via", "1.1 proxy"), ("x-real-ip", "8.8.8.8")]
    {
        assert_eq!(app.client().get_with("/metrics", &[(name, value)]).status, 403, "{name}");
    }
    let elsewhere = |given: &mut claviger::config::Given| given.gateway_networks = Some("10.9.0.0/16".into());
    let app = TestApp::start_with(Database::new(Kind::Sqlite), elsewhere);
    assert_eq!(app.client().get("/metrics").status, 403);
}
