//! What an open browser is not enough for: rights and identities that outlive its session take the password (docs/rules.md, A5).

use jiff::SignedDuration;

use crate::rights::{asked, give, policy, site, status};
use crate::support::database::Kind;
use crate::support::people::{PASSWORD, eight, key_path};
use crate::support::{Answer, Client, TestApp, on_both};

const GENERATE: &str = "/external-tool-access/generate";

fn summary(answer: &Answer) -> (u16, Vec<String>) {
    (answer.status, answer.texts("[data-summary] li"))
}

/// Six minutes later the password is not proof any more.
fn later(app: &TestApp) {
    app.pass(SignedDuration::from_mins(6));
}

fn generate(client: &Client, fields: &[(&str, &str)]) -> Answer {
    client.submit(GENERATE, GENERATE, fields)
}

const TAKEN: &str = "Another account has this email address, and services tell people apart by it. Enter another";
const NEW: &str = "another horse battery staple";
const TOO: &str = "This key may do what administrators do, and outlives your session. Enter your password to confirm";

fn a_key_with_administrative_permissions_takes_the_password(app: TestApp) {
    let boss = site(&app);
    let by_name = [("name", "admin"), ("access", "scopes"), ("scope", "claviger:admin")];
    assert_eq!(generate(&boss, &by_name).status, 200, "the password was given a moment ago");
    later(&app);
    let plain = [("name", "plain"), ("access", "inherit")];
    let inherits = generate(&boss, &plain).secret();
    assert_eq!(
        asked(&app, &inherits, "").header("x-key-scopes"),
        "claviger:keys:create claviger:keys:read claviger:keys:revoke"
    );
    let fields = [("name", "second"), ("access", "scopes"), ("scope", "claviger:admin")];
    let refused = generate(&boss, &fields);
    assert_eq!(summary(&refused), (422, vec![TOO.into()]));
    assert_eq!(refused.attribute("#present", "type"), "password");
    let with = |password: &'static str| [&fields[..], &[("present", password)]].concat();
    assert_eq!(summary(&generate(&boss, &with("wrong"))), (422, vec!["This is not your password".into()]));
    assert_eq!(app.database.count("api_keys WHERE name = 'second'"), 0);
    let made = generate(&boss, &with(PASSWORD));
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(status(&app, &made.secret(), "require_all=claviger:admin"), 200);
    assert_eq!(made.header("set-cookie"), "", "the answer that shows the secret changes nothing else");
    assert_eq!(
        generate(&boss, &[("name", "third"), ("access", "scopes"), ("scope", "claviger:admin")]).status,
        422,
        "for that one key"
    );
}
on_both!(a_key_with_administrative_permissions_takes_the_password);

fn so_does_one_with_a_policy_that_allows_them_also_by_rotation_and_by_changed_access(app: TestApp) {
    let boss = site(&app);
    assert_eq!(policy(&boss, "Operator", &["claviger:admin"]).status, 303);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Operator"]);
    let secret = ana.generate_with(&[("name", "ops"), ("access", "policy"), ("policy", "Operator")]).secret();
    let plain = ana.generate_with(&[("name", "plain"), ("access", "inherit")]).secret();
    later(&app);
    let again = ana.generate_with(&[("name", "ops 2"), ("access", "policy"), ("policy", "Operator")]);
    assert_eq!(summary(&again), (422, vec![TOO.into()]));

    let rotate = format!("{}/rotate", key_path(&secret));
    let refused = ana.submit(&rotate, &rotate, &[("old_ends", "0h")]);
    assert_eq!((refused.status, refused.attribute("#present", "type")), (422, "password".into()), "{}", refused.text());
    assert_eq!(app.verify(&secret).status, 200, "nothing was changed");
    assert_eq!(ana.submit(&rotate, &rotate, &[("old_ends", "0h"), ("present", "wrong")]).status, 422);
    assert!(!ana.submit(&rotate, &rotate, &[("old_ends", "0h"), ("present", PASSWORD)]).secret().is_empty());

    later(&app);
    let access = format!("{}/access", key_path(&plain));
    let wider = [("access", "policy"), ("policy", "Operator")];
    assert_eq!(summary(&ana.submit(&access, &access, &wider)), (422, vec![TOO.into()]));
    assert_eq!(status(&app, &plain, "require_all=claviger:admin"), 403);
    let proved = [&wider[..], &[("present", PASSWORD)]].concat();
    assert_eq!(ana.submit(&access, &access, &proved).status, 303);
    assert_eq!(status(&app, &plain, "require_all=claviger:admin"), 200);
    later(&app);
    let narrower = [("access", "scopes"), ("scope", "claviger:keys:read")];
    assert_eq!(ana.submit(&access, &access, &narrower).status, 303, "less needs no proof");
}
on_both!(so_does_one_with_a_policy_that_allows_them_also_by_rotation_and_by_changed_access);

