//! What administrators do for others: make a key, change its name and note, see who did what.

use crate::rights::{give, policy, site};
use crate::service_accounts::{server_key, service_account};
use crate::support::people::{eight, key_path};
use crate::support::{TestApp, on_both};

fn an_administrator_makes_a_key_for_a_person(app: TestApp) {
    let boss = site(&app);
    let miriam = app.signed_in("miriam");
    miriam.secret("taken");
    let page = "/admin/users/miriam/generate";
    let taken = boss.submit(page, page, &[("name", "taken")]);
    assert_eq!(
        (taken.status, taken.texts("[data-summary] li")),
        (422, vec!["Another key of this account has this name. Choose another name".into()])
    );
    let made = boss.submit(page, page, &[("name", "beamline"), ("expires", "30")]);
    assert_eq!((made.status, made.header("cache-control")), (200, "no-store"));
    let secret = made.secret();
    assert_eq!(app.verify(&secret).status, 200);
    assert!(miriam.get("/external-tool-access").text().contains("beamline"), "it is hers");
    assert!(!boss.get("/external-tool-access").text().contains("beamline"));
    let event = app.database.text("SELECT actor_name || ' ' || details AS value FROM audit_events WHERE action = 'key.generate' ORDER BY id DESC LIMIT 1");
    assert!(event.starts_with("boss ") && event.contains("miriam"), "{event}");

    // Whether users make keys themselves is another question; that nobody gets any is not.
    app.set("user_keys", "off");
    assert_eq!(boss.submit(page, page, &[("name", "second")]).status, 200);
    app.set("allow_creation", "off");
    assert!(boss.get(page).text().contains("An administrator has turned off new API keys on this server."));
    app.unset(&["allow_creation", "user_keys"]);

    // The limit is hers, and it is said whose.
    let form = boss.get(page).hidden_fields(page);
    app.limit_keys(3);
    let full = boss.post(page, &[("csrf", &form["csrf"]), ("form", &form["form"]), ("name", "third")]);
    assert_eq!(full.status, 409);
    assert!(
        full.text().contains("This person has 3 live keys, and the limit is 3. Revoke one to generate another."),
        "{}",
        full.text()
    );

    boss.submit("/admin/users/miriam/change/deactivate", "/admin/users/miriam/change/deactivate", &[]);
    assert!(boss.get(page).text().contains("This user is deactivated. Activate them first."));
    assert_eq!(boss.get("/admin/users/nobody/generate").status, 404);
    service_account(&boss, "plates", &[]);
    assert_eq!(boss.get("/admin/users/plates/generate").status, 404, "it has a form of its own");
}
on_both!(an_administrator_makes_a_key_for_a_person);

fn an_administrator_changes_name_and_note_of_any_key(app: TestApp) {
    let boss = site(&app);
    service_account(&boss, "plates", &[]);
    let of_service = server_key(&boss, "plates", &[("name", "reader")]).secret();
    let of_person = app.signed_in("miriam").secret("ci");
    for secret in [&of_service, &of_person] {
        let page = format!("/admin/api-keys/{}/edit", eight(secret));
        let seen = boss.get(&page).hidden_fields(&page);
        let saved = boss.submit(&page, &page, &[("name", "plate reader 3"), ("note", "room 114")]);
        assert_eq!((saved.status, saved.header("location")), (303, page.trim_end_matches("/edit")));
        let shown = boss.get(page.trim_end_matches("/edit"));
        assert!(shown.text().contains("plate reader 3") && shown.text().contains("room 114"));
        let late =
            boss.post(&page, &[("csrf", &seen["csrf"]), ("version", &seen["version"]), ("name", "x"), ("note", "")]);
        assert_eq!(late.status, 409, "somebody changed it meanwhile");
        assert_eq!(boss.submit(&page, &page, &[("name", "  ")]).texts("[data-summary] li"), ["Enter a name"]);
        assert_eq!(app.verify(secret).status, 200);
    }
    assert_eq!(app.database.count("audit_events WHERE action = 'key.edit' AND actor_name = 'boss'"), 2);
    let other = server_key(&boss, "plates", &[("name", "second")]).secret();
    let page = format!("/admin/api-keys/{}/edit", eight(&other));
    let taken = boss.submit(&page, &page, &[("name", "plate reader 3")]);
    assert_eq!(taken.texts("[data-summary] li"), ["Another key of this account has this name. Choose another name"]);
}
on_both!(an_administrator_changes_name_and_note_of_any_key);

