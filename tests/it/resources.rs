//! Resources: who administers one issues its keys, sees them and revokes them, and nothing beyond it.

use std::thread;

use claviger::actions::keys::get_or_create::{GotOrCreated, Wanted};
use claviger::actions::keys::request::{FormId, KeyRequest};
use claviger::actions::verification::verify::{Presenter, Verdict};
use claviger::actions::{Actor, Error};
use claviger::domain::accounts::account::Username;
use claviger::domain::keys::api_key::KeyNote;
use claviger::domain::keys::lifetime::Expiry;
use claviger::domain::rights::resource::ResourceName;
use claviger::domain::rights::{GrantRequest, Required};

use crate::rights::{site, status};
use crate::support::people::eight;
use crate::support::{Answer, Client, TestApp, on_both, operator};

/// A site with the project `abc`, which `ana` administers, and another one; keys for projects can be given two scopes.
fn labels(app: &TestApp) -> (Client, Client) {
    let boss = site(app);
    for name in ["label.read", "label.write", "label.purge"] {
        let page = "/admin/permissions";
        boss.submit(page, page, &[("service", "encord"), ("name", name)]);
    }
    let page = "/admin/resource-kinds/project";
    let saved = boss.submit(page, page, &[("scope", "label.read"), ("scope", "label.write")]);
    assert_eq!(saved.status, 303, "{}", saved.text());
    for (id, title) in [("abc", "Assay plates"), ("other", "Other plates")] {
        let page = "/admin/resources/new";
        let made = boss.submit(page, page, &[("kind", "project"), ("external_id", id), ("title", title)]);
        assert_eq!(made.status, 303, "{}", made.text());
    }
    let ana = app.signed_in("ana");
    let page = "/admin/resources/project:abc";
    let added = boss.submit(page, &format!("{page}/administrators"), &[("username", "ana")]);
    assert_eq!(added.status, 303, "{}", added.text());
    (boss, ana)
}

fn generate(client: &Client, fields: &[(&str, &str)]) -> Answer {
    client.submit("/resources/project:abc/generate", "/resources/project:abc/generate", fields)
}

fn put(app: &TestApp, secret: &str, resource: &str, body: &str) -> Answer {
    let headers = [("x-api-key", secret), ("content-type", "application/json")];
    app.client().send("PUT", &format!("/api/v1/resources/{resource}/api_key"), &headers, Some(body.into()))
}

fn turn_on_key_may_create(app: &TestApp) {
    app.database.execute("INSERT INTO settings (name, value, changed_at) VALUES ('key_may_create', 'on', 0)");
}

on_both! { fn who_administers_a_project_makes_keys_for_it_alone(app) {
    let (boss, ana) = labels(&app);
    assert!(ana.get("/external-tool-access").text().contains("My resources"));
    assert!(ana.get("/resources").text().contains("Assay plates"));
    let secret = generate(&ana, &[("name", "labels"), ("scope", "label.read"), ("scope", "label.write")]).secret();
    for (query, expected) in [
        ("require_all=label.read&require_all=label.write&resource=project:abc", 200),
        ("require_all=label.read&resource=project:other", 403),
        ("require_all=label.read", 403),
        ("require_all=label.purge&resource=project:abc", 403),
    ] {
        assert_eq!(status(&app, &secret, query), expected, "{query}");
    }
    for (fields, says) in [
        (vec![("scope", "label.purge")], "Keys for project:abc cannot be given label.purge"),
        (vec![("scope", "claviger:admin")], "cannot be given claviger:admin"),
        (vec![("access", "scopes")], "Select at least one scope"),
        (vec![("access", "inherit")], "Select at least one scope"),
    ] {
        let refused = generate(&ana, &fields);
        assert_eq!(refused.status, 422, "{fields:?}: {}", refused.text());
        assert!(refused.text().contains(says), "{fields:?}: {}", refused.text());
    }
    assert_eq!(ana.get("/resources/project:other").status, 404, "what she does not administer is not found");
    assert_eq!(boss.get("/resources/project:abc").status, 404, "an administrator of the site looks after nothing");

    let page = "/admin/resources/project:abc";
    boss.submit(page, &format!("{page}/administrators/ana/remove"), &[]);
    assert_eq!(status(&app, &secret, "require_all=label.read&resource=project:abc"), 403, "gone with the office");
    assert_eq!(ana.get("/resources/project:abc").status, 404);
    assert!(!ana.get("/external-tool-access").text().contains("My resources"));
} }

