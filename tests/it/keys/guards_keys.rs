//! Guards about keys and rights, each seen to matter (docs/contributing.md).

use std::thread;

use jiff::SignedDuration;

use crate::rights::{give, policy, project, site, status};
use crate::service_accounts::{server_key, service_account};
use crate::support::database::Kind;
use crate::support::people::{eight, key_path};
use crate::support::{Answer, Client, TestApp, on_both};

fn put(app: &TestApp, secret: &str, resource: &str, body: &str) -> Answer {
    let headers = [("x-api-key", secret), ("content-type", "application/json")];
    app.client().send("PUT", &format!("/api/v1/resources/{resource}/api_key"), &headers, Some(body.into()))
}

fn work(app: &TestApp) {
    app.run(app.app.run_jobs()).expect("done");
}

fn no_secret_is_renewed_while_new_keys_are_turned_off(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let path = format!("{}/rotate", key_path(&secret));
    let form = miriam.get(&path).hidden_fields(&path);
    app.set("allow_creation", "off");
    let answer = miriam.post(&path, &[("csrf", &form["csrf"]), ("form", &form["form"]), ("old_ends", "0h")]);
    assert_eq!(answer.status, 409);
    assert!(
        answer.text().contains("An administrator has turned off new API keys on this server."),
        "{}",
        answer.text()
    );
    assert_eq!(app.verify(&secret).status, 200);
}
on_both!(no_secret_is_renewed_while_new_keys_are_turned_off);

/// `ana` administers the project `abc`, whose keys can be given `read:data`; programs may ask.
fn programs(app: &TestApp) -> (Client, Client) {
    let boss = site(app);
    project(&boss, "read:data");
    app.set("key_may_create", "on");
    let ana = app.signed_in("ana");
    let page = "/admin/resources/project:abc";
    assert_eq!(boss.submit(page, &format!("{page}/administrators"), &[("username", "ana")]).status, 303);
    (boss, ana)
}

