//! When owners change: keys are transferred, people are deleted, server keys are rotated by administrators.

use crate::rights::{give, policy, site, status};
use crate::service_accounts::{server_key, service_account};
use crate::support::people::{PASSWORD, eight};
use crate::support::{Answer, Client, TestApp, on_both};

fn transfer(boss: &Client, from: &str, to: &str) -> Answer {
    let page = format!("/admin/service-accounts/{from}");
    boss.submit(&page, &format!("{page}/transfer"), &[("to", to)])
}

fn delete(boss: &Client, person: &str, fields: &[(&str, &str)]) -> Answer {
    let page = format!("/admin/users/{person}/delete");
    boss.submit(&page, &page, fields)
}

fn do_jobs(app: &TestApp) {
    app.run(app.app.run_jobs()).expect("done");
}

fn server_keys_go_to_another_account_and_back(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    service_account(&boss, "old-reader", &["Reader"]);
    service_account(&boss, "new-reader", &[]);
    let keys: Vec<String> =
        ["one", "two"].iter().map(|name| server_key(&boss, "old-reader", &[("name", name)]).secret()).collect();
    let there = server_key(&boss, "new-reader", &[("name", "one")]).secret();
    assert_eq!(status(&app, &keys[0], "require_all=read:data"), 200);
    for to in ["", "old-reader", "nobody", "boss"] {
        assert_eq!(transfer(&boss, "old-reader", to).status, 422, "{to}");
    }
    let job = transfer(&boss, "old-reader", "new-reader");
    assert_eq!(job.status, 303, "{}", job.text());
    do_jobs(&app);
    assert_eq!(app.database.count("api_keys k JOIN accounts a ON a.id = k.owner WHERE a.username = 'new-reader'"), 3);
    assert_eq!(status(&app, &keys[0], "require_all=read:data"), 403, "it may do what its new owner may");
    assert_eq!((status(&app, &keys[1], ""), status(&app, &there, "")), (200, 200));
    let names = app.database.texts("SELECT name AS value FROM api_keys ORDER BY name");
    assert_eq!(names, ["one", "one (2)", "two"], "a name that is taken there gets a number");
    assert_eq!(
        app.database
            .count("audit_events WHERE action = 'key.transfer' AND details LIKE '%[\"old-reader\",\"new-reader\"]%'"),
        2
    );
    assert!(boss.get(&format!("/admin/api-keys/{}", eight(&keys[0]))).text().contains("new-reader"));
    let found = boss.get("/admin/api-keys?owner~eq=new-reader").text();
    assert!(found.contains(eight(&keys[0])) && found.contains(eight(&there)), "{found}");

    let job = job.header("location").to_owned();
    assert_eq!(boss.submit(&job, &format!("{job}/undo"), &[]).status, 303);
    do_jobs(&app);
    assert_eq!(status(&app, &keys[0], "require_all=read:data"), 200);
    assert_eq!(app.database.count("api_keys k JOIN accounts a ON a.id = k.owner WHERE a.username = 'old-reader'"), 2);
    let again = transfer(&boss, "old-reader", "new-reader");
    assert_eq!(again.status, 303);
    do_jobs(&app);
    assert!(!boss.get("/admin/service-accounts/old-reader").text().contains("Transfer the keys"));
}
on_both!(server_keys_go_to_another_account_and_back);

fn a_transfer_does_not_pass_a_limit(app: TestApp) {
    let boss = site(&app);
    for name in ["from", "to"] {
        service_account(&boss, name, &[]);
    }
    for name in ["a", "b"] {
        server_key(&boss, "from", &[("name", name)]).secret();
    }
    app.limit_keys(2);
    server_key(&boss, "to", &[("name", "c")]).secret();
    let refused = transfer(&boss, "from", "to");
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("may get 1 more live keys, and 2 are to be transferred"), "{}", refused.text());
    app.limit_keys(3);
    app.set("max_service_keys", "3");
    let started = transfer(&boss, "from", "to");
    assert_eq!(started.status, 303, "the number of all server keys stays: {}", started.text());
    app.limit_keys(2);
    do_jobs(&app);
    assert_eq!(
        app.database.count("api_keys k JOIN accounts a ON a.id = k.owner WHERE a.username = 'to'"),
        2,
        "the limit of the moment counts"
    );
    assert!(boss.get(started.header("location")).text().contains("the new owner has as many keys as are allowed"));
}
on_both!(a_transfer_does_not_pass_a_limit);