on_both! { fn a_change_of_the_kind_applies_to_its_keys_at_once(app) {
    let (boss, ana) = labels(&app);
    let secret = generate(&ana, &[("access", "all")]).secret();
    assert_eq!(status(&app, &secret, "require_all=label.write&resource=project:abc"), 200);
    let page = "/admin/resource-kinds/project";
    boss.submit(page, page, &[("scope", "label.read"), ("scope", "label.purge")]);
    for (right, expected) in [("label.read", 200), ("label.write", 403), ("label.purge", 403)] {
        assert_eq!(status(&app, &secret, &format!("require_all={right}&resource=project:abc")), expected, "{right}");
    }
    let refused = boss.submit(page, page, &[("scope", "claviger:admin")]);
    assert_eq!(refused.status, 422);
    assert_eq!(app.database.count("audit_events WHERE action = 'resource_kind.edit'"), 2);
} }

on_both! { fn who_administers_a_project_revokes_any_key_of_it(app) {
    let (boss, ana) = labels(&app);
    let bob = app.signed_in("bob");
    crate::rights::policy(&boss, "Labels", &["label.read"]);
    crate::rights::give(&boss, "bob", &["Labels"]);
    let his = bob.generate_with(&[("name", "his"), ("resource", "project:abc")]).secret();
    let elsewhere = bob.generate_with(&[("name", "elsewhere"), ("resource", "project:other")]).secret();
    assert!(ana.get("/resources/project:abc").text().contains(eight(&his)));
    let revoke = |secret: &str| {
        let path = format!("/resources/project:abc/keys/{}/revoke", eight(secret));
        ana.submit("/resources/project:abc", &path, &[]).status
    };
    let asked = ana.get(&format!("/resources/project:abc/keys/{}/revoke", eight(&his)));
    assert!(asked.text().contains(&format!("Revoke key {}?", eight(&his))));
    assert_eq!((revoke(&his), revoke(&his), revoke(&elsewhere)), (303, 303, 404));
    assert_eq!((status(&app, &his, "resource=project:abc"), status(&app, &elsewhere, "resource=project:other")), (401, 200));
    assert_eq!(app.database.count("audit_events WHERE action = 'key.revoke' AND actor_name = 'ana'"), 1);
    assert!(boss.get(&format!("/admin/api-keys/{}", eight(&his))).text().contains("By an administrator of project:abc"));
} }

on_both! { fn resources_are_known_to_those_who_may_do_something_there(app) {
    let (boss, _ana) = labels(&app);
    let page = "/external-tool-access/generate";
    let tried = |client: &Client, resource: &str| {
        let answer = client.generate_with(&[("name", &format!("for {resource}")), ("resource", resource)]);
        (answer.status, answer.texts(".error-summary, [role=alert]"))
    };
    let bob = app.signed_in("bob");
    assert!(!bob.get(page).text().contains("Assay plates"), "nothing is offered");
    let foreign = tried(&bob, "project:abc");
    assert_eq!(foreign.0, 422);
    assert_eq!(foreign, tried(&bob, "project:nowhere"), "what is there and what is not look alike");
    let secret = bob.secret("his");
    let page_of_key = format!("{}/would-allow", crate::support::people::key_path(&secret));
    assert!(!bob.get(&page_of_key).body.contains("Assay plates"));
    crate::rights::policy(&boss, "Labels", &["label.read"]);
    crate::rights::give(&boss, "bob", &["Labels"]);
    assert!(bob.get(page).body.contains("Assay plates"), "his policy lets him do something in every project");
    assert_eq!(tried(&bob, "project:abc").0, 200);
} }