fn names_and_addresses_of_people_take_the_password_and_no_two_accounts_share_an_address(app: TestApp) {
    let boss = site(&app);
    let (miriam, ceo) = ("/admin/users/miriam/edit", "ceo@example.org");
    for name in ["miriam", "ceo"] {
        app.person(name);
    }
    later(&app);
    assert_eq!(boss.get(miriam).header("location"), "/confirm-password?next=%2Fadmin%2Fusers%2Fmiriam%2Fedit");
    let csrf = boss.get("/account").hidden_fields("/sign-out").remove("csrf").unwrap_or_default();
    let late = boss.post(miriam, &[("csrf", &csrf), ("display_name", "Miriam"), ("email", "m@example.org")]);
    assert!(late.header("location").starts_with("/confirm-password"), "{}", late.status);
    assert_eq!(app.database.count("accounts WHERE email = 'm@example.org'"), 0);
    assert_eq!(boss.submit("/confirm-password", "/confirm-password", &[("password", PASSWORD)]).status, 303);

    let edit = |name: &str, email: &str| {
        let path = format!("/admin/users/{name}/edit");
        boss.submit(&path, &path, &[("display_name", "Somebody"), ("email", email)])
    };
    assert_eq!(summary(&edit("miriam", "CEO@Example.org")), (422, vec![TAKEN.into()]), "however it is written");
    let add = [("username", "other"), ("display_name", "Other"), ("email", ceo), ("role", "user")];
    assert_eq!(summary(&boss.submit("/admin/users/add", "/admin/users/add", &add)), (422, vec![TAKEN.into()]));
    assert_eq!(app.database.count("accounts WHERE username = 'other'"), 0);

    // One that two accounts had before addresses were one person's is nobody else's either.
    app.database.execute("UPDATE accounts SET email_folded = NULL WHERE username = 'ceo'");
    assert_eq!(edit("miriam", ceo).status, 422);
    assert_eq!(edit("ceo", ceo).status, 303);
    assert_eq!(app.database.text("SELECT email_folded AS value FROM accounts WHERE username = 'ceo'"), ceo);

    // An address is free when its holder is deleted, and taken when they come back.
    let gone = "/admin/users/ceo/delete";
    assert_eq!(boss.submit(gone, gone, &[("keys", "revoke"), ("typed", "ceo")]).status, 303);
    assert_eq!(edit("miriam", ceo).status, 303);
    let back = "/admin/users/ceo/change/activate";
    boss.submit(back, back, &[]);
    assert!(boss.get("/admin/users/ceo").text().contains("Another account has the email address of"));
    assert_eq!(edit("miriam", "").status, 303);
    boss.submit(back, back, &[]);
    assert_eq!(app.database.count("accounts WHERE username = 'ceo' AND active"), 1);
    assert_eq!(edit("miriam", ceo).status, 422);
}
on_both!(names_and_addresses_of_people_take_the_password_and_no_two_accounts_share_an_address);

