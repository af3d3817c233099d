//! Who is demoted, deactivated or signed out while a request is on its way does nothing any more with it: neither when the body
//! comes late nor when the transaction has to wait.

use claviger::domain::accounts::account::{Role, Username};
use claviger::domain::accounts::password::{Password, Proposal};

use crate::support::held::Held;
use crate::support::people::{PASSWORD, eight};
use crate::support::{Client, TestApp, on_both, operator};

fn username(name: &str) -> Username {
    Username::parse(name).expect("a user name")
}

/// Ends the right of the person with this name, who is signed in with this browser.
type End = fn(&TestApp, &Client, &str);

/// What ends the right of somebody, in words and as it is done by others.
const ENDS: [(&str, End); 4] = [
    ("demoted", |app, _, name| app.run(app.app.set_role(operator(), &username(name), Role::User)).expect("demoted")),
    ("deactivated", |app, _, name| {
        app.run(app.app.deactivate_user(operator(), &username(name))).expect("deactivated");
    }),
    ("signed out", |_, client, _| assert_eq!(client.submit("/account", "/sign-out", &[]).status, 303)),
    ("given another password", |app, _, name| {
        let proposal = Proposal::parse("password", "another horse battery staple".into()).expect("long");
        let new = Password::chosen(proposal, &username(name)).expect("good");
        app.run(app.app.set_user_password(operator(), &username(name), new)).expect("set");
    }),
];

