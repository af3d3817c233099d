//! Rights: what a key may do follows its grant, its owner and its resource, at the very next verification.

use crate::support::people::{PASSWORD, eight};
use crate::support::{Answer, Client, TestApp, on_both};

/// An administrator's browser, and a service whose permissions are registered.
pub fn site(app: &TestApp) -> Client {
    app.admin("boss");
    let boss = app.client();
    boss.sign_in("boss", PASSWORD);
    for (name, about) in [("read:metadata", "See what there is"), ("read:data", "Download"), ("write:data", "Upload")] {
        let page = "/admin/permissions";
        let answer = boss.submit(page, page, &[("service", "tiled"), ("name", name), ("description", about)]);
        assert_eq!(answer.status, 303, "{}", answer.text());
    }
    boss
}

pub fn policy(boss: &Client, name: &str, permissions: &[&str]) -> Answer {
    let mut fields = vec![("name", name)];
    fields.extend(permissions.iter().map(|permission| ("scope", *permission)));
    boss.submit("/admin/policies/new", "/admin/policies/new", &fields)
}

/// A project with the name `abc`, whose keys can be given this.
pub fn project(boss: &Client, scope: &str) {
    let page = "/admin/resources/new";
    let made = boss.submit(page, page, &[("kind", "project"), ("external_id", "abc"), ("title", "Assay plates")]);
    assert_eq!(made.status, 303, "{}", made.text());
    let page = "/admin/resource-kinds/project";
    assert_eq!(boss.submit(page, page, &[("scope", scope)]).status, 303);
}

/// Makes these the permissions of a policy: what it reaches is shown first.
fn change(boss: &Client, name: &str, permissions: &[&str]) -> Answer {
    let path = format!("/admin/policies/{name}");
    let mut fields = vec![("name", name)];
    fields.extend(permissions.iter().map(|permission| ("scope", *permission)));
    let shown = boss.submit(&path, &path, &fields);
    if shown.status != 200 {
        return shown;
    }
    let mut sorted = permissions.to_vec();
    sorted.sort_unstable();
    let seen = if sorted.is_empty() { "nothing".to_owned() } else { sorted.join(" ") };
    fields.push(("seen", &seen));
    boss.submit(&path, &path, &fields)
}

pub fn give(boss: &Client, person: &str, policies: &[&str]) {
    let page = format!("/admin/users/{person}");
    let fields: Vec<(&str, &str)> = policies.iter().map(|policy| ("policy", *policy)).collect();
    assert_eq!(boss.submit(&page, &format!("{page}/policies"), &fields).status, 303);
}

pub fn asked(app: &TestApp, secret: &str, query: &str) -> Answer {
    app.client().send("GET", &format!("/verify?{query}"), &[("x-api-key", secret)], None)
}

pub fn status(app: &TestApp, secret: &str, query: &str) -> u16 {
    asked(app, secret, query).status
}

