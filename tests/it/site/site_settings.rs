//! Site settings: their limits, the switch that refuses every key, and what they let be kept.

use jiff::SignedDuration;

use crate::support::people::{PASSWORD, eight};
use crate::support::{Client, TestApp, on_both};

fn boss(app: &TestApp) -> Client {
    app.admin("boss");
    let client = app.client();
    assert_eq!(client.sign_in("boss", PASSWORD).status, 303);
    client
}

fn the_panic_switch_refuses_every_key_and_gives_them_back(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let boss = boss(&app);
    let page = boss.get("/admin/settings/accept_keys");
    assert!(page.text().contains("Every tool that uses one of 1 live keys is refused at once"), "{}", page.text());
    boss.submit("/admin/settings/accept_keys", "/admin/settings/accept_keys/off", &[]);
    assert_eq!(app.verify(&secret).status, 401);
    assert!(boss.get("/admin/lifetime-rules").text().contains("every one is refused"));
    boss.submit("/admin/settings/accept_keys", "/admin/settings/accept_keys/on", &[]);
    assert_eq!(app.verify(&secret).status, 200);
    boss.submit("/admin/settings/allow_creation", "/admin/settings/allow_creation/off", &[]);
    assert!(
        miriam
            .get("/external-tool-access")
            .text()
            .contains("An administrator has turned off new API keys on this server.")
    );
    assert_eq!(app.verify(&secret).status, 200);
    let changes = app.database.texts(
        "SELECT target || ' ' || details AS value FROM audit_events WHERE action = 'setting.change' ORDER BY sequence",
    );
    assert_eq!(
        changes,
        [
            "accept_keys {\"after\":\"off\",\"before\":\"on\"}",
            "accept_keys {\"after\":\"on\",\"before\":\"off\"}",
            "allow_creation {\"after\":\"off\",\"before\":\"on\"}"
        ]
    );
}
on_both!(the_panic_switch_refuses_every_key_and_gives_them_back);

fn settings_are_saved_with_their_limits(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let boss = boss(&app);
    let settings = "/admin/settings";
    for (days, retention) in [("0", "0"), ("x", "0"), ("30", "-1"), ("9999", "0")] {
        assert_eq!(
            boss.submit(
                settings,
                settings,
                &[("purge_after_days", days), ("audit_retention_days", retention), ("accepted_forms", "bearer")]
            )
            .status,
            422,
            "{days} {retention}"
        );
    }
    assert_eq!(
        boss.submit(
            settings,
            settings,
            &[
                ("purge_after_days", "5"),
                ("audit_retention_days", "0"),
                ("name_required", "on"),
                ("user_keys", "on"),
                ("accepted_forms", "bearer")
            ]
        )
        .status,
        303
    );
    assert!(miriam.generate("").text().contains("Enter a name"));
    let secret = miriam.secret("named");
    miriam.act(&secret, "revoke");
    app.pass(SignedDuration::from_hours(24 * 4));
    app.run(app.app.sweep()).expect("swept");
    assert_eq!(app.database.count("api_keys"), 1);
    app.pass(SignedDuration::from_hours(24 * 2));
    app.run(app.app.sweep()).expect("swept");
    assert_eq!(app.database.count("api_keys"), 1, "marked, to be removed two days later");
    app.pass(SignedDuration::from_hours(24 * 2));
    app.run(app.app.sweep()).expect("swept");
    assert_eq!(app.database.count("api_keys"), 0, "purged");
    assert_eq!(app.database.count("audit_events WHERE action = 'key.purge' AND via = 'system'"), 1);
}
on_both!(settings_are_saved_with_their_limits);

fn old_events_are_purged_and_what_was_purged_is_sealed(app: TestApp) {
    let miriam = app.signed_in("miriam");
    miriam.secret("old");
    app.set("audit_retention_days", "30");
    app.pass(SignedDuration::from_hours(24 * 31));
    let again = app.client();
    again.sign_in("miriam", PASSWORD);
    app.run(app.app.sweep()).expect("swept");
    assert_eq!(
        app.database.count("audit_events WHERE action = 'audit.purge'"),
        0,
        "noted, to be removed two days later"
    );
    app.pass(SignedDuration::from_hours(24 * 2));
    app.run(app.app.sweep()).expect("swept");
    assert_eq!(
        app.database.texts("SELECT action AS value FROM audit_events ORDER BY sequence"),
        ["session.sign_in", "audit.purge"]
    );
    let whole = app.run(app.app.verify_audit(None)).expect("answers").expect("whole");
    assert_eq!((whole.purged, whole.last), (3, 5));
}
on_both!(old_events_are_purged_and_what_was_purged_is_sealed);

fn refused_keys_are_written_down_in_batches(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    miriam.act(&secret, "disable");
    for _ in 0..5 {
        assert_eq!(app.verify(&secret).status, 401);
    }
    app.verify("clv_nonsense");
    assert_eq!(app.database.count("audit_events WHERE action = 'key.refuse'"), 0, "rule 7: verification never writes");
    app.run(app.app.flush_uses()).expect("written");
    let events = app.database.texts(&format!(
        "SELECT details AS value FROM audit_events WHERE action = 'key.refuse' AND target = '{}'",
        eight(&secret)
    ));
    assert_eq!(events.len(), 1);
    assert!(events[0].contains("\"reason\":\"disabled\"") && events[0].contains("\"times\":5"), "{events:?}");
    assert_eq!(
        app.database.text("SELECT CAST(refusals AS TEXT) AS value FROM daily_usage"),
        "6",
        "the unknown one is counted"
    );
    assert_eq!(app.database.text("SELECT CAST(refusals AS TEXT) AS value FROM key_usage"), "5");
}
on_both!(refused_keys_are_written_down_in_batches);