fn a_person_is_deleted_with_their_keys(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Reader"]);
    let secret = ana.secret("hers");
    let page = boss.get("/admin/users/ana/delete");
    assert!(page.text().contains("Delete Ana Example and 1 live key?"), "{}", page.text());
    assert_eq!(delete(&boss, "ana", &[("keys", "revoke"), ("typed", "an")]).status, 422);
    assert_eq!(status(&app, &secret, ""), 200);
    let job = delete(&boss, "ana", &[("keys", "revoke"), ("typed", "ana")]);
    assert_eq!(job.status, 303, "{}", job.text());
    assert_eq!(status(&app, &secret, ""), 401, "refused before the job has come to it");
    assert_eq!(ana.get("/account").status, 303, "her sessions ended");
    assert_eq!(app.client().sign_in("ana", PASSWORD).status, 422);
    do_jobs(&app);
    assert!(boss.get(&format!("/admin/api-keys/{}", eight(&secret))).text().contains("Its owner ana was deleted"));
    assert!(!boss.get("/admin/users").text().contains("Ana Example"));
    assert!(boss.get("/admin/users?state=deleted").text().contains("Ana Example"));
    assert_eq!(boss.get("/admin/users/ana/delete").status, 404);
    let add = boss.submit(
        "/admin/users/add",
        "/admin/users/add",
        &[("username", "ana"), ("display_name", "Another Ana"), ("role", "user")],
    );
    assert_eq!(add.status, 422, "the name stays taken");

    let change = "/admin/users/ana/change/activate";
    assert!(boss.get(change).text().contains("They come back as a user, without a password"));
    boss.submit(change, change, &[]);
    assert!(boss.get("/admin/users").text().contains("Ana Example"));
    assert_eq!(app.client().sign_in("ana", PASSWORD).status, 422, "without a password");
    let job = job.header("location").to_owned();
    boss.submit(&job, &format!("{job}/undo"), &[]);
    do_jobs(&app);
    assert_eq!(
        (status(&app, &secret, ""), status(&app, &secret, "require_all=read:data")),
        (200, 403),
        "without her policies"
    );
}
on_both!(a_person_is_deleted_with_their_keys);

fn the_keys_of_a_deleted_person_go_to_somebody_else(app: TestApp) {
    let boss = site(&app);
    let ana = app.signed_in("ana");
    let secret = ana.secret("pipeline");
    service_account(&boss, "pipeline", &[]);
    for (to, says) in [
        ("", "Enter the user name of who gets the keys"),
        ("ana", "Name another person"),
        ("nobody", "Name another person"),
    ] {
        let refused = delete(&boss, "ana", &[("keys", "transfer"), ("to", to), ("typed", "ana")]);
        assert_eq!(refused.status, 422, "{to}");
        assert!(refused.text().contains(says), "{to}: {}", refused.text());
    }
    assert_eq!(delete(&boss, "ana", &[("keys", "transfer"), ("to", "pipeline"), ("typed", "ana")]).status, 303);
    do_jobs(&app);
    assert_eq!(status(&app, &secret, ""), 200);
    assert_eq!(app.database.count("audit_events WHERE action = 'user.delete' AND details LIKE '%pipeline%'"), 1);
}
on_both!(the_keys_of_a_deleted_person_go_to_somebody_else);

fn nobody_deletes_themselves_or_the_last_administrator(app: TestApp) {
    let boss = site(&app);
    let refused = delete(&boss, "boss", &[("typed", "boss")]);
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("You cannot delete yourself"), "{}", refused.text());
    app.admin("second");
    assert_eq!(delete(&boss, "second", &[("typed", "second")]).header("location"), "/admin/users/second");
    assert_eq!(app.client().sign_in("second", PASSWORD).status, 422);
}
on_both!(nobody_deletes_themselves_or_the_last_administrator);

fn account_and_key_are_made_in_one_step(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Upload", &["write:data"]);
    let page = "/admin/service-accounts/new-key";
    let form = boss.get(page).hidden_fields(page);
    let mut fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.extend([("username", "plate-reader"), ("policy", "Upload")]);
    let secret = boss.post(page, &fields).secret();
    assert_eq!(
        (status(&app, &secret, "require_all=write:data"), status(&app, &secret, "require_all=read:data")),
        (200, 403)
    );
    let twice = boss.post(page, &fields);
    assert_eq!(twice.status, 409, "the same form again shows no second secret");
    assert!(twice.text().contains("Already shown"));
    assert_eq!((app.database.count("api_keys"), app.database.count("accounts WHERE kind = 'service'")), (1, 1));
    for (username, policy, says) in [
        ("", "", "Enter a user name"),
        ("new-key", "", "Choose another name"),
        ("plate-reader", "", "This name is taken"),
        ("other", "Nothing", "This policy was deleted"),
    ] {
        let refused = boss.submit(page, page, &[("username", username), ("policy", policy)]);
        assert_eq!(refused.status, 422, "{username} {policy}");
        assert!(refused.text().contains(says), "{username} {policy}: {}", refused.text());
    }
    assert_eq!(app.database.count("accounts WHERE kind = 'service'"), 1, "all, or nothing");
    app.set("max_service_keys", "1");
    let refused = boss.submit(page, page, &[("username", "third")]);
    assert!(refused.text().contains("All service accounts together have 1 live keys"), "{}", refused.text());
}
on_both!(account_and_key_are_made_in_one_step);