fn rule_2_a_policy_is_created_changed_and_deleted_and_its_keys_follow(app: TestApp) {
    let boss = site(&app);
    assert_eq!(policy(&boss, "Analyst", &["read:metadata", "read:data"]).status, 303);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Analyst"]);
    let secret = ana.generate_with(&[("name", "notebook"), ("access", "policy"), ("policy", "Analyst")]).secret();
    assert_eq!(status(&app, &secret, "require_all=read:data"), 200);
    assert_eq!(status(&app, &secret, "require_all=read:data&require_all=write:data"), 403);
    assert_eq!(status(&app, &secret, "require_any=read:data&require_any=write:data"), 200);

    assert_eq!(change(&boss, "Analyst", &["read:metadata"]).status, 303);
    let refused = asked(&app, &secret, "require_all=read:data");
    assert_eq!(refused.status, 403);
    assert!(refused.header("www-authenticate").contains("error=\"insufficient_scope\", scope=\"read:data\""));
    assert_eq!(asked(&app, &secret, "").header("x-key-scopes"), "read:metadata");
    assert_eq!(change(&boss, "Analyst", &["read:metadata", "read:data"]).status, 303);
    assert_eq!(status(&app, &secret, "require_all=read:data"), 200);

    let page = "/admin/policies/Analyst/delete";
    assert!(boss.get(page).text().contains("Delete policy Analyst and its 1 key?"));
    assert_eq!(boss.submit(page, page, &[("typed", "analyst")]).status, 422);
    let job = boss.submit(page, page, &[("typed", "Analyst")]);
    assert_eq!(job.status, 303, "{}", job.text());
    assert_eq!(status(&app, &secret, ""), 401, "refused before the job has come to it");
    app.run(app.app.run_jobs()).expect("done");
    assert_eq!(app.database.count("api_keys WHERE revoked_at IS NOT NULL"), 1);
    assert_eq!(boss.get("/admin/policies/Analyst").status, 404);

    let job = job.header("location").to_owned();
    assert_eq!(boss.submit(&job, &format!("{job}/undo"), &[]).status, 303);
    app.run(app.app.run_jobs()).expect("done");
    assert_eq!(
        status(&app, &secret, "require_all=read:data"),
        200,
        "undo brings back the policy, its holders and its keys"
    );
    assert_eq!(app.database.count("audit_events WHERE action LIKE 'policy.%'"), 5);
}
on_both!(rule_2_a_policy_is_created_changed_and_deleted_and_its_keys_follow);

fn rule_2_a_key_that_inherits_loses_a_right_the_moment_its_owner_does(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:metadata", "read:data"]);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Reader"]);
    let all = ana.secret("everything");
    let one = ana.generate_with(&[("name", "one"), ("access", "scopes"), ("scope", "read:metadata")]).secret();
    assert_eq!(
        (status(&app, &one, "require_all=read:metadata"), status(&app, &one, "require_all=read:data")),
        (200, 403)
    );
    assert_eq!(status(&app, &all, "require_all=read:data"), 200);
    assert!(ana.key_page(&one).text().contains("read:metadata"));
    assert!(boss.get(&format!("/admin/api-keys/{}", eight(&one))).text().contains("read:metadata"));

    boss.submit("/admin/permissions", "/admin/permissions/read:metadata/retire", &[]);
    assert_eq!(status(&app, &one, "require_all=read:metadata"), 403, "nobody holds what is retired");
    boss.submit("/admin/permissions", "/admin/permissions", &[("service", "tiled"), ("name", "read:metadata")]);
    assert_eq!(status(&app, &one, "require_all=read:metadata"), 200, "taken up again");
    give(&boss, "ana", &[]);
    assert_eq!(
        (status(&app, &one, "require_all=read:metadata"), status(&app, &all, "require_all=read:data")),
        (403, 403)
    );
    assert_eq!(status(&app, &all, ""), 200, "it is still Ana's key");
}
on_both!(rule_2_a_key_that_inherits_loses_a_right_the_moment_its_owner_does);

fn rule_4_nobody_gives_a_key_what_they_do_not_have(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:metadata"]);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Reader"]);
    for (fields, says) in [
        (vec![("access", "scopes"), ("scope", "read:data")], "You do not have read:data"),
        (vec![("access", "scopes"), ("scope", "nonsense:x")], "You do not have nonsense:x"),
        (vec![("access", "scopes"), ("scope", "claviger:admin")], "You do not have claviger:admin"),
        (vec![("access", "scopes")], "Select at least one scope"),
        (vec![("access", "scopes"), ("scope", "READ")], "Name a permission"),
        (vec![("scope", "read:metadata")], "Choose what the key may do"),
        (vec![("access", "policy"), ("policy", "Analyst")], "You do not hold this policy"),
        (vec![("access", "all")], "Choose what the key may do"),
        (vec![("resource", "project:none")], "No resource has this name"),
        (vec![("resource", "none")], "Name a resource as kind:id"),
    ] {
        let answer = ana.generate_with(&fields);
        assert_eq!(answer.status, 422, "{fields:?}");
        assert!(answer.text().contains(says), "{fields:?}: {}", answer.text());
    }
    assert_eq!(app.database.count("api_keys"), 0);
}
on_both!(rule_4_nobody_gives_a_key_what_they_do_not_have);

