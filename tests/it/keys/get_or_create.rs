//! *Get or create*: programs ask for a key of a resource.

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

use crate::resources::{labels, put, turn_on_key_may_create};
use crate::rights::status;
use crate::support::people::eight;
use crate::support::{TestApp, on_both, operator};

fn get_or_create_twice_makes_one_key(app: TestApp) {
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
    assert_eq!(
        (got.status, &got.json()["secret"], got.json()["key"]["first_eight"].as_str()),
        (200, &serde_json::Value::Null, Some(eight(&master)))
    );
    let made =
        put(&app, &bound, "project:abc", r#"{"scopes": ["label.read"], "name": "reader", "expires_after": "7d"}"#);
    assert_eq!(made.status, 201, "{}", made.body);
    let reader = made.json()["secret"].as_str().expect("a secret").to_owned();
    assert_eq!(
        (
            status(&app, &reader, "require_all=label.read&resource=project:abc"),
            status(&app, &reader, "require_all=label.write&resource=project:abc")
        ),
        (200, 403)
    );
    let again = put(&app, &bound, "project:abc", r#"{"scopes": ["label.read"]}"#);
    assert_eq!(
        (again.status, again.json()["key"]["first_eight"].as_str(), again.json()["created"].as_bool()),
        (200, Some(eight(&reader)), Some(false))
    );
    let rotated = put(&app, &bound, "project:abc", r#"{"scopes": ["label.read"], "rotate": true, "old_ends": "0h"}"#);
    let fresh = rotated.json()["secret"].as_str().expect("a secret").to_owned();
    assert_eq!((rotated.status, eight(&fresh)), (200, eight(&reader)));
    assert_eq!(
        (status(&app, &reader, "resource=project:abc"), status(&app, &fresh, "resource=project:abc")),
        (401, 200)
    );

    // It ends the secret in use, so the right to make keys alone is not enough for it; nor does it shorten the other's life.
    let maker = ana
        .generate_with(&[
            ("name", "maker"),
            ("resource", "project:abc"),
            ("access", "scopes"),
            ("scope", "claviger:keys:read"),
            ("scope", "claviger:keys:create"),
        ])
        .secret();
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
    for (field, value) in [
        ("expires_after", r#""90000h""#),
        ("expires_after_days", "99999"),
        ("expires_after_days", "0"),
        ("expires_after", r#""never""#),
    ] {
        let answer = put(&app, &bound, "project:abc", &format!(r#"{{"scopes": ["label.write"], "{field}": {value}}}"#));
        let named = answer.json()["errors"][0]["field"].clone();
        assert_eq!((answer.status, named.as_str()), (400, Some(field)), "the field that was sent: {}", answer.body);
    }
    assert_eq!(app.database.count("api_keys"), 6);
}
on_both!(get_or_create_twice_makes_one_key);

fn rule_4_a_key_gives_no_right_and_no_life_beyond_its_own(app: TestApp) {
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
    let list = ana
        .generate_with(&[
            ("name", "list"),
            ("resource", "project:abc"),
            ("access", "scopes"),
            ("scope", "claviger:keys:read"),
            ("scope", "claviger:keys:create"),
        ])
        .secret();
    assert_eq!(put(&app, &list, "project:abc", ask).status, 200, "the one that is there, without its secret");
    let refused = put(&app, &list, "project:abc", r#"{"scopes": ["label.write"]}"#);
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(refused.body.contains("The key that asks does not have label.write"), "{}", refused.body);
    let rotated = put(&app, &list, "project:abc", r#"{"scopes": ["label.read"], "rotate": true}"#);
    assert_eq!(rotated.status, 400, "nor a new secret: {}", rotated.body);
}
on_both!(rule_4_a_key_gives_no_right_and_no_life_beyond_its_own);

fn two_programs_at_the_same_moment_get_one_key(app: TestApp) {
    let (_boss, ana) = labels(&app);
    turn_on_key_may_create(&app);
    let bound = ana.generate_with(&[("name", "program"), ("resource", "project:abc")]).secret();
    let answers: Vec<u16> = thread::scope(|scope| {
        let asking: Vec<_> =
            (0..8).map(|_| scope.spawn(|| put(&app, &bound, "project:abc", r#"{"master": true}"#).status)).collect();
        asking.into_iter().map(|asking| asking.join().expect("an answer")).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [200, 201].contains(status)), "{answers:?}");
    assert_eq!(app.database.count("api_keys"), 2);
}
on_both!(two_programs_at_the_same_moment_get_one_key);

fn a_key_that_ends_while_it_asks_makes_nothing(app: TestApp) {
    let (boss, ana) = labels(&app);
    turn_on_key_may_create(&app);
    let name = || ResourceName::parse("project:abc").expect("a name");
    let demand = Required { resource: Some(name()), ..Required::default() };
    let account = app
        .run(app.app.find_person(operator().administrator(), &Username::parse("ana").expect("a name")))
        .expect("there")
        .account;
    let actor = Actor::cli().on_behalf_of(account.id, "ana".into());
    let attempt = |secret: &str, meanwhile: &dyn Fn()| {
        let presenter =
            Presenter { address: None, agent: "", forms: claviger::domain::keys::presented::Forms::usual() };
        let verdict = app.run(app.app.verify_key(secret, &demand, presenter)).expect("known");
        let Verdict::Good(good) = verdict else { panic!("it was good") };
        meanwhile();
        let request = KeyRequest {
            name: None,
            note: KeyNote::parse("").expect("a note"),
            expiry: Expiry::Default,
            wish: GrantRequest::Inherit,
            resource: Some(name()),
            form: FormId::parse(&app.app.new_form_id()).expect("a form"),
            asking: Some(good.asking()),
        };
        app.run(app.app.get_or_create_key(
            actor.administering(&name()).expect("an account"),
            Wanted::All,
            request,
            None,
        ))
    };
    let program = |name: &str| ana.generate_with(&[("name", name), ("resource", "project:abc")]).secret();
    let revoked = program("revoked");
    assert!(matches!(attempt(&revoked, &|| drop(ana.act(&revoked, "revoke"))), Err(Error::Forbidden(_))));
    let rotated = program("rotated");
    let rotate = format!("{}/rotate", crate::support::people::key_path(&rotated));
    assert!(matches!(
        attempt(&rotated, &|| drop(ana.submit(&rotate, &rotate, &[("old_ends", "0h")]))),
        Err(Error::Forbidden(_))
    ));
    let narrowed = program("narrowed");
    let access = format!("{}/access", crate::support::people::key_path(&narrowed));
    let narrow = || drop(ana.submit(&access, &access, &[("access", "scopes"), ("scope", "claviger:keys:create")]));
    assert!(matches!(attempt(&narrowed, &narrow), Err(Error::Invalid(_))));
    let off = || {
        app.set("key_may_create", "off");
    };
    assert!(matches!(attempt(&program("off"), &off), Err(Error::Forbidden(_))));
    let on = || {
        app.set("key_may_create", "on");
    };
    assert!(matches!(attempt(&program("good"), &on), Ok(GotOrCreated::Created(_))));
    assert!(boss.get("/admin/audit-log?action=key.generate").text().contains("by key"));
}
on_both!(a_key_that_ends_while_it_asks_makes_nothing);
