//! Session keys: they end with the session that made them, are counted, and stand in no list of everybody's keys.

use jiff::SignedDuration;

use crate::rights::{give, policy, site, status};
use crate::support::people::{PASSWORD, eight};
use crate::support::{Answer, Client, TestApp, on_both};

const PAGE: &str = "/external-tool-access";

fn turn_on(app: &TestApp) {
    app.set("session_keys", "on");
}

fn generate(client: &Client) -> Answer {
    client.submit(PAGE, "/external-tool-access/session-keys", &[])
}

fn a_session_key_ends_when_its_owner_signs_out(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Reader"]);
    assert!(!ana.get(PAGE).text().contains("Session keys"), "off unless an administrator turns it on");
    turn_on(&app);
    let form = ana.get(PAGE).hidden_fields("/external-tool-access/session-keys");
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let secret = ana.post("/external-tool-access/session-keys", &fields).secret();
    assert_eq!(
        ana.post("/external-tool-access/session-keys", &fields).status,
        303,
        "the same form again shows nothing"
    );
    assert!(ana.get(PAGE).text().contains("was shown already"));
    assert_eq!(
        (status(&app, &secret, "require_all=read:data"), status(&app, &secret, "require_all=write:data")),
        (200, 403)
    );
    assert_eq!(app.verify(&secret).header("remote-user"), "ana");
    assert!(ana.get(PAGE).text().contains(eight(&secret)));
    let grid = boss.get("/admin/api-keys?view=all").text();
    assert!(grid.contains("1 session key is not listed.") && !grid.contains(eight(&secret)), "{grid}");
    app.run(app.app.flush_uses()).expect("nothing to write down");

    let other = app.client();
    other.sign_in("ana", PASSWORD);
    let second = generate(&other).secret();
    ana.submit("/account", "/sign-out", &[]);
    assert_eq!((status(&app, &secret, ""), status(&app, &second, "")), (401, 200), "each ends with its own session");
    let end = format!("/external-tool-access/session-keys/{}/end", eight(&second));
    assert_eq!(boss.submit(PAGE, &end, &[]).status, 404, "somebody else's is not found");
    assert_eq!(other.submit(PAGE, &end, &[]).status, 303);
    assert_eq!(status(&app, &second, ""), 401);
    assert_eq!(app.database.count("session_keys"), 0);
    assert_eq!(app.database.count("audit_events WHERE action = 'key.generate' AND details LIKE '%session_key%'"), 2);
}
on_both!(a_session_key_ends_when_its_owner_signs_out);

fn a_session_key_ends_with_the_idle_time_and_with_the_setting(app: TestApp) {
    turn_on(&app);
    let ana = app.signed_in("ana");
    let secret = generate(&ana).secret();
    app.pass(SignedDuration::from_mins(29));
    assert_eq!(status(&app, &secret, ""), 200, "using it does not keep the session alive");
    app.set("session_keys", "off");
    assert_eq!(status(&app, &secret, ""), 401, "turned off, it is refused at once");
    app.set("session_keys", "on");
    assert_eq!(status(&app, &secret, ""), 200);
    app.deactivate_all();
    assert_eq!(status(&app, &secret, ""), 401);
    app.activate_all();
    app.pass(SignedDuration::from_mins(2));
    assert_eq!(status(&app, &secret, ""), 401, "the session was idle for too long");
    app.run(app.app.sweep()).expect("swept");
    assert_eq!(app.database.count("session_keys"), 0);
}
on_both!(a_session_key_ends_with_the_idle_time_and_with_the_setting);

fn session_keys_count_among_a_persons_keys(app: TestApp) {
    turn_on(&app);
    app.limit_keys(2);
    let ana = app.signed_in("ana");
    generate(&ana).secret();
    ana.secret("one");
    assert_eq!(generate(&ana).status, 303);
    assert!(ana.get(PAGE).text().contains("You have 2 live keys, and the limit is 2."));
    assert!(ana.get("/external-tool-access/generate").text().contains("You have 2 live keys"));
    assert_eq!((app.database.count("api_keys"), app.database.count("session_keys")), (1, 1));
}
on_both!(session_keys_count_among_a_persons_keys);

fn rule_4_a_session_key_makes_no_key_that_outlives_it(app: TestApp) {
    turn_on(&app);
    app.set("key_may_create", "on");
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    give(&boss, "boss", &["Reader"]);
    boss.submit("/admin/resource-kinds/project", "/admin/resource-kinds/project", &[("scope", "read:data")]);
    let new = "/admin/resources/new";
    boss.submit(new, new, &[("kind", "project"), ("external_id", "abc"), ("title", "Assay plates")]);
    boss.submit("/admin/resources/project:abc", "/admin/resources/project:abc/administrators", &[("username", "boss")]);
    let put = |secret: &str| {
        let headers = [("x-api-key", secret), ("content-type", "application/json")];
        app.client().send(
            "PUT",
            "/api/v1/resources/project:abc/api_key",
            &headers,
            Some(r#"{"scopes": ["read:data"]}"#.into()),
        )
    };
    let of_session = generate(&boss).secret();
    let refused = put(&of_session);
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(refused.body.contains("a session key never may"), "{}", refused.body);
    assert_eq!(put(&boss.secret("program")).status, 201);
    assert_eq!(put(&of_session).status, 200, "it may ask which key there is");
    assert_eq!(app.database.count("audit_events WHERE action = 'key.generate' AND details LIKE '%\"by_key\":\"%'"), 1);
}
on_both!(rule_4_a_session_key_makes_no_key_that_outlives_it);