fn a_new_password_ends_the_keys_of_an_intruder_when_that_is_chosen(app: TestApp) {
    app.set("session_keys", "on");
    let miriam = app.signed_in("miriam");
    let (mine, other) = (miriam.secret("mine"), app.signed_in("chen").secret("other"));
    let paused = miriam.secret("paused");
    miriam.act(&paused, "disable");
    let held = miriam.submit("/external-tool-access", "/external-tool-access/session-keys", &[]).secret();
    let change = |present: &str, new: &str, revoke: Option<&str>| {
        let mut fields = vec![("present", present), ("password", new), ("again", new)];
        fields.extend(revoke.map(|word| ("revoke_keys", word)));
        miriam.submit("/account", "/account/password", &fields)
    };
    assert_eq!(change(PASSWORD, NEW, Some("maybe")).status, 400);
    assert_eq!(change("wrong", NEW, Some("yes")).status, 422);
    assert_eq!(app.verify(&mine).status, 200, "a wrong password ends nothing");
    let copied = miriam.cookie("claviger").expect("signed in");
    let copied = format!("claviger={copied}");
    assert_eq!(change(PASSWORD, NEW, Some("yes")).status, 303);
    assert_eq!(app.client().get_with("/account", &[("cookie", &copied)]).status, 303, "a copy of the session is out");
    assert!(
        miriam
            .get("/account")
            .text()
            .contains("Password changed. Your other sessions were ended. Your 2 API keys were revoked.")
    );
    assert_eq!([&mine, &held, &other].map(|secret| app.verify(secret).status), [401, 401, 200]);
    assert_eq!(
        app.database.count("api_keys WHERE revoked_reason = 'The password was changed'"),
        2,
        "the disabled one, too"
    );
    assert_eq!(app.database.count("audit_events WHERE action = 'key.revoke'"), 2);
    assert_eq!(change(NEW, PASSWORD, None).status, 303);
}
on_both!(a_new_password_ends_the_keys_of_an_intruder_when_that_is_chosen);

fn the_link_to_a_new_password_offers_to_end_the_keys(app: TestApp) {
    let boss = site(&app);
    let miriam = app.signed_in("miriam");
    let secrets = ["one", "two"].map(|name| miriam.secret(name));
    let link = |boss: &Client| {
        let path = "/admin/users/miriam/change/link";
        let page = boss.submit(path, path, &[]);
        page.texts("#link").join("")
    };
    let address = link(&boss);
    let token = address.split("token=").nth(1).expect("a link").to_owned();
    let client = app.client();
    assert!(client.get(&format!("/welcome?token={token}")).text().contains("Revoke my API keys as well"));
    let fields = [("token", token.as_str()), ("password", "another horse battery"), ("again", "another horse battery")];
    let chosen = [&fields[..], &[("revoke_keys", "yes")]].concat();
    assert_eq!(client.post("/welcome", &chosen).status, 303);
    assert!(secrets.iter().all(|secret| app.verify(secret).status == 401));
    assert_eq!(
        app.database
            .count(&format!("api_keys WHERE first_eight = '{}' AND revoked_at IS NOT NULL", eight(&secrets[0]))),
        1
    );
    let token = link(&boss).split("token=").nth(1).expect("a link").to_owned();
    assert!(!client.get(&format!("/welcome?token={token}")).text().contains("Revoke my API keys"), "there is none");
}
on_both!(the_link_to_a_new_password_offers_to_end_the_keys);

/// A password that was changed, and a database that refuses the second batch of the keys that were to go with it.
#[test]
fn when_not_every_key_could_be_ended_with_the_password_nobody_reads_that_nothing_was_changed() {
    let app = TestApp::start(Kind::Sqlite);
    let miriam = app.signed_in("miriam");
    miriam.secret("one");
    let stored = "SELECT name AS value FROM pragma_table_info('api_keys') WHERE name <> 'id'";
    let columns = app.database.texts(stored);
    let value = |column: &String| match column.as_str() {
        "first_eight" => "printf('%08d', n)".to_owned(),
        "secret_hash" => "randomblob(32)".to_owned(),
        "holds_name" => "FALSE".to_owned(),
        _ => column.clone(),
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    let numbers = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 250)";
    let (columns, values) = (columns.join(", "), values.join(", "));
    app.database.execute(&format!("INSERT INTO api_keys ({columns}) {numbers} SELECT {values} FROM api_keys, numbers"));
    app.database.execute(
        "CREATE TRIGGER refuses BEFORE UPDATE OF revoked_at ON api_keys \
         WHEN (SELECT count(*) FROM api_keys WHERE revoked_at IS NOT NULL) >= 200 BEGIN SELECT RAISE(ABORT, 'no more'); END",
    );
    let fields = [("present", PASSWORD), ("password", NEW), ("again", NEW), ("revoke_keys", "yes")];
    let answer = miriam.submit("/account", "/account/password", &fields);
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("may have been done, or not"), "{}", answer.text());
    assert_eq!(app.database.count("api_keys WHERE revoked_at IS NOT NULL"), 200);
    assert_eq!(app.client().sign_in("miriam", NEW).status, 303, "the password is the new one");
}