fn the_grid_and_exports_say_who_did_what(app: TestApp) {
    let boss = site(&app);
    let miriam = app.signed_in("miriam");
    let (own, secret) = (
        miriam.secret("own"),
        boss.submit("/admin/users/miriam/generate", "/admin/users/miriam/generate", &[("name", "made")]).secret(),
    );
    miriam.act(&own, "disable");
    miriam.act(&secret, "revoke");
    let columns = "cols=owner_email&cols=name&cols=created_by&cols=disabled_by&cols=revoked_by";
    let page = boss.get(&format!("/admin/api-keys?view=all&sort=name&{columns}"));
    assert_eq!(page.texts("tbody [data-label=\"Created by\"]"), ["Boss Example", "Miriam Example"]);
    assert_eq!(page.texts("tbody [data-label=Email]"), ["miriam@example.org", "miriam@example.org"]);
    assert!(page.texts("tbody [data-label=\"Disabled by\"]")[1].starts_with("Miriam Example"));
    assert!(page.texts("tbody [data-label=\"Revoked by\"]")[0].starts_with("Miriam Example"));
    let lines = boss.get(&format!("/admin/api-keys/export.csv?view=all&sort=name&{columns}")).body;
    let expected = "owner_email,name,created_by,disabled_by,disabled_at,disabled_because,revoked_by,revoked_at,revoked_because\r\n\
        miriam@example.org,made,boss,,,,miriam,2026-11-20T12:00:00Z,\r\n\
        miriam@example.org,own,miriam,miriam,2026-11-20T12:00:00Z,,,,\r\n";
    assert_eq!(lines.trim_start_matches('\u{feff}').replace('"', ""), expected);
    assert_eq!(boss.get("/admin/api-keys?created_by~eq=boss").status, 422, "shown, not asked");
}
on_both!(the_grid_and_exports_say_who_did_what);

fn where_own_keys_are_not_listed_nobody_is_told_of_their_use(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let shown = miriam.generate("ci");
    assert!(shown.text().contains("Waiting for the first use"));
    let used = format!("{}/used", key_path(&shown.secret()));
    assert_eq!(miriam.get(&used).status, 200);
    app.set("own_keys", "none");
    assert_eq!(miriam.get(&used).status, 404);
    assert!(!miriam.generate("second").text().contains("Waiting for the first use"));
}
on_both!(where_own_keys_are_not_listed_nobody_is_told_of_their_use);

fn permissions_that_nothing_asks_for_are_not_offered(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    give(&boss, "boss", &["Reader"]);
    let form = boss.get("/external-tool-access/generate").body;
    assert!(form.contains("claviger:permissions:register"), "what something asks for is");
    assert!(!form.contains("claviger:introspect") && !form.contains("claviger:admin\""), "K13");
}
on_both!(permissions_that_nothing_asks_for_are_not_offered);

fn a_policy_names_all_who_hold_it_when_asked(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    for n in 0..52 {
        service_account(&boss, &format!("svc-{n}"), &[]);
    }
    app.database.execute("INSERT INTO account_policies (account, policy) SELECT accounts.id, policies.id FROM accounts, policies WHERE accounts.kind = 'service' AND policies.name = 'Reader'");
    let page = boss.get("/admin/policies/Reader");
    assert_eq!(page.texts("[aria-labelledby=holders-h] li").len(), 50);
    assert!(page.text().contains("And 2 more. Show all 52"), "{}", page.text());
    let all = boss.get(&page.attribute("[aria-labelledby=holders-h] a[href*='holders=all']", "href"));
    assert_eq!(all.texts("[aria-labelledby=holders-h] li").len(), 52);
    assert!(!all.text().contains("more. Show all"));
}
on_both!(a_policy_names_all_who_hold_it_when_asked);