fn a_question_that_cannot_be_read_lets_nothing_through(app: TestApp) {
    let boss = site(&app);
    let secret = boss.secret("ci");
    for query in [
        "require=read:data",
        "require_all=",
        "require_all=READ",
        "resource=abc",
        "resource_optional=yes",
        "require_any=a%20b",
        "resource=project:a&resource=project:b",
    ] {
        assert_eq!(status(&app, &secret, query), 400, "{query}");
    }
    assert_eq!(status(&app, &secret, &format!("require_all={secret}")), 401, "as a gateway is told of a key in a URL");
    assert!(!asked(&app, &secret, &format!("require_all={secret}")).text().contains(&secret), "rule 1");
}
on_both!(a_question_that_cannot_be_read_lets_nothing_through);

fn a_key_bound_to_a_resource_is_refused_for_another_and_for_none(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Reader"]);
    project(&boss, "read:data");
    let secret = ana.generate_with(&[("name", "bound"), ("resource", "project:abc")]).secret();
    let free = ana.secret("free");
    for (query, bound, unbound) in [
        ("require_all=read:data&resource=project:abc", 200, 200),
        ("require_all=read:data&resource=project:other", 403, 403),
        ("resource=project:abc", 200, 200),
        ("resource=project:other", 403, 403),
        ("require_all=read:data", 403, 200),
        ("require_all=read:data&resource_optional=true", 200, 200),
        ("require_all=write:data&resource=project:abc", 403, 403),
    ] {
        assert_eq!((status(&app, &secret, query), status(&app, &free, query)), (bound, unbound), "{query}");
    }
    assert_eq!(asked(&app, &secret, "resource=project:abc").header("x-key-resource"), "project:abc");
    assert!(boss.get("/admin/api-keys?view=all").text().contains("on Assay plates"));
}
on_both!(a_key_bound_to_a_resource_is_refused_for_another_and_for_none);

fn keys_are_moved_to_another_policy_and_back(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Old", &["read:data"]);
    policy(&boss, "New one", &["read:metadata"]);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Old", "New one"]);
    let secret = ana.generate_with(&[("access", "policy"), ("policy", "Old")]).secret();
    let page = "/admin/policies/Old/delete";
    let job = boss.submit(page, "/admin/policies/Old/move", &[("to", "New one")]);
    assert_eq!(job.status, 303, "{}", job.text());
    app.run(app.app.run_jobs()).expect("done");
    assert_eq!(
        (status(&app, &secret, "require_all=read:metadata"), status(&app, &secret, "require_all=read:data")),
        (200, 403)
    );
    assert!(boss.get("/admin/policies/Old/delete").text().contains("Delete policy Old?"), "no key carries it any more");
    let job = job.header("location").to_owned();
    boss.submit(&job, &format!("{job}/undo"), &[]);
    app.run(app.app.run_jobs()).expect("done");
    assert_eq!(status(&app, &secret, "require_all=read:data"), 200);
}
on_both!(keys_are_moved_to_another_policy_and_back);

fn policies_that_cannot_be_saved(app: TestApp) {
    let boss = site(&app);
    assert_eq!(policy(&boss, "Reader", &["read:data"]).status, 303);
    for (name, permissions, says) in [
        ("", vec![], "Enter a name"),
        ("reader", vec![], "Another policy has this name"),
        ("a/b", vec![], "without a slash"),
        ("New", vec![], "stands in an address"),
        ("Writer", vec!["nonsense:x"], "is not in the catalogue"),
    ] {
        let answer = policy(&boss, name, &permissions);
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.text().contains(says), "{name}: {}", answer.text());
    }
    let old = boss.submit("/admin/policies/Reader", "/admin/policies/Reader", &[("name", "Reader"), ("version", "7")]);
    assert_eq!(old.status, 409, "somebody else changed it meanwhile");
    assert_eq!(app.database.count("policies"), 1);
}
on_both!(policies_that_cannot_be_saved);

