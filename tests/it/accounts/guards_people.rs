//! Guards about people: what ends with what, and how often somebody may try. Each was seen to matter (docs/contributing.md).

use crate::rights::{project, site};
use crate::support::database::{Database, Kind};
use crate::support::people::PASSWORD;
use crate::support::{Client, TestApp, on_both, operator};

const NEW: &str = "another horse battery staple";

fn change(boss: &Client, user: &str, what: &str) -> crate::support::Answer {
    let path = format!("/admin/users/{user}/change/{what}");
    boss.submit(&path, &path, &[])
}

/// Makes a one-time link for somebody; gives its path.
fn link(boss: &Client, user: &str) -> String {
    let page = change(boss, user, "link");
    let link = page.texts("#link").join("");
    assert!(link.contains("/welcome?token="), "{}", page.text());
    link[link.find("/welcome").expect("a path")..].to_owned()
}

fn is_open(app: &TestApp, link: &str) -> bool {
    app.client().get(link).status == 200
}

fn links_end_with_the_password_the_role_and_the_account(app: TestApp) {
    let boss = site(&app);
    let miriam = app.signed_in("miriam");
    let by_password = link(&boss, "miriam");
    assert!(is_open(&app, &by_password));
    miriam.submit("/account", "/account/password", &[("present", PASSWORD), ("password", NEW), ("again", NEW)]);
    assert!(!is_open(&app, &by_password), "a new password ends it");
    let by_role = link(&boss, "miriam");
    assert_eq!(change(&boss, "miriam", "make-admin").status, 303);
    assert!(!is_open(&app, &by_role), "a new role ends it");
    assert_eq!(change(&boss, "miriam", "make-user").status, 303);
    let by_operator = link(&boss, "miriam");
    let username = claviger::domain::accounts::account::Username::parse("miriam").expect("a name");
    let proposal = claviger::domain::accounts::password::Proposal::parse("password", PASSWORD.into()).expect("long");
    let password = claviger::domain::accounts::password::Password::chosen(proposal, &username).expect("good");
    app.run(app.app.set_user_password(operator(), &username, password)).expect("set");
    assert!(!is_open(&app, &by_operator), "one that the operator set ends it");

    let while_active = link(&boss, "miriam");
    app.deactivate("miriam");
    assert!(!is_open(&app, &while_active), "a deactivated person's link opens nothing");
    let used = app.client().post(
        "/welcome",
        &[("token", while_active.split('=').nth(1).expect("a token")), ("password", NEW), ("again", NEW)],
    );
    assert_eq!(used.status, 404);
    change(&boss, "miriam", "link");
    assert!(boss.get("/admin/users/miriam").text().contains("This person is deactivated. Activate them first."));
    assert_eq!(app.database.count("sign_in_links WHERE expires_at > 0"), 1, "and no other is made");
}
on_both!(links_end_with_the_password_the_role_and_the_account);

fn a_link_that_was_used_ends_the_sessions_before(app: TestApp) {
    let boss = site(&app);
    let miriam = app.signed_in("miriam");
    let link = link(&boss, "miriam");
    let client = app.client();
    let token = link.split('=').nth(1).expect("a token");
    assert_eq!(client.post("/welcome", &[("token", token), ("password", NEW), ("again", NEW)]).status, 303);
    assert!(client.is_signed_in() && !miriam.is_signed_in());
}
on_both!(a_link_that_was_used_ends_the_sessions_before);

fn who_was_deleted_comes_back_without_sessions_links_and_resources(app: TestApp) {
    let boss = site(&app);
    project(&boss, "read:data");
    let miriam = app.signed_in("miriam");
    let page = "/admin/resources/project:abc";
    assert_eq!(boss.submit(page, &format!("{page}/administrators"), &[("username", "miriam")]).status, 303);
    assert_eq!(miriam.get("/resources/project:abc").status, 200);
    let link = link(&boss, "miriam");
    let gone = "/admin/users/miriam/delete";
    assert_eq!(boss.submit(gone, gone, &[("keys", "revoke"), ("typed", "miriam")]).status, 303);
    assert_eq!(app.database.count("sessions s JOIN accounts a ON a.id = s.account WHERE a.username = 'miriam'"), 0);
    assert_eq!(change(&boss, "miriam", "activate").status, 303);
    assert!(!miriam.is_signed_in() && !is_open(&app, &link));
    let again = app.client();
    let token = self::link(&boss, "miriam");
    let token = token.split('=').nth(1).expect("a token");
    assert_eq!(again.post("/welcome", &[("token", token), ("password", NEW), ("again", NEW)]).status, 303);
    assert_eq!(again.get("/resources/project:abc").status, 404, "somebody else looks after it, or nobody");
}
on_both!(who_was_deleted_comes_back_without_sessions_links_and_resources);