/// One of each kind of act of a person and of an administrator: the path and the fields.
fn acts(keys: &[String]) -> Vec<(String, Vec<(&'static str, String)>)> {
    let form = |n: usize| ("form", format!("{n:022}"));
    let own = |n: usize, operation: &str| format!("/external-tool-access/keys/{}/{operation}", eight(&keys[n]));
    let text =
        |pairs: &[(&'static str, &str)]| pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    vec![
        ("/external-tool-access/generate".into(), vec![form(1), ("name", "late".into())]),
        (own(0, "revoke"), Vec::new()),
        (own(1, "rotate"), vec![form(2), ("old_ends", "0h".into())]),
        (own(2, "disable"), Vec::new()),
        (own(3, "edit"), text(&[("name", "late edit"), ("note", ""), ("version", "1")])),
        (own(4, "access"), text(&[("version", "1"), ("access", "inherit")])),
        ("/account/profile".into(), text(&[("display_name", "Late")])),
        ("/account/appearance".into(), text(&[("appearance", "dark")])),
        ("/account/sessions/end-others".into(), Vec::new()),
        (
            "/account/password".into(),
            text(&[
                ("present", PASSWORD),
                ("password", "late horse battery staple"),
                ("again", "late horse battery staple"),
            ]),
        ),
        (
            "/admin/users/add".into(),
            text(&[("username", "late"), ("display_name", "Late"), ("email", ""), ("role", "admin")]),
        ),
        ("/admin/users/lena/change/make-admin".into(), Vec::new()),
        ("/admin/users/lena/change/link".into(), Vec::new()),
        ("/admin/users/lena/edit".into(), text(&[("display_name", "Late"), ("email", "late@example.org")])),
        ("/admin/users/lena/policies".into(), text(&[("policy", "Readers")])),
        ("/admin/users/lena/generate".into(), vec![form(3), ("name", "late".into())]),
        (
            format!("/admin/api-keys/{}/edit", eight(&keys[5])),
            text(&[("name", "late edit of another"), ("note", ""), ("version", "1")]),
        ),
        ("/admin/users/lena/change/deactivate".into(), Vec::new()),
        ("/admin/users/lena/delete".into(), text(&[("keys", "revoke"), ("typed", "lena")])),
        ("/admin/settings/accept_keys/off".into(), Vec::new()),
        ("/admin/policies/new".into(), text(&[("name", "Late"), ("description", ""), ("scope", "a:read")])),
        ("/admin/policies/Readers/delete".into(), text(&[("typed", "Readers")])),
        ("/admin/permissions".into(), text(&[("service", "lab"), ("name", "late:read"), ("description", "")])),
        ("/admin/permissions/a:read/retire".into(), Vec::new()),
        ("/admin/permissions/late:read/retire".into(), Vec::new()),
        ("/admin/permissions/late:read/release".into(), Vec::new()),
        ("/admin/services/lab/move".into(), text(&[("to", "late")])),
        ("/admin/resources/new".into(), text(&[("kind", "project"), ("external_id", "late"), ("title", "Late")])),
        ("/admin/resources/project:one/administrators".into(), text(&[("username", "root")])),
        (
            "/admin/service-accounts/new".into(),
            text(&[("username", "late-robot"), ("display_name", "Late"), ("description", "")]),
        ),
        ("/admin/api-keys/views".into(), text(&[("name", "Late"), ("state", "view=all")])),
    ]
}

/// What the acts are about.
fn set_up(app: &TestApp) {
    app.admin("root");
    app.person("lena");
    app.database
        .execute("INSERT INTO permissions (name, service, description, registered_at) VALUES ('a:read', 'lab', '', 0)");
    app.database.execute("INSERT INTO policies (name, name_folded, description, version, created_at, changed_at) VALUES ('Readers', 'readers', '', 1, 0, 0)");
    app.database.execute("INSERT INTO resources (kind, external_id, title, title_folded, created_at, name_folded) VALUES ('project', 'one', 'One', 'one', 0, 'project:one')");
}

fn no_act_of_any_kind_outlives_the_right_to_it(app: TestApp) {
    set_up(&app);
    let mut tries = 0;
    for round in 0..2 {
        for (at, (how, end)) in ENDS.into_iter().enumerate() {
            let name = format!("boss-{round}-{at}");
            app.admin(&name);
            let boss = app.client();
            assert_eq!(boss.sign_in(&name, PASSWORD).status, 303);
            let keys: Vec<String> = (0..6).map(|n| boss.secret(&format!("key {n}"))).collect();
            let token = boss.token();
            let held: Vec<(String, Held)> = acts(&keys)
                .into_iter()
                .map(|(path, fields)| {
                    let fields: Vec<(&str, &str)> =
                        fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                    let held = Held::form(&app, &boss, &token, &path, &fields);
                    (path, held)
                })
                .collect();
            end(&app, &boss, &name);
            let tables = [
                "api_keys",
                "accounts",
                "policies",
                "permissions",
                "resources",
                "bulk_jobs",
                "settings",
                "saved_views",
                "sign_in_links",
            ];
            let state = || tables.map(|table| app.database.dump(table));
            let (before, events) = (state(), app.database.count("audit_events"));
            for (path, held) in held {
                let (status, answer) = held.release();
                assert!([303, 403].contains(&status), "{how}: {path}: {answer}");
                assert!(!answer.contains("clv_"), "{how}: {path}: no secret is shown");
                tries += 1;
            }
            assert!(state() == before, "{how}: nothing was changed");
            let said = format!("audit_events WHERE outcome = 'success' AND sequence > {events}");
            assert_eq!(
                app.database.count(&said),
                0,
                "{how}: {:?}",
                app.database.texts("SELECT action AS value FROM audit_events")
            );
        }
    }
    assert!(tries >= 200, "{tries}");
}
on_both!(no_act_of_any_kind_outlives_the_right_to_it);

fn each_kind_of_act_is_one_that_works_in_time(app: TestApp) {
    app.admin("root");
    app.person("lena");
    app.database
        .execute("INSERT INTO permissions (name, service, description, registered_at) VALUES ('a:read', 'lab', '', 0)");
    app.database.execute("INSERT INTO policies (name, name_folded, description, version, created_at, changed_at) VALUES ('Readers', 'readers', '', 1, 0, 0)");
    app.database.execute("INSERT INTO resources (kind, external_id, title, title_folded, created_at, name_folded) VALUES ('project', 'one', 'One', 'one', 0, 'project:one')");
    let boss = app.client();
    boss.sign_in("root", PASSWORD);
    let keys: Vec<String> = (0..6).map(|n| boss.secret(&format!("key {n}"))).collect();
    for (path, fields) in acts(&keys) {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let before = app.database.count("audit_events WHERE outcome = 'success'");
        let (status, answer) = Held::form(&app, &boss, &boss.token(), &path, &fields).release();
        assert!([200, 303].contains(&status), "{path}: {answer}");
        let silent = ["/account/appearance"].contains(&path.as_str());
        assert!(
            silent || app.database.count("audit_events WHERE outcome = 'success'") > before,
            "{path} did nothing: {answer}"
        );
        if path == "/account/password" {
            boss.sign_in("root", "late horse battery staple");
        }
    }
}
on_both!(each_kind_of_act_is_one_that_works_in_time);

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn a_transaction_that_waited_looks_again_before_it_commits() {
    use diesel::{Connection, PgConnection, RunQueryDsl};
    let app = TestApp::start(crate::support::database::Kind::Postgres);
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let cookie = miriam.cookie("claviger").expect("signed in");
    let mut other = PgConnection::establish(&app.database.url).expect("a connection");
    diesel::sql_query("BEGIN").execute(&mut other).expect("begun");
    diesel::sql_query("LOCK TABLE api_keys IN EXCLUSIVE MODE").execute(&mut other).expect("locked");
    let waiting = {
        let (miriam, path) = (miriam.clone(), format!("/external-tool-access/keys/{}/revoke", eight(&secret)));
        let token = miriam.token();
        std::thread::spawn(move || miriam.post(&path, &[("csrf", &token)]))
    };
    let waits = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while app.database.count(waits) == 0 {
        std::thread::yield_now(); // until the transaction waits for the table
    }
    app.run(app.app.end_session(&cookie[cookie.len() - 64..])).expect("ended");
    diesel::sql_query("COMMIT").execute(&mut other).expect("released");
    assert_eq!(waiting.join().expect("an answer").status, 403);
    assert_eq!(app.verify(&secret).status, 200, "the key was not revoked");
}

fn every_act_may_come_twice(app: TestApp) {
    set_up(&app);
    app.admin("boss");
    let boss = app.client();
    assert_eq!(boss.sign_in("boss", PASSWORD).status, 303);
    let keys: Vec<String> = (0..6).map(|n| boss.secret(&format!("key {n}"))).collect();
    for (path, fields) in acts(&keys).into_iter().filter(|(path, _)| path != "/account/password") {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for time in ["first", "second"] {
            let answer = boss.submit("/account", &path, &fields);
            assert!(answer.status < 500, "the {time} time: {path}: {}", answer.text());
        }
    }
}
on_both!(every_act_may_come_twice);