fn the_page_says_what_verify_would_answer(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Reader"]);
    project(&boss, "read:data");
    let bound = ana.generate_with(&[("name", "bound"), ("resource", "project:abc")]).secret();
    let free = ana.secret("free");
    let ask = |secret: &str, fields: &[(&str, &str)]| {
        let own = format!("{}/would-allow", crate::support::people::key_path(secret));
        let admin = format!("/admin/api-keys/{}/would-allow", eight(secret));
        let (own, admin) = (ana.submit(&own, &own, fields), boss.submit(&admin, &admin, fields));
        assert_eq!(own.texts("[role=status].alert"), admin.texts("[role=status].alert"));
        own.texts("[role=status].alert").join(" ")
    };
    for (fields, query) in [
        (vec![], ""),
        (vec![("scope", "read:data")], "require_all=read:data"),
        (vec![("scope", "read:data"), ("scope", "write:data")], "require_all=read:data&require_all=write:data"),
        (vec![("scope", "read:data"), ("resource", "project:abc")], "require_all=read:data&resource=project:abc"),
        (vec![("resource", "project:other")], "resource=project:other"),
    ] {
        for secret in [&bound, &free] {
            let said = ask(secret, &fields);
            let status = status(&app, secret, query);
            assert!(said.contains(&format!("answers {status}.")), "{query}: {status}, but the page says: {said}");
        }
    }
    assert!(ask(&free, &[("scope", "write:data")]).contains("It does not have write:data."));
    ana.act(&free, "disable");
    assert!(ask(&free, &[]).contains("It is disabled."));
    assert_eq!(app.database.count("audit_events WHERE action = 'key.refuse'"), 0, "asking is no refusal");
    let page = format!("{}/would-allow", crate::support::people::key_path(&free));
    assert_eq!(ana.submit(&page, &page, &[("resource", "nonsense")]).status, 422);
}
on_both!(the_page_says_what_verify_would_answer);

fn a_policy_without_keys_is_brought_back_with_those_who_held_it(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    policy(&boss, "Writer", &["write:data"]);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Reader"]);
    let secret = ana.secret("hers");
    let page = "/admin/policies/Reader/delete";
    let job = boss.submit(page, page, &[("typed", "Reader")]).header("location").to_owned();
    app.run(app.app.run_jobs()).expect("done");
    assert_eq!(status(&app, &secret, "require_all=read:data"), 403);
    give(&boss, "ana", &["Writer"]);
    let shown = boss.get(&job);
    assert!(shown.texts("main button").contains(&"Undo".to_owned()), "{}", shown.text());
    assert_eq!(boss.submit(&job, &format!("{job}/undo"), &[]).status, 303);
    assert_eq!(status(&app, &secret, "require_all=read:data&require_all=write:data"), 200);
}
on_both!(a_policy_without_keys_is_brought_back_with_those_who_held_it);

fn no_service_takes_over_what_another_one_retired(app: TestApp) {
    let boss = site(&app);
    boss.submit("/admin/permissions", "/admin/permissions/write:data/retire", &[]);
    let page = "/admin/permissions";
    let taken = boss.submit(page, page, &[("service", "billing"), ("name", "write:data")]);
    assert_eq!(taken.status, 409, "{}", taken.text());
    assert!(taken.text().contains("Another service has registered write:data."));
}
on_both!(no_service_takes_over_what_another_one_retired);