fn an_administrator_rotates_a_server_key(app: TestApp) {
    let boss = site(&app);
    service_account(&boss, "one", &[]);
    let secret = server_key(&boss, "one", &[]).secret();
    assert!(
        boss.get(&format!("/admin/api-keys/{}", eight(&secret)))
            .body
            .contains(&format!("one/keys/{}/rotate", eight(&secret)))
    );
    let page = format!("/admin/service-accounts/one/keys/{}/rotate", eight(&secret));
    let fresh = boss.submit(&page, &page, &[("old_ends", "0h")]).secret();
    assert_eq!((status(&app, &secret, ""), status(&app, &fresh, "")), (401, 200));
    let hers = app.signed_in("ana").secret("hers");
    let page = format!("/admin/service-accounts/one/keys/{}/rotate", eight(&hers));
    assert_eq!(boss.get(&page).status, 404, "a person's key is for the person alone");
}
on_both!(an_administrator_rotates_a_server_key);

fn rule_4_whoever_gets_a_leavers_keys_gives_them_no_more_rights(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    policy(&boss, "Writer", &["write:data"]);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Reader"]);
    let all = ana.secret("all");
    let one = ana.generate_with(&[("name", "one"), ("access", "policy"), ("policy", "Reader")]).secret();
    give(&boss, "boss", &["Reader", "Writer"]);
    let job = delete(&boss, "ana", &[("keys", "transfer"), ("to", "boss"), ("typed", "ana")]);
    do_jobs(&app);
    for secret in [&all, &one] {
        let rights = ["read:data", "write:data", "claviger:admin"]
            .map(|right| status(&app, secret, &format!("require_all={right}")));
        assert_eq!(rights, [200, 403, 403]);
    }
    let job = job.header("location").to_owned();
    let undone = boss.submit(&job, &format!("{job}/undo"), &[]);
    assert_eq!(undone.header("location"), job, "not to somebody who was deleted");
    assert!(
        boss.get(&job).text().contains("was deleted or deactivated, so its keys would be refused"),
        "{}",
        boss.get(&job).text()
    );
    let change = "/admin/users/ana/change/activate";
    boss.submit(change, change, &[]);
    give(&boss, "ana", &["Writer"]);
    assert_eq!(boss.submit(&job, &format!("{job}/undo"), &[]).status, 303);
    do_jobs(&app);
    assert_eq!(
        (status(&app, &all, "require_all=write:data"), status(&app, &one, "require_all=read:data")),
        (200, 403),
        "as they were"
    );
    assert!(boss.get(&format!("/admin/api-keys/{}", eight(&one))).text().contains("Policy Reader"));
}
on_both!(rule_4_whoever_gets_a_leavers_keys_gives_them_no_more_rights);

fn a_deleted_administrator_comes_back_as_a_user_without_policies(app: TestApp) {
    let boss = site(&app);
    app.admin("second");
    policy(&boss, "Reader", &["read:data"]);
    give(&boss, "second", &["Reader"]);
    let page = "/admin/policies/Reader/delete";
    let job = boss.submit(page, page, &[("typed", "Reader")]).header("location").to_owned();
    do_jobs(&app);
    delete(&boss, "second", &[("typed", "second")]);
    boss.submit(&job, &format!("{job}/undo"), &[]);
    do_jobs(&app);
    let change = "/admin/users/second/change/activate";
    boss.submit(change, change, &[]);
    assert_eq!(app.database.count("accounts WHERE username = 'second' AND role = 'user' AND active"), 1);
    assert_eq!(app.database.count("account_policies"), 0);
}
on_both!(a_deleted_administrator_comes_back_as_a_user_without_policies);

fn undo_of_a_transfer_gives_names_back_and_passes_no_limit(app: TestApp) {
    let boss = site(&app);
    for name in ["from", "to"] {
        service_account(&boss, name, &[]);
    }
    for name in ["a", "b"] {
        server_key(&boss, "from", &[("name", name)]).secret();
    }
    server_key(&boss, "to", &[("name", "a")]).secret();
    let job = transfer(&boss, "from", "to").header("location").to_owned();
    do_jobs(&app);
    server_key(&boss, "from", &[("name", "c")]).secret();
    app.limit_keys(2);
    let undo = boss.submit(&job, &format!("{job}/undo"), &[]);
    do_jobs(&app);
    let of = |name: &str| {
        app.database.texts(&format!("SELECT k.name AS value FROM api_keys k JOIN accounts o ON o.id = k.owner WHERE o.username = '{name}' ORDER BY k.name"))
    };
    assert_eq!((of("from"), of("to")), (vec!["a".to_owned(), "c".into()], vec!["a".to_owned(), "b".into()]));
    assert!(boss.get(undo.header("location")).text().contains("as many keys as are allowed"));
}
on_both!(undo_of_a_transfer_gives_names_back_and_passes_no_limit);