on_both! { fn get_or_create_twice_makes_one_key(app) {
    let (_boss, ana) = labels(&app);
    turn_on_key_may_create(&app);
    let page = "/resources/project:abc";
    let first = ana.submit(page, &format!("{page}/master-key"), &[]);
    let master = first.secret();
    assert_eq!(status(&app, &master, "require_all=label.read&require_all=label.write&resource=project:abc"), 200);
    assert!(ana.get(page).text().contains(&format!("{} is yours", eight(&master))));
    assert_eq!(app.database.count("api_keys"), 1);

    // A program asks with a key that may: one that is bound to the project, or one with the scopes that it asks for.
    let all = r#"{"master": true}"#;
    let refused = put(&app, &master, "project:abc", all);
    assert_eq!(refused.status, 403, "the master key has the scopes of the kind, and nothing of Claviger");
    let bound = ana.generate_with(&[("name", "program"), ("resource", "project:abc")]).secret();
    let got = put(&app, &bound, "project:abc", all);
    assert_eq!((got.status, &got.json()["secret"], got.json()["key"]["first_eight"].as_str()), (200, &serde_json::Value::Null, Some(eight(&master))));
    let made = put(&app, &bound, "project:abc", r#"{"scopes": ["label.read"], "name": "reader", "expires_after": "7d"}"#);
    assert_eq!(made.status, 201, "{}", made.body);
    let reader = made.json()["secret"].as_str().expect("a secret").to_owned();
    assert_eq!((status(&app, &reader, "require_all=label.read&resource=project:abc"), status(&app, &reader, "require_all=label.write&resource=project:abc")), (200, 403));
    let again = put(&app, &bound, "project:abc", r#"{"scopes": ["label.read"]}"#);
    assert_eq!((again.status, again.json()["key"]["first_eight"].as_str(), again.json()["created"].as_bool()), (200, Some(eight(&reader)), Some(false)));
    let rotated = put(&app, &bound, "project:abc", r#"{"scopes": ["label.read"], "rotate": true, "old_ends": "0h"}"#);
    let fresh = rotated.json()["secret"].as_str().expect("a secret").to_owned();
    assert_eq!((rotated.status, eight(&fresh)), (200, eight(&reader)));
    assert_eq!((status(&app, &reader, "resource=project:abc"), status(&app, &fresh, "resource=project:abc")), (401, 200));

    // It ends the secret in use, so the right to make keys alone is not enough for it; nor does it shorten the other's life.
    let maker = ana.generate_with(&[("name", "maker"), ("resource", "project:abc"), ("access", "scopes"), ("scope", "claviger:keys:read"), ("scope", "claviger:keys:create")]).secret();
    app.database.execute(&format!("INSERT INTO key_scopes (key, permission) SELECT k.id, p.id FROM api_keys k, permissions p WHERE k.first_eight = '{}' AND p.name LIKE 'label.%'", eight(&maker)));
    let brief = ana.generate_with(&[("name", "brief"), ("resource", "project:abc"), ("expires", "7")]).secret();
    for (secret, expected, text) in [(&maker, 403, "claviger:keys:revoke"), (&brief, 409, "would shorten its life")] {
        let refused = put(&app, secret, "project:abc", r#"{"master": true, "rotate": true, "old_ends": "0h"}"#);
        assert_eq!(refused.status, expected, "{}", refused.body);
        assert!(refused.body.contains(text), "{}", refused.body);
    }
    assert_eq!(status(&app, &master, "resource=project:abc"), 200, "the owner's key is as it was");

    let free = ana.secret("free");
    for (secret, resource, body, expected) in [
        (&free, "project:abc", r#"{"scopes": ["label.write"]}"#, 400),
        (&bound, "project:other", all, 403),
        (&free, "project:other", all, 404),
        (&bound, "project:abc", "{}", 400),
        (&bound, "project:abc", r#"{"scopes": [], "master": true}"#, 400),
        (&bound, "project:abc", r#"{"scopes": []}"#, 400),
        (&bound, "project:abc", r#"{"scopes": ["label.purge"]}"#, 400),
        (&bound, "project:abc", r#"{"scopes": ["LABEL"]}"#, 400),
        (&bound, "project:abc", r#"{"master": true, "old_ends": "1h"}"#, 400),
        (&bound, "project:abc", r#"{"master": true, "rotate": true, "old_ends": "1y"}"#, 400),
        (&bound, "project:abc", r#"{"scopes": ["label.write"], "expires_after_days": 99999}"#, 400),
        (&bound, "project:abc", r#"{"scopes": ["label.write"], "expires_after": "7 moons"}"#, 400),
        (&bound, "project:abc", r#"{"scopes": ["label.write"], "expires_after": "7d", "expires_after_days": 7}"#, 400),
        (&bound, "nonsense", all, 403),
        (&free, "nonsense", all, 404),
    ] {
        let answer = put(&app, secret, resource, body);
        assert_eq!(answer.status, expected, "{resource} {body}: {}", answer.body);
    }
    for (field, value) in [("expires_after", r#""90000h""#), ("expires_after_days", "99999"), ("expires_after_days", "0"), ("expires_after", r#""never""#)] {
        let answer = put(&app, &bound, "project:abc", &format!(r#"{{"scopes": ["label.write"], "{field}": {value}}}"#));
        let named = answer.json()["errors"][0]["field"].clone();
        assert_eq!((answer.status, named.as_str()), (400, Some(field)), "the field that was sent: {}", answer.body);
    }
    assert_eq!(app.database.count("api_keys"), 6);
} }

on_both! { fn rule_4_a_key_gives_no_right_and_no_life_beyond_its_own(app) {
    let (_boss, ana) = labels(&app);
    let short = ana.generate_with(&[("name", "short"), ("resource", "project:abc"), ("expires", "7")]).secret();
    let ask = r#"{"scopes": ["label.read"], "name": "child"}"#;
    let refused = put(&app, &short, "project:abc", ask);
    assert_eq!(refused.status, 403, "by default keys cannot create keys: {}", refused.body);
    turn_on_key_may_create(&app);
    let made = put(&app, &short, "project:abc", ask);
    assert_eq!(made.status, 201, "{}", made.body);
    let end = |secret: &str| app.verify_for(secret, "resource=project:abc").header("x-key-expires-at").to_owned();
    let child = made.json()["secret"].as_str().expect("a secret").to_owned();
    assert_eq!(end(&child), end(&short), "it does not outlive the key that made it");
    let list = ana.generate_with(&[
        ("name", "list"), ("resource", "project:abc"), ("access", "scopes"),
        ("scope", "claviger:keys:read"), ("scope", "claviger:keys:create"),
    ]).secret();
    assert_eq!(put(&app, &list, "project:abc", ask).status, 200, "the one that is there, without its secret");
    let refused = put(&app, &list, "project:abc", r#"{"scopes": ["label.write"]}"#);
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(refused.body.contains("The key that asks does not have label.write"), "{}", refused.body);
    let rotated = put(&app, &list, "project:abc", r#"{"scopes": ["label.read"], "rotate": true}"#);
    assert_eq!(rotated.status, 400, "nor a new secret: {}", rotated.body);
} }

on_both! { fn two_programs_at_the_same_moment_get_one_key(app) {
    let (_boss, ana) = labels(&app);
    turn_on_key_may_create(&app);
    let bound = ana.generate_with(&[("name", "program"), ("resource", "project:abc")]).secret();
    let answers: Vec<u16> = thread::scope(|scope| {
        let asking: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| put(&app, &bound, "project:abc", r#"{"master": true}"#).status))
            .collect();
        asking.into_iter().map(|asking| asking.join().expect("an answer")).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [200, 201].contains(status)), "{answers:?}");
    assert_eq!(app.database.count("api_keys"), 2);
} }

on_both! { fn resources_that_cannot_be_registered_or_taken_off(app) {
    let (boss, ana) = labels(&app);
    let page = "/admin/resources/new";
    for (kind, id, title, says) in [
        ("", "x", "x", "Name the kind"),
        ("Project", "x", "x", "Name the kind"),
        ("project", "", "x", "Enter the identifier"),
        ("project", "a b", "x", "Enter the identifier"),
        ("project", "x", "", "Enter a title"),
        ("project", "abc", "x", "has this identifier already"),
    ] {
        let refused = boss.submit(page, page, &[("kind", kind), ("external_id", id), ("title", title)]);
        assert_eq!(refused.status, 422, "{kind} {id} {title}");
        assert!(refused.text().contains(says), "{kind} {id} {title}: {}", refused.text());
    }
    let odd = "a/b?c#d%2e:é";
    assert_eq!(boss.submit(page, page, &[("kind", "run"), ("external_id", odd), ("title", "Odd one")]).status, 303);
    let link = boss.get("/admin/resources?q=odd").attribute("table a", "href");
    let shown = boss.get(&link);
    assert!(shown.text().contains(&format!("run:{odd}")), "{link}: {}", shown.text());
    assert_eq!(boss.submit(&link, &format!("{link}/edit"), &[("title", "Still odd")]).status, 303);
    assert_eq!(boss.submit(&link, &format!("{link}/edit"), &[("title", "")]).status, 422);
    assert_eq!(boss.submit(&link, &format!("{link}/administrators"), &[("username", "nobody")]).status, 422);
    assert_eq!(boss.submit(&link, &format!("{link}/delete"), &[]).header("location"), "/admin/resources");
    assert_eq!(boss.get(&link).status, 404);

    generate(&ana, &[("scope", "label.read")]).secret();
    let page = "/admin/resources/project:abc";
    assert_eq!(boss.submit(page, &format!("{page}/delete"), &[]).header("location"), page);
    assert!(boss.get(page).text().contains("1 key is bound to this resource."));
    assert_eq!(app.database.count("resources"), 2);
} }

on_both! { fn every_key_of_a_project_can_be_reached(app) {
    let (_boss, ana) = labels(&app);
    let oldest = generate(&ana, &[("name", "oldest"), ("scope", "label.read")]).secret();
    let fill = "INSERT INTO api_keys (first_eight, secret_hash, owner, name, holds_name, note, grant_kind, resource, created_at, created_by, \
        disabled_reason, revoked_reason, use_count, version, name_folded, note_folded, owner_folded, changed_at)";
    for n in 0..201 {
        let hash = if app.database.kind == crate::support::database::Kind::Sqlite { format!("X'{n:064x}'") } else { format!("'\\x{n:064x}'") };
        app.database.execute(&format!("{fill} SELECT 'fill{n:04}', {hash}, owner, 'n{n}', TRUE, '', 'inherit', resource, 0, owner, '', '', 0, 1, 'n{n}', '', '', 0 \
            FROM api_keys WHERE name = 'oldest'"));
    }
    let page = ana.get("/resources/project:abc");
    assert!(page.text().contains("202 live keys are bound") && !page.text().contains(eight(&oldest)));
    let older = page.attribute(".grid__foot a", "href");
    assert!(ana.get(&older).text().contains(eight(&oldest)), "{older}");
    let revoke = format!("/resources/project:abc/keys/{}/revoke", eight(&oldest));
    assert!(ana.get(&revoke).text().contains(&format!("Revoke key {}?", eight(&oldest))));
    assert_eq!(ana.submit("/resources/project:abc", &revoke, &[]).status, 303);
    assert_eq!(ana.get(&revoke).header("location"), "/resources/project:abc");
} }

on_both! { fn a_key_that_ends_while_it_asks_makes_nothing(app) {
    let (boss, ana) = labels(&app);
    turn_on_key_may_create(&app);
    let name = || ResourceName::parse("project:abc").expect("a name");
    let demand = Required { resource: Some(name()), ..Required::default() };
    let account = app.run(app.app.find_person(operator().administrator(), &Username::parse("ana").expect("a name"))).expect("there").account;
    let actor = Actor::cli().on_behalf_of(account.id, "ana".into());
    let attempt = |secret: &str, meanwhile: &dyn Fn()| {
        let presenter = Presenter { address: String::new(), agent: "", forms: claviger::domain::keys::presented::Forms::usual() };
        let verdict = app.run(app.app.verify_key(secret, &demand, presenter)).expect("known");
        let Verdict::Good(good) = verdict else { panic!("it was good") };
        meanwhile();
        let request = KeyRequest {
            name: None, note: KeyNote::parse("").expect("a note"), expiry: Expiry::Default, wish: GrantRequest::Inherit,
            resource: Some(name()), form: FormId::parse(&app.app.new_form_id()).expect("a form"), asking: Some(good.asking()),
        };
        app.run(app.app.get_or_create_key(actor.administering(&name()).expect("an account"), Wanted::All, request, None))
    };
    let program = |name: &str| ana.generate_with(&[("name", name), ("resource", "project:abc")]).secret();
    let revoked = program("revoked");
    assert!(matches!(attempt(&revoked, &|| drop(ana.act(&revoked, "revoke"))), Err(Error::Forbidden(_))));
    let rotated = program("rotated");
    let rotate = format!("{}/rotate", crate::support::people::key_path(&rotated));
    assert!(matches!(attempt(&rotated, &|| drop(ana.submit(&rotate, &rotate, &[("old_ends", "0h")]))), Err(Error::Forbidden(_))));
    let narrowed = program("narrowed");
    let access = format!("{}/access", crate::support::people::key_path(&narrowed));
    let narrow = || drop(ana.submit(&access, &access, &[("access", "scopes"), ("scope", "claviger:keys:create")]));
    assert!(matches!(attempt(&narrowed, &narrow), Err(Error::Invalid(_))));
    let off = || {
        app.database.execute("UPDATE settings SET value = 'off' WHERE name = 'key_may_create'");
    };
    assert!(matches!(attempt(&program("off"), &off), Err(Error::Forbidden(_))));
    let on = || {
        app.database.execute("UPDATE settings SET value = 'on' WHERE name = 'key_may_create'");
    };
    assert!(matches!(attempt(&program("good"), &on), Ok(GotOrCreated::Created(_))));
    assert!(boss.get("/admin/audit-log?action=key.generate").text().contains("by key"));
} }