fn keys_are_not_moved_to_a_policy_that_was_deleted(app: TestApp) {
    let boss = site(&app);
    for name in ["Old", "Fresh"] {
        policy(&boss, name, &["read:data"]);
    }
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Old", "Fresh"]);
    let secret = ana.generate_with(&[("access", "policy"), ("policy", "Old")]).secret();
    let move_to_fresh = || {
        boss.submit("/admin/policies/Old/delete", "/admin/policies/Old/move", &[("to", "Fresh")])
            .header("location")
            .to_owned()
    };
    let page = "/admin/policies/Fresh/delete";
    let first = move_to_fresh();
    let deletion = boss.submit(page, page, &[("typed", "Fresh")]).header("location").to_owned();
    app.run(app.app.run_jobs()).expect("done");
    assert_eq!(status(&app, &secret, "require_all=read:data"), 200, "it was left with its old policy");
    assert!(
        boss.get(&first).text().contains("left because the policy that they were to get was deleted"),
        "{}",
        boss.get(&first).text()
    );

    boss.submit(&deletion, &format!("{deletion}/undo"), &[]);
    let second = move_to_fresh();
    app.run(app.app.run_jobs()).expect("done");
    let page = "/admin/policies/Old/delete";
    boss.submit(page, page, &[("typed", "Old")]);
    boss.submit(&second, &format!("{second}/undo"), &[]);
    app.run(app.app.run_jobs()).expect("done");
    assert_eq!(status(&app, &secret, "require_all=read:data"), 200, "it was left with its new policy");
}
on_both!(keys_are_not_moved_to_a_policy_that_was_deleted);

fn a_new_key_like_a_limited_one_does_not_inherit(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Reader"]);
    let secret = ana.generate_with(&[("access", "policy"), ("policy", "Reader")]).secret();
    give(&boss, "ana", &[]);
    let like = format!("/external-tool-access/generate?like={}", eight(&secret));
    let form = ana.get(&like);
    assert_eq!(form.attribute("input[name=access][checked]", "value"), "policy");
    assert!(form.text().contains("Choose a policy…"));
    let sent = ana.submit(&like, "/external-tool-access/generate", &[("access", "policy"), ("policy", "")]);
    assert_eq!(sent.status, 422);
    assert!(sent.text().contains("Choose a policy"));
}
on_both!(a_new_key_like_a_limited_one_does_not_inherit);

fn a_key_says_what_it_was_never_asked_for(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:metadata", "read:data"]);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Reader"]);
    let secret = ana.generate_with(&[("access", "policy"), ("policy", "Reader")]).secret();
    assert!(!ana.key_page(&secret).text().contains("Not asked for"), "it was not used yet");
    assert_eq!(status(&app, &secret, ""), 200);
    assert!(
        ana.key_page(&secret)
            .text()
            .contains("Unused permissions No service has checked this key for a permission yet.")
    );
    assert_eq!(status(&app, &secret, "require_all=read:data&require_any=write:data&require_any=read:data"), 200);
    assert_eq!(status(&app, &secret, "require_all=write:data"), 403, "what it does not have was not asked of it");
    let says = "Unused permissions read:metadata";
    assert!(ana.key_page(&secret).text().contains(says), "before it is written down");
    app.run(app.app.flush_uses()).expect("written");
    assert_eq!(app.database.count("asked_permissions"), 1);
    for page in [ana.key_page(&secret), boss.get(&format!("/admin/api-keys/{}", eight(&secret)))] {
        assert!(page.text().contains(says), "{}", page.text());
    }
    app.pass(jiff::SignedDuration::from_hours(89 * 24));
    assert_eq!(status(&app, &secret, "require_all=read:metadata"), 200);
    app.run(app.app.flush_uses()).expect("written");
    boss.sign_in("boss", PASSWORD);
    let page = format!("/admin/api-keys/{}", eight(&secret));
    assert!(boss.get(&page).text().contains("Unused permissions Every permission of this key has been checked."));
    app.database.execute("UPDATE api_keys SET created_at = created_at - 864000000000");
    app.pass(jiff::SignedDuration::from_hours(12));
    boss.sign_in("boss", PASSWORD);
    app.database.execute("UPDATE asked_permissions SET asked_at = asked_at - 7776000000000 WHERE permission = (SELECT id FROM permissions WHERE name = 'read:data')");
    assert!(boss.get(&page).text().contains("Permissions unused for 90 days read:data"), "{}", boss.get(&page).text());
}
on_both!(a_key_says_what_it_was_never_asked_for);
