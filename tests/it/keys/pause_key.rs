//! Disable and enable.

use crate::support::people::{eight, key_path};
use crate::support::{TestApp, on_both};

fn a_pause_refuses_at_once_and_is_undone_from_the_message(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    assert_eq!(miriam.act(&secret, "disable").status, 303);
    assert_eq!(app.verify(&secret).status, 401);
    let list = miriam.get("/external-tool-access");
    assert!(
        list.text()
            .contains(&format!("Key {} disabled. Tools that use it are refused until you enable it.", eight(&secret)))
    );
    let undo = list.attribute("[data-flash] form", "action");
    let token = list.hidden_fields(&undo).remove("csrf").expect("a token");
    assert_eq!(miriam.post(&undo, &[("csrf", &token)]).status, 303);
    assert!(miriam.get("/external-tool-access").text().contains("It works again until 2027-02-18 12:00 UTC."));
    assert_eq!(app.verify(&secret).status, 200);
}
on_both!(a_pause_refuses_at_once_and_is_undone_from_the_message);

fn doing_it_twice_is_doing_it_once(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    for _ in 0..2 {
        assert_eq!(miriam.act(&secret, "disable").status, 303);
    }
    assert_eq!(app.database.count("audit_events WHERE action = 'key.disable'"), 1);
    for _ in 0..2 {
        assert_eq!(miriam.act(&secret, "enable").status, 303);
    }
    assert_eq!(app.database.count("audit_events WHERE action = 'key.enable'"), 1);
}
on_both!(doing_it_twice_is_doing_it_once);

fn an_owner_may_not_enable_what_an_administrator_disabled(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    app.admin("boss");
    app.database.execute(&format!(
        "UPDATE api_keys SET disabled_at = 1, disabled_reason = 'leaked?', disabled_by = (SELECT id FROM accounts WHERE username = 'boss') \
         WHERE first_eight = '{}'", eight(&secret)));
    miriam.act(&secret, "enable");
    assert!(
        miriam
            .get("/external-tool-access")
            .text()
            .contains("An administrator disabled this key. Ask an administrator to enable it.")
    );
    assert_eq!(app.verify(&secret).status, 401);
    let page = miriam.get(&key_path(&secret));
    assert!(page.text().contains("by Boss Example: leaked?"));
    assert!(!page.body.contains("/enable"));
}
on_both!(an_owner_may_not_enable_what_an_administrator_disabled);
