//! Resources: who administers one issues its keys, sees them and revokes them, and nothing beyond it.

use crate::rights::{site, status};
use crate::support::people::eight;
use crate::support::{Answer, Client, TestApp, on_both};

/// A site with the project `abc`, which `ana` administers, and another one; keys for projects can be given two scopes.
pub(crate) fn labels(app: &TestApp) -> (Client, Client) {
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

pub(crate) fn generate(client: &Client, fields: &[(&str, &str)]) -> Answer {
    client.submit("/resources/project:abc/generate", "/resources/project:abc/generate", fields)
}

pub(crate) fn put(app: &TestApp, secret: &str, resource: &str, body: &str) -> Answer {
    let headers = [("x-api-key", secret), ("content-type", "application/json")];
    app.client().send("PUT", &format!("/api/v1/resources/{resource}/api_key"), &headers, Some(body.into()))
}

pub(crate) fn turn_on_key_may_create(app: &TestApp) {
    app.set("key_may_create", "on");
}

fn who_administers_a_project_makes_keys_for_it_alone(app: TestApp) {
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
}
on_both!(who_administers_a_project_makes_keys_for_it_alone);

fn a_change_of_the_kind_applies_to_its_keys_at_once(app: TestApp) {
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
}
on_both!(a_change_of_the_kind_applies_to_its_keys_at_once);

fn who_administers_a_project_revokes_any_key_of_it(app: TestApp) {
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
    assert_eq!(
        (status(&app, &his, "resource=project:abc"), status(&app, &elsewhere, "resource=project:other")),
        (401, 200)
    );
    assert_eq!(app.database.count("audit_events WHERE action = 'key.revoke' AND actor_name = 'ana'"), 1);
    assert!(
        boss.get(&format!("/admin/api-keys/{}", eight(&his))).text().contains("By an administrator of project:abc")
    );
}
on_both!(who_administers_a_project_revokes_any_key_of_it);

fn resources_are_known_to_those_who_may_do_something_there(app: TestApp) {
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
}
on_both!(resources_are_known_to_those_who_may_do_something_there);

fn resources_that_cannot_be_registered_or_taken_off(app: TestApp) {
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
}
on_both!(resources_that_cannot_be_registered_or_taken_off);

fn every_key_of_a_project_can_be_reached(app: TestApp) {
    let (_boss, ana) = labels(&app);
    let oldest = generate(&ana, &[("name", "oldest"), ("scope", "label.read")]).secret();
    let fill = "INSERT INTO api_keys (first_eight, secret_hash, owner, name, holds_name, note, grant_kind, resource, created_at, created_by, \
        disabled_reason, revoked_reason, use_count, version, name_folded, note_folded, owner_folded, changed_at)";
    for n in 0..201 {
        let hash = if app.database.kind == crate::support::database::Kind::Sqlite {
            format!("X'{n:064x}'")
        } else {
            format!("'\\x{n:064x}'")
        };
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
}
on_both!(every_key_of_a_project_can_be_reached);
