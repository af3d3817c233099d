//! The rules of the design that no other file names: secrets are stored nowhere, every change has its audit event.

use crate::support::people::{eight, key_path};
use crate::support::{TestApp, on_both, operator};

fn rule_1_a_secret_is_stored_nowhere(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secrets: Vec<String> = (0..5).map(|n| miriam.secret(&format!("key {n}"))).collect();
    let rotate = format!("{}/rotate", key_path(&secrets[0]));
    let rotated = miriam.submit(&rotate, &rotate, &[("old_ends", "7d")]).secret();
    for table in ["api_keys", "key_secrets", "sessions", "audit_events", "settings", "used_forms", "accounts"] {
        for secret in secrets.iter().chain([&rotated]) {
            for column in app.database.text_columns(table) {
                let found = app.database.count(&format!("{table} WHERE {column} LIKE '%{}%'", &secret[13..25]));
                assert_eq!(found, 0, "docs/rules.md, K4: {table}.{column}");
            }
        }
    }
}
on_both!(rule_1_a_secret_is_stored_nowhere);

fn rule_6_every_change_has_its_event_or_does_not_happen(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let edit = format!("{}/edit", key_path(&secret));
    miriam.submit(&edit, &edit, &[("name", "ci 2")]);
    miriam.act(&secret, "disable");
    miriam.act(&secret, "enable");
    let rotate = format!("{}/rotate", key_path(&secret));
    miriam.submit(&rotate, &rotate, &[("old_ends", "0h")]);
    miriam.act(&secret, "revoke");
    let events = app.database.texts(&format!(
        "SELECT action || ' ' || actor_name || ' ' || via || ' ' || address AS value FROM audit_events WHERE target = '{}' ORDER BY id", eight(&secret)));
    let expected: Vec<String> = ["generate", "edit", "disable", "enable", "rotate", "revoke"]
        .iter()
        .map(|operation| format!("key.{operation} miriam session 127.0.0.1"))
        .collect();
    assert_eq!(events, expected);
    assert_eq!(
        app.database.count("audit_events WHERE length(request) = 10 AND via = 'session'"),
        7,
        "with the request's reference"
    );

    let kept = miriam.secret("kept");
    let page = "/external-tool-access/generate";
    let fields = miriam.get(page).hidden_fields(page);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    app.database.execute("ALTER TABLE audit_events RENAME TO hidden");
    let refused = miriam.post(page, &fields);
    assert!(refused.status >= 500 && refused.texts("#new-key").is_empty(), "docs/rules.md, L2: no event, no secret");
    app.database.execute("ALTER TABLE hidden RENAME TO audit_events");
    assert_eq!(app.database.count("api_keys"), 2, "and no key");
    assert_eq!(app.verify(&kept).status, 200);
}
on_both!(rule_6_every_change_has_its_event_or_does_not_happen);

fn reading_changes_nothing(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    miriam.get("/external-tool-access"); // takes the message of the generated key
    let tables = ["api_keys", "key_secrets", "audit_events", "settings", "used_forms", "accounts", "sessions"];
    let state = || tables.map(|table| app.database.dump(table));
    let before = state();
    for path in [
        "/",
        "/sign-in",
        "/external-tool-access",
        "/external-tool-access?show=ended",
        "/external-tool-access/generate",
        "/account",
        &key_path(&secret),
        &format!("{}/edit", key_path(&secret)),
        &format!("{}/rotate", key_path(&secret)),
        &format!("{}/revoke", key_path(&secret)),
    ] {
        miriam.get(path);
        app.client().get(path);
    }
    app.verify(&secret);
    assert_eq!(state(), before, "docs/rules.md, W1");
}
on_both!(reading_changes_nothing);

fn two_administrators_cannot_take_each_other_away_at_the_same_moment(app: TestApp) {
    use claviger::domain::accounts::account::Username;
    for name in ["ann", "bob"] {
        app.admin(name);
    }
    for _ in 0..5 {
        let both: Vec<_> = ["ann", "bob"]
            .map(|name| {
                let (app, name) = (std::sync::Arc::clone(&app.app), Username::parse(name).expect("a name"));
                std::thread::spawn(move || {
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                    runtime.block_on(app.deactivate_user(operator(), &name)).is_ok()
                })
            })
            .into_iter()
            .map(|one| one.join().expect("no panic"))
            .collect();
        assert_eq!(both.iter().filter(|done| **done).count(), 1, "{both:?}");
        assert_eq!(app.database.count("accounts WHERE active"), 1, "docs/rules.md, A10");
        app.activate_all();
    }
}
on_both!(two_administrators_cannot_take_each_other_away_at_the_same_moment);

fn rule_4_a_key_opens_no_page_and_makes_no_key(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let page = "/external-tool-access/generate";
    let fields = miriam.get(page).hidden_fields(page);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let bearer = format!("Bearer {secret}");
    for header in [("authorization", bearer.as_str()), ("x-api-key", secret.as_str())] {
        let program = app.client();
        assert_eq!(program.get_with("/external-tool-access", &[header]).status, 303);
        assert_eq!(program.post_with(page, &fields, &[header, ("sec-fetch-site", "same-origin")]).status, 303);
        assert_eq!(program.sign_in("miriam", &secret).status, 422, "and it is no password");
    }
    assert_eq!(app.database.count("api_keys"), 1);
}
on_both!(rule_4_a_key_opens_no_page_and_makes_no_key);

fn rule_9_a_changed_lifetime_rule_leaves_existing_keys_alone(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.generate_with(&[("expires", "365")]).secret();
    app.database.execute("UPDATE lifetime_rules SET default_days = 1, longest_days = 1, keys_per_owner = 1");
    app.pass(jiff::SignedDuration::from_hours(48));
    assert_eq!(
        (app.verify(&secret).status, app.verify(&secret).header("x-key-expires-at").to_owned()),
        (200, "2027-11-20T12:00:00Z".into())
    );
}
on_both!(rule_9_a_changed_lifetime_rule_leaves_existing_keys_alone);