fn a_program_needs_the_right_to_make_keys_and_gives_what_the_kind_lists(app: TestApp) {
    let (boss, ana) = programs(&app);
    assert_eq!(policy(&boss, "Writer", &["read:data", "write:data"]).status, 303);
    give(&boss, "ana", &["Writer"]);
    let fields = |scopes: &'static [&'static str]| {
        let scopes = scopes.iter().map(|scope| ("scope", *scope));
        [("resource", "project:abc"), ("access", "scopes")].into_iter().chain(scopes).collect::<Vec<_>>()
    };
    let reads = ana.generate_with(&fields(&["claviger:keys:read", "read:data"])).secret();
    let refused = put(&app, &reads, "project:abc", r#"{"scopes": ["read:data"]}"#);
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(refused.body.contains("claviger:keys:create"), "{}", refused.body);
    let makes =
        ana.generate_with(&fields(&["claviger:keys:read", "claviger:keys:create", "read:data", "write:data"])).secret();
    let beyond = put(&app, &makes, "project:abc", r#"{"scopes": ["write:data"]}"#);
    assert_eq!(beyond.status, 400, "what the key has, and its kind does not list: {}", beyond.body);
    assert_eq!(put(&app, &makes, "project:abc", r#"{"scopes": ["read:data"]}"#).status, 201);
}
on_both!(a_program_needs_the_right_to_make_keys_and_gives_what_the_kind_lists);

fn who_administers_one_resource_does_not_see_keys_of_another(app: TestApp) {
    let (boss, ana) = programs(&app);
    let page = "/admin/resources/new";
    boss.submit(page, page, &[("kind", "project"), ("external_id", "other"), ("title", "Other")]);
    let foreign = boss.generate_with(&[("name", "foreign"), ("resource", "project:other")]).secret();
    let own = ana.generate_with(&[("name", "own"), ("resource", "project:abc")]).secret();
    for (secret, expected) in [(&own, 200), (&foreign, 404)] {
        let path = format!("/resources/project:abc/keys/{}/revoke", eight(secret));
        let page = ana.get(&path);
        assert!(page.status == expected || page.status == 303 && expected == 404, "{}", page.status);
        assert_eq!(page.text().contains("Revoke key"), expected == 200);
    }
    let token = ana.get("/account").hidden_fields("/sign-out").remove("csrf").unwrap_or_default();
    let path = format!("/resources/project:abc/keys/{}/revoke", eight(&foreign));
    assert_eq!(ana.post(&path, &[("csrf", &token)]).status, 404);
    assert_eq!(app.verify(&foreign).status, 403, "it lives: it is bound, and nothing was asked");
    assert!(!ana.get("/resources/project:abc").text().contains(eight(&foreign)));
}
on_both!(who_administers_one_resource_does_not_see_keys_of_another);

fn an_undo_is_not_undone_and_nothing_after_the_purge(app: TestApp) {
    let boss = site(&app);
    let secret = app.signed_in("miriam").secret("ci");
    let delete = || {
        let draft = boss.submit(
            "/admin/api-keys?view=all",
            "/admin/api-keys/bulk",
            &[("key", eight(&secret)), ("do", "delete")],
        );
        let draft = draft.header("location").to_owned();
        let job = boss.submit(&draft, &draft, &[]).header("location").to_owned();
        work(&app);
        job
    };
    let job = delete();
    let undo = boss.submit(&job, &format!("{job}/undo"), &[]).header("location").to_owned();
    work(&app);
    assert_eq!(app.verify(&secret).status, 200);
    boss.submit(&undo, &format!("{undo}/undo"), &[]);
    work(&app);
    assert_eq!(app.verify(&secret).status, 200, "an undo is not undone");
    assert!(boss.get(&undo).text().contains("This was itself an undo."));
    let job = delete();
    app.pass(SignedDuration::from_hours(24 * 31));
    boss.sign_in("boss", crate::support::people::PASSWORD);
    let token = boss.get("/account").hidden_fields("/sign-out").remove("csrf").unwrap_or_default();
    boss.post(&format!("{job}/undo"), &[("csrf", &token)]);
    work(&app);
    assert!(boss.get(&job).text().contains("This is too long ago"), "{}", boss.get(&job).text());
    assert_eq!(
        app.database.count(&format!("api_keys WHERE first_eight = '{}' AND revoked_at IS NULL", eight(&secret))),
        0
    );
}
on_both!(an_undo_is_not_undone_and_nothing_after_the_purge);

fn an_inactive_account_gets_no_keys(app: TestApp) {
    let boss = site(&app);
    for name in ["from", "to"] {
        service_account(&boss, name, &[]);
    }
    let secret = server_key(&boss, "from", &[("name", "key")]).secret();
    let page = "/admin/service-accounts/to";
    let transfer =
        |to: &str| boss.submit("/admin/service-accounts/from", "/admin/service-accounts/from/transfer", &[("to", to)]);
    assert_eq!(boss.submit(page, &format!("{page}/deactivate"), &[]).status, 303);
    let refused = transfer("to");
    assert_eq!((refused.status, app.verify(&secret).status), (422, 200), "{}", refused.text());
    assert!(server_key(&boss, "to", &[("name", "new")]).status >= 400);
    assert_eq!(app.database.count("api_keys"), 1);
    // Deactivated between the confirmation and the work.
    assert_eq!(boss.submit(page, &format!("{page}/activate"), &[]).status, 303);
    let job = transfer("to").header("location").to_owned();
    assert_eq!(boss.submit(page, &format!("{page}/deactivate"), &[]).status, 303);
    work(&app);
    assert_eq!(app.verify(&secret).status, 200, "{}", boss.get(&job).text());
}
on_both!(an_inactive_account_gets_no_keys);

/// Runs the same of everybody at the same moment.
fn at_once<T: Send + 'static>(count: usize, run: impl Fn(usize) -> T + Send + Sync + 'static) -> Vec<T> {
    let run = std::sync::Arc::new(run);
    let started = std::sync::Arc::new(std::sync::Barrier::new(count));
    let all: Vec<_> = (0..count)
        .map(|n| {
            let (run, started) = (std::sync::Arc::clone(&run), std::sync::Arc::clone(&started));
            thread::spawn(move || {
                started.wait();
                run(n)
            })
        })
        .collect();
    all.into_iter().map(|one| one.join().expect("no panic")).collect()
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn of_many_who_change_one_thing_at_once_on_postgres_one_does() {
    let app = TestApp::start(Kind::Postgres);
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    let secret = boss.secret("ci");
    let page = boss.get("/admin/policies/Reader");
    let hidden = page.hidden_fields("/admin/policies/Reader");
    let (token, version) = (hidden["csrf"].clone(), hidden["version"].clone());

    for round in 0..3 {
        // The policy is held: of eight changes from the same version one is made.
        let version = (version.parse::<i64>().expect("a number") + round).to_string();
        let (changing, token_of) = (boss.clone(), token.clone());
        let changed = at_once(8, move |n| {
            let description = format!("by {n} in {round}");
            let fields = [
                ("csrf", token_of.as_str()),
                ("version", version.as_str()),
                ("name", "Reader"),
                ("description", &description),
                ("scope", "read:data"),
            ];
            changing.post("/admin/policies/Reader", &fields).status
        });
        assert_eq!(changed.iter().filter(|status| **status == 303).count(), 1, "{changed:?}");
        assert!(changed.iter().all(|status| [303, 409].contains(status)), "{changed:?}");

        // The owner of the key is held: likewise.
        let path = format!("{}/edit", key_path(&secret));
        let hidden = boss.get(&path).hidden_fields(&path);
        let (editing, token, version) = (boss.clone(), hidden["csrf"].clone(), hidden["version"].clone());
        let edited = at_once(8, move |n| {
            let name = format!("name {n} in {round}");
            editing.post(&path, &[("csrf", &token), ("version", &version), ("name", &name), ("note", "")]).status
        });
        assert_eq!(edited.iter().filter(|status| **status == 303).count(), 1, "{edited:?}");

        // The catalogue is held: eight deployments of one list are all answered, and register it once.
        let register = boss
            .generate_with(&[
                ("name", &format!("deploy {round}")),
                ("access", "scopes"),
                ("scope", "claviger:permissions:register"),
            ])
            .secret();
        let client = app.client();
        let registered = at_once(8, move |_| {
            let body = format!(
                r#"{{"permissions": [{{"name": "plate.{round}"}}, {{"name": "plate.more.{round}"}}], "retire_at_most": 9}}"#
            );
            let headers = [("x-api-key", register.as_str()), ("content-type", "application/json")];
            client.send("PUT", "/api/v1/services/plates/permissions", &headers, Some(body)).status
        });
        assert_eq!(registered, [200; 8]);
    }
    assert_eq!(status(&app, &secret, ""), 200);
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn of_an_owner_and_bulk_work_who_both_saw_a_live_key_one_revokes_it_on_postgres() {
    let app = TestApp::start(Kind::Postgres);
    let boss = site(&app);
    let secret = boss.secret("ci");
    let selected = [("key", eight(&secret)), ("do", "delete")];
    let draft =
        boss.submit("/admin/api-keys?view=all", "/admin/api-keys/bulk", &selected).header("location").to_owned();
    assert_eq!(boss.submit(&draft, &draft, &[]).status, 303);
    // Somebody else has the row until both are seen to wait for it: nothing is left to chance.
    let held = app.database.hold(&format!("api_keys WHERE first_eight = '{}'", eight(&secret)));
    thread::scope(|scope| {
        scope.spawn(|| boss.act(&secret, "revoke"));
        scope.spawn(|| work(&app));
        held.until_waiting(2);
    });
    assert_ne!(app.verify(&secret).status, 200);
    assert_eq!(app.database.count("audit_events WHERE action = 'key.revoke'"), 1);
}

/// A commit whose connection dies in the middle: nobody knows whether it was made.
#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn a_commit_that_was_lost_is_called_unknown() {
    let app = TestApp::start(Kind::Postgres);
    let miriam = app.signed_in("miriam");
    app.database.execute(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$",
    );
    app.database.execute(
        "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON api_keys DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()",
    );
    let answer = miriam.generate("ci");
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("unknown") || answer.text().contains("may have"), "{}", answer.text());
    assert!(!answer.text().contains("Nothing was changed"), "{}", answer.text());
    assert!(!answer.header("retry-after").is_empty());
}