fn the_last_administrator_is_not_deleted(app: TestApp) {
    let boss = site(&app);
    app.admin("second");
    let second = app.client();
    second.sign_in("second", PASSWORD);
    assert_eq!(change(&boss, "second", "deactivate").status, 303);
    // Deactivated, they are nobody who could stay: what is asked for is the last active one, also of the one who asks.
    app.activate("second");
    second.sign_in("second", PASSWORD);
    app.deactivate("boss");
    let nobody = claviger::actions::Actor::cli().on_behalf_of(claviger::domain::ids::AccountId(0), "nobody".into());
    let by = nobody.reauthenticated().expect("the operator may");
    let username = claviger::domain::accounts::account::Username::parse("second").expect("a name");
    let deleted = app.run(app.app.delete_user(by, &username, claviger::actions::accounts::delete::TheirKeys::Revoke));
    assert!(matches!(deleted, Err(claviger::actions::Error::Conflict(_))));
    assert_eq!(app.database.count("accounts WHERE username = 'second' AND active AND deleted_at IS NULL"), 1);
}
on_both!(the_last_administrator_is_not_deleted);

fn a_password_is_not_guessed_by_who_is_signed_in(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let change = || {
        miriam
            .submit("/account", "/account/password", &[("present", "wrong"), ("password", NEW), ("again", NEW)])
            .status
    };
    let statuses: Vec<u16> = (0..14).map(|_| change()).collect();
    assert!(statuses.starts_with(&[422; 8]) && statuses.contains(&429), "{statuses:?}");
    let chen = app.signed_in("chen");
    let confirm = || chen.submit("/confirm-password", "/confirm-password", &[("password", "wrong")]).status;
    let statuses: Vec<u16> = (0..14).map(|_| confirm()).collect();
    assert!(statuses.starts_with(&[422; 8]) && statuses.contains(&429), "{statuses:?}");
}
on_both!(a_password_is_not_guessed_by_who_is_signed_in);

/// Tries to sign in through a proxy that is trusted.
fn try_from(app: &TestApp, address: &str, name: &str) -> u16 {
    let headers = [("sec-fetch-site", "same-origin"), ("x-forwarded-for", address)];
    app.client().post_with("/sign-in", &[("username", name), ("password", "wrong")], &headers).status
}

#[test]
fn strangers_from_everywhere_share_one_bucket_for_an_account_and_a_network_one_for_itself() {
    let app =
        TestApp::start_with(Database::new(Kind::Sqlite), |given| given.trusted_proxies = Some("127.0.0.1".into()));
    app.person("miriam");
    let refused = (0..140).position(|n| try_from(&app, &format!("203.0.{}.{}", n / 250, n % 250), "miriam") == 429);
    assert!(refused.is_some_and(|n| n >= 100), "a hundred from all addresses together: {refused:?}");
    assert_eq!(try_from(&app, "203.0.113.250", "chen"), 422, "another account is another matter");
    let refused = (0..100).position(|n| try_from(&app, &format!("2001:db8::{n:x}"), &format!("v6-{n}")) == 429);
    assert!(refused.is_some_and(|n| n >= 60), "sixty from one network of IPv6: {refused:?}");
    assert_eq!(try_from(&app, "2001:db8:0:1::1", "v6"), 422, "the next network has its own");
}

/// A sign-in whose password was compared, and whose account is deactivated before it is admitted.
#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn who_is_deactivated_while_they_sign_in_is_not_admitted() {
    use diesel::{Connection, PgConnection, RunQueryDsl};
    let app = TestApp::start(Kind::Postgres);
    app.person("miriam");
    let mut other = PgConnection::establish(&app.database.url).expect("a connection");
    let run = |other: &mut PgConnection, text: &str| diesel::sql_query(text).execute(other).expect("done");
    run(&mut other, "BEGIN");
    run(&mut other, "UPDATE accounts SET active = FALSE WHERE username = 'miriam'");
    let client = app.client();
    let waiting = {
        let client = client.clone();
        std::thread::spawn(move || client.sign_in("miriam", PASSWORD).status)
    };
    let waits = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while app.database.count(waits) == 0 {
        std::thread::yield_now();
    }
    run(&mut other, "COMMIT");
    assert_eq!(waiting.join().expect("an answer"), 422);
    assert_eq!(app.database.count("sessions"), 0);
}
