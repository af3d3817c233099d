//! Refused changes stand in the audit log, in batches and bounded (S9).

use crate::support::database::{Database, Kind};
use crate::support::people::{PASSWORD, eight, key_path};
use crate::support::{Client, TestApp, on_both};

/// What is in the audit log of refused attempts: who, what, how often.
fn attempts(app: &TestApp) -> Vec<String> {
    app.run(app.app.flush_uses()).expect("written");
    let select = "SELECT actor_name || ' ' || target || ' ' || outcome || ' ' || details AS value FROM audit_events";
    app.database.texts(&format!("{select} WHERE action = 'attempt.refuse' ORDER BY sequence"))
}

fn boss(app: &TestApp) -> Client {
    app.admin("boss");
    let boss = app.client();
    boss.sign_in("boss", PASSWORD);
    boss
}

fn what_was_tried_and_refused_is_in_the_audit_log(app: TestApp) {
    let (miriam, chen) = (app.signed_in("miriam"), app.signed_in("chen"));
    let secret = miriam.secret("ci");
    let revoke = format!("{}/revoke", key_path(&secret));
    for _ in 0..3 {
        assert_eq!(chen.submit("/account", &revoke, &[]).status, 404);
    }
    assert_eq!(chen.submit("/account", "/admin/users/miriam/change/make-admin", &[]).status, 403);
    assert_eq!(
        app.client().post("/account/profile", &[("display_name", "x")]).status,
        303,
        "a stranger is led to sign in"
    );
    let form = miriam.get("/external-tool-access/generate").hidden_fields("/external-tool-access/generate");
    app.limit_keys(1);
    let second = [("csrf", form["csrf"].as_str()), ("form", form["form"].as_str()), ("name", "second")];
    assert_eq!(miriam.post("/external-tool-access/generate", &second).status, 409);
    let expected = [
        format!("chen POST {revoke} failure {{\"status\":404,\"times\":3}}"),
        "chen POST /admin/users/miriam/change/make-admin failure {\"status\":403,\"times\":1}".into(),
        "miriam POST /external-tool-access/generate failure {\"status\":409,\"times\":1}".into(),
    ];
    let mut found = attempts(&app);
    found.sort();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(attempts(&app), found, "once");
    assert!(app.run(app.app.verify_audit(None)).expect("it answers").is_ok(), "the chain is whole");
}
on_both!(what_was_tried_and_refused_is_in_the_audit_log);

fn a_wrong_number_before_bulk_work_is_an_attempt(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secrets: Vec<String> = (0..12).map(|n| miriam.secret(&format!("key {n}"))).collect();
    let boss = boss(&app);
    let mut ticked: Vec<(&str, &str)> = secrets.iter().map(|secret| ("key", eight(secret))).collect();
    ticked.push(("do", "delete"));
    let draft = boss.submit("/admin/api-keys?view=all", "/admin/api-keys/bulk", &ticked).header("location").to_owned();
    assert_eq!(boss.submit(&draft, &draft, &[("number", "3")]).status, 422);
    assert_eq!(attempts(&app), [format!("boss POST {draft} failure {{\"status\":422,\"times\":1}}")]);
}
on_both!(a_wrong_number_before_bulk_work_is_an_attempt);

fn a_flood_of_attempts_is_a_few_events(app: TestApp) {
    let chen = app.signed_in("chen");
    for n in 0..320 {
        assert_eq!(chen.submit("/account", &format!("/external-tool-access/keys/{n:08}/revoke"), &[]).status, 404);
    }
    let found = attempts(&app);
    assert_eq!(found.len(), 21);
    assert_eq!(
        found.iter().filter(|event| event.contains("chen (others) failure") && event.contains("\"times\":300")).count(),
        1,
        "{:?}",
        found.last()
    );
}
on_both!(a_flood_of_attempts_is_a_few_events);

fn strangers_leave_the_route_alone_and_push_nobody_out(app: TestApp) {
    let (stranger, chen) = (app.client(), app.signed_in("chen"));
    for n in 0..400 {
        let two = [("x-api-key", "one"), ("authorization", "Bearer two")];
        assert_eq!(
            stranger.send("PUT", &format!("/api/v1/resources/project:{n}/api_key"), &two, Some(String::new())).status,
            400
        );
        assert_eq!(
            stranger.send("PUT", &format!("/api/v1/resources/x{n}/api_key"), &[], Some(String::new())).status,
            401,
            "the key comes first"
        );
    }
    assert_eq!(chen.submit("/account", "/admin/users/chen/change/make-admin", &[]).status, 403);
    let mut found = attempts(&app);
    found.sort_unstable();
    found.reverse();
    assert_eq!(
        found,
        [
            "nobody PUT /api/v1/resources/{resource}/api_key failure {\"status\":400,\"times\":400}",
            "chen POST /admin/users/chen/change/make-admin failure {\"status\":403,\"times\":1}",
        ]
    );
}
on_both!(strangers_leave_the_route_alone_and_push_nobody_out);

fn no_secret_in_a_path_gets_there(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let status = miriam.submit("/account", &format!("/external-tool-access/keys/{secret}/revoke"), &[]).status;
    assert_eq!(status, 400);
    assert_eq!(attempts(&app), Vec::<String>::new());
}
on_both!(no_secret_in_a_path_gets_there);

/// A request of a stranger through a trusted proxy, and of the app's people from several addresses.
#[test]
fn a_network_of_strangers_is_one_and_what_is_counted_together_is_nobodys() {
    let app =
        TestApp::start_with(Database::new(Kind::Sqlite), |given| given.trusted_proxies = Some("127.0.0.1".into()));
    let two =
        |address: &'static str| [("x-api-key", "one"), ("authorization", "Bearer two"), ("x-forwarded-for", address)];
    for n in 0..30 {
        let path = format!("/api/v1/resources/project:{n}/api_key");
        let address: &'static str = if n % 2 == 0 { "2001:db8::1" } else { "2001:db8::2" };
        assert_eq!(app.client().send("PUT", &path, &two(address), Some(String::new())).status, 400);
    }
    assert_eq!(
        attempts(&app),
        ["nobody PUT /api/v1/resources/{resource}/api_key failure {\"status\":400,\"times\":30}"]
    );
    for person in 0..16 {
        let client = app.signed_in(&format!("person{person}"));
        for n in 0..20 {
            assert_eq!(
                client.submit("/account", &format!("/external-tool-access/keys/{n:08}/revoke"), &[]).status,
                404
            );
        }
    }
    // While the log takes nothing, more comes; what is put back is told apart no further than what came first.
    app.database.execute("CREATE TRIGGER full BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'full'); END");
    assert!(app.run(app.app.flush_uses()).is_err());
    app.database.execute("DROP TRIGGER full");
    let found = attempts(&app);
    let together: Vec<&String> = found.iter().filter(|event| event.contains("(others)")).collect();
    assert_eq!(together, ["nobody (others) failure {\"status\":0,\"times\":20}"]);
    let whose = "audit_events WHERE target = '(others)' AND actor IS NULL AND (address IS NULL OR address = '')";
    assert_eq!(app.database.count(whose), 1);
}
