//! The catalogue of permissions: what a service says of itself, how much it takes away at once, and the way back.

use crate::rights::{policy, site, status};
use crate::support::people::PASSWORD;
use crate::support::{Answer, Client, TestApp, on_both};

const PAGE: &str = "/admin/permissions";

/// A service sends its list.
fn put(app: &TestApp, secret: &str, service: &str, body: &str) -> Answer {
    let path = format!("/api/v1/services/{service}/permissions");
    let headers = [("x-api-key", secret), ("content-type", "application/json")];
    app.client().send("PUT", &path, &headers, Some(body.into()))
}

/// A list of permissions, and what else the body says.
fn list(names: &[&str], more: &str) -> String {
    let entries: Vec<String> = names.iter().map(|name| format!(r#"{{"name": "{name}"}}"#)).collect();
    format!(r#"{{"permissions": [{}]{more}}}"#, entries.join(","))
}

/// A key of an administrator with this permission alone.
fn registering(boss: &Client, permission: &str) -> String {
    boss.generate_with(&[("name", permission), ("access", "scopes"), ("scope", permission)]).secret()
}

fn names(answer: &Answer, what: &str) -> Vec<String> {
    let json = answer.json();
    json[what].as_array().into_iter().flatten().map(|name| name.as_str().unwrap_or_default().to_owned()).collect()
}

fn a_service_registers_what_it_knows(app: TestApp) {
    let boss = site(&app);
    let put = |secret: &str, body: &str| put(&app, secret, "plates", body);
    let secret = registering(&boss, "claviger:permissions:register");
    let body = r#"{"permissions": [{"name": "plate.read", "description": "See plates"}, {"name": "plate.write"}]}"#;
    let first = put(&secret, body);
    assert_eq!(first.status, 200, "{}", first.text());
    assert!(first.body.contains(r#""added":["plate.read","plate.write"]"#), "{}", first.body);
    assert!(put(&secret, body).body.contains(r#""added":[]"#), "the same again changes nothing");
    assert_eq!(
        app.database.count("audit_events WHERE action = 'permissions.register' AND target = 'plates' AND via = 'key'"),
        1
    );
    assert_eq!(app.database.count("permissions WHERE name = 'claviger:permissions:register:plates'"), 1);
    let later = put(&secret, r#"{"permissions": [{"name": "plate.read", "description": "See plates"}]}"#);
    assert!(later.body.contains(r#""retired":["plate.write"]"#), "{}", later.body);
    for (body, expected) in [
        ("", 400),
        ("[]", 400),
        (r#"{"permissions": [{"name": "A B"}]}"#, 400),
        (r#"{"permissions": [], "more": 1}"#, 400),
        (r#"{"permissions": [{"name": "claviger:admin"}]}"#, 400),
        (r#"{"permissions": [{"name": "read:data"}]}"#, 409),
        (r#"{"permissions": [{"name": ".."}]}"#, 400),
        (r#"{"permissions": [{"name": "a"}, {"name": "a"}]}"#, 400),
    ] {
        assert_eq!(put(&secret, body).status, expected, "{body}");
    }
    assert_eq!(put(&app.signed_in("ana").secret("hers"), body).status, 403, "without the permission");
    assert_eq!(put("clv_nothing", body).status, 401);
}
on_both!(a_service_registers_what_it_knows);

fn a_key_registers_for_one_service_and_no_other(app: TestApp) {
    let boss = site(&app);
    assert_eq!(boss.submit(PAGE, "/admin/services", &[("new_service", "Plates!")]).status, 422);
    assert_eq!(boss.submit(PAGE, "/admin/services", &[("new_service", "claviger")]).status, 422);
    assert_eq!(boss.submit(PAGE, "/admin/services", &[("new_service", "plates")]).status, 303);
    assert_eq!(boss.submit(PAGE, "/admin/services", &[("new_service", "plates")]).status, 422, "it is there");
    assert!(boss.get(PAGE).text().contains("claviger:permissions:register:plates"));
    let secret = registering(&boss, "claviger:permissions:register:plates");
    let refused = put(&app, &secret, "tiled", &list(&["read:more"], ""));
    assert_eq!(refused.status, 403, "another service");
    assert!(
        refused
            .header("www-authenticate")
            .contains("scope=\"claviger:permissions:register claviger:permissions:register:tiled\"")
    );
    assert_eq!(put(&app, &secret, "plates", &list(&["plate.read"], "")).status, 200);
    assert_eq!(put(&app, &secret, "Plates", &list(&["plate.read"], "")).status, 403, "no service has this name");
    let long = "s".repeat(64);
    assert_eq!(boss.submit(PAGE, "/admin/services", &[("new_service", &long)]).status, 303);
    let secret = registering(&boss, &format!("claviger:permissions:register:{long}"));
    assert_eq!(put(&app, &secret, &long, &list(&["long.read"], "")).status, 200);
}
on_both!(a_key_registers_for_one_service_and_no_other);

fn a_list_that_leaves_out_much_is_refused_with_what_it_would_take(app: TestApp) {
    let boss = site(&app);
    let secret = registering(&boss, "claviger:permissions:register:tiled");
    policy(&boss, "Reader", &["read:data"]);
    let used = boss.generate_with(&[("name", "reader"), ("access", "policy"), ("policy", "Reader")]);
    assert_eq!(used.status, 422, "a policy that the administrator does not hold");
    crate::rights::give(&boss, "boss", &["Reader"]);
    let used = boss.generate_with(&[("name", "reader"), ("access", "scopes"), ("scope", "read:data")]).secret();
    let all = put(&app, &secret, "tiled", &list(&[], ""));
    assert_eq!(all.status, 409, "all three");
    let detail = all.json()["detail"].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        detail,
        "This list leaves out 3 of 3 permissions, which stand in 1 policy and in the list of 1 live key, so nothing was changed. If that is meant, send \"retire_at_most\": 3 with the list."
    );
    assert_eq!(status(&app, &used, "require_all=read:data"), 200, "nothing was changed");
    assert_eq!(
        app.database.count("audit_events WHERE action = 'permissions.register' AND target = 'tiled' AND via = 'key'"),
        0
    );

    let many: Vec<String> = (0..10).map(|n| format!("many.{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).chain(["read:data", "read:metadata", "write:data"]).collect();
    assert_eq!(put(&app, &secret, "tiled", &list(&many, "")).status, 200);
    assert_eq!(put(&app, &secret, "tiled", &list(&many[..7], "")).status, 409, "six of thirteen");
    assert_eq!(put(&app, &secret, "tiled", &list(&many[..8], "")).status, 200, "five are a few");
    assert_eq!(put(&app, &secret, "tiled", &list(&many[..4], r#", "retire_at_most": 3"#)).status, 409);
    let said = put(&app, &secret, "tiled", &list(&many[..4], r#", "retire_at_most": 4"#));
    assert_eq!((said.status, names(&said, "retired").len()), (200, 4));
    assert_eq!(put(&app, &secret, "tiled", &list(&[], r#", "retire_at_most": -1"#)).status, 400);
    assert_eq!(status(&app, &used, "require_all=read:data"), 403);
}
on_both!(a_list_that_leaves_out_much_is_refused_with_what_it_would_take);

fn what_a_service_left_out_is_restored_at_one_go(app: TestApp) {
    let boss = site(&app);
    let secret = registering(&boss, "claviger:permissions:register:tiled");
    policy(&boss, "Reader", &["read:data"]);
    crate::rights::give(&boss, "boss", &["Reader"]);
    let used = boss.generate_with(&[("name", "reader"), ("access", "scopes"), ("scope", "read:data")]).secret();
    let emptied = put(&app, &secret, "tiled", &list(&[], r#", "retire_at_most": 3"#));
    assert_eq!((emptied.json()["policies"].as_i64(), emptied.json()["keys"].as_i64()), (Some(1), Some(1)));
    assert_eq!(status(&app, &used, "require_all=read:data"), 403);
    let page = boss.get(PAGE);
    assert!(page.text().contains("tiled left 3 permissions out of its list at"), "{}", page.text());
    let hidden = page.hidden_fields("/admin/services/restore");
    let fields = [("service", "tiled"), ("at", hidden["at"].as_str())];
    assert_eq!(boss.submit(PAGE, "/admin/services/restore", &fields).status, 303);
    assert!(boss.get(PAGE).text().contains("3 permissions can be held again"));
    assert_eq!(status(&app, &used, "require_all=read:data"), 200);
    assert_eq!(app.database.count("audit_events WHERE action = 'permissions.restore' AND target = 'tiled'"), 1);
    assert_eq!(boss.submit(PAGE, "/admin/services/restore", &fields).status, 303, "again");
    assert!(boss.get(PAGE).text().contains("They were taken up again already."));
    assert_eq!(boss.submit(PAGE, "/admin/services/restore", &[("service", "tiled"), ("at", "soon")]).status, 404);
}
on_both!(what_a_service_left_out_is_restored_at_one_go);

fn what_an_administrator_retired_no_deployment_brings_back(app: TestApp) {
    let boss = site(&app);
    let secret = registering(&boss, "claviger:permissions:register:tiled");
    assert_eq!(boss.submit(PAGE, "/admin/permissions/write:data/retire", &[]).status, 303);
    let all = list(&["read:data", "read:metadata", "write:data"], "");
    let deployed = put(&app, &secret, "tiled", &all);
    assert_eq!((names(&deployed, "added"), names(&deployed, "left_retired")), (vec![], vec!["write:data".to_owned()]));
    assert!(boss.get(PAGE).text().contains("Retired by an administrator"));
    assert_eq!(app.database.count("permissions WHERE name = 'write:data' AND retired_at IS NOT NULL"), 1);
    // What the service itself left out stays out when an administrator says so.
    put(&app, &secret, "tiled", &list(&["read:data"], ""));
    assert!(boss.get(PAGE).text().contains("Left out by its service"));
    assert_eq!(boss.submit(PAGE, "/admin/permissions/read:metadata/retire", &[]).status, 303);
    assert_eq!(names(&put(&app, &secret, "tiled", &all), "left_retired"), ["read:metadata", "write:data"]);
    assert_eq!(boss.submit(PAGE, "/admin/permissions/write:data/restore", &[]).status, 303);
    assert_eq!(names(&put(&app, &secret, "tiled", &all), "left_retired"), ["read:metadata"]);
    assert_eq!(app.database.count("permissions WHERE name = 'write:data' AND retired_at IS NULL"), 1);
    assert_eq!(
        boss.submit(PAGE, PAGE, &[("service", "tiled"), ("name", "read:metadata"), ("description", "")]).status,
        303
    );
    assert_eq!(names(&put(&app, &secret, "tiled", &all), "left_retired"), Vec::<String>::new());
    assert_eq!(boss.submit(PAGE, "/admin/permissions/claviger:admin/retire", &[]).status, 303);
    assert!(boss.get(PAGE).text().contains("own permissions cannot be retired"));
    assert_eq!(app.database.count("permissions WHERE name = 'claviger:admin' AND retired_at IS NULL"), 1);
}
on_both!(what_an_administrator_retired_no_deployment_brings_back);

fn an_administrator_who_is_demoted_keeps_no_right_over_a_service(app: TestApp) {
    let boss = site(&app);
    app.admin("second");
    let second = app.client();
    second.sign_in("second", PASSWORD);
    let secret = registering(&second, "claviger:permissions:register:tiled");
    assert_eq!(status(&app, &secret, "require_all=claviger:permissions:register:tiled"), 200);
    let path = "/admin/users/second/change/make-user";
    assert_eq!(boss.submit(path, path, &[]).status, 303);
    assert_eq!(status(&app, &secret, "require_all=claviger:permissions:register:tiled"), 403);
    assert_eq!(put(&app, &secret, "tiled", &list(&["read:data"], "")).status, 403);
}
on_both!(an_administrator_who_is_demoted_keeps_no_right_over_a_service);

fn a_renamed_service_takes_its_permissions_along_and_a_typo_is_released(app: TestApp) {
    let boss = site(&app);
    let secret = registering(&boss, "claviger:permissions:register");
    policy(&boss, "Reader", &["read:data"]);
    crate::rights::give(&boss, "boss", &["Reader"]);
    let used = boss.generate_with(&[("name", "reader"), ("access", "scopes"), ("scope", "read:data")]).secret();
    let to = "/admin/services/tiled/move";
    for (name, text) in
        [("", "Name the service"), ("tiled", "Name another service than this one"), ("claviger", "stay its own")]
    {
        let refused = boss.submit(to, to, &[("to", name)]);
        assert_eq!((refused.status, refused.text().contains(text)), (422, true), "{name}: {}", refused.text());
    }
    assert_eq!(boss.submit(to, to, &[("to", "catalogue")]).status, 303);
    assert_eq!(status(&app, &used, "require_all=read:data"), 200, "who was given it keeps it");
    assert_eq!(put(&app, &secret, "catalogue", &list(&["read:data", "read:metadata", "write:data"], "")).status, 200);
    assert_eq!(put(&app, &secret, "tiled", &list(&["read:data"], "")).status, 409, "they are another service's now");
    assert_eq!(boss.get(to).status, 404);
    assert_eq!(app.database.count("permissions WHERE name = 'claviger:permissions:register:catalogue'"), 1);

    // A name that somebody was given is not given another meaning.
    let release = |name: &str| {
        let path = format!("/admin/permissions/{name}/release");
        boss.submit(PAGE, &path, &[]);
        boss.get(PAGE).text()
    };
    assert!(release("write:data").contains("write:data is in use. Retire it first."));
    for name in ["read:data", "write:data"] {
        let path = format!("/admin/permissions/{name}/retire");
        assert_eq!(boss.submit(&path, &path, &[]).status, 303);
    }
    assert!(release("read:data").contains("It is still listed by 1 policy, and by 1 key (expired and revoked ones too, until they are purged). Remove it there first."));
    let path = "/admin/permissions/write:data/release";
    assert!(boss.get(path).text().contains("Release the name write:data?"));
    assert!(release("write:data").contains("The name write:data is free."));
    assert_eq!(put(&app, &secret, "other", &list(&["write:data"], "")).status, 200, "any service can have it");
    assert_eq!(app.database.count("audit_events WHERE action IN ('permissions.move', 'permissions.release')"), 2);
}
on_both!(a_renamed_service_takes_its_permissions_along_and_a_typo_is_released);
