//! Service accounts: they own server keys, never sign in, and are limited one by one and together.

use crate::rights::{asked, policy, site, status};
use crate::support::people::{PASSWORD, eight};
use crate::support::{Answer, Client, TestApp, on_both};

/// A service account with these policies.
pub fn service_account(boss: &Client, name: &str, policies: &[&str]) {
    let page = "/admin/service-accounts/new";
    let made = boss.submit(page, page, &[("username", name), ("description", "Room 2.117")]);
    assert_eq!(made.status, 303, "{}", made.text());
    let page = format!("/admin/service-accounts/{name}");
    let fields: Vec<(&str, &str)> = policies.iter().map(|policy| ("policy", *policy)).collect();
    assert_eq!(boss.submit(&page, &format!("{page}/policies"), &fields).status, 303);
}

pub fn server_key(boss: &Client, name: &str, fields: &[(&str, &str)]) -> Answer {
    let page = format!("/admin/service-accounts/{name}/generate");
    boss.submit(&page, &page, fields)
}

fn a_service_account_owns_keys_and_never_signs_in(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Upload", &["write:data"]);
    policy(&boss, "Reader", &["read:data"]);
    service_account(&boss, "plate-reader", &["Upload"]);
    assert!(boss.get("/admin/service-accounts").text().contains("plate-reader"));
    let secret = server_key(&boss, "plate-reader", &[("access", "policy"), ("policy", "Upload")]).secret();
    assert_eq!(
        (status(&app, &secret, "require_all=write:data"), status(&app, &secret, "require_all=read:data")),
        (200, 403)
    );
    assert_eq!(asked(&app, &secret, "").header("remote-user"), "plate-reader");
    assert!(boss.get(&format!("/admin/api-keys/{}", eight(&secret))).text().contains("Policy Upload"));

    let other = server_key(&boss, "plate-reader", &[("access", "policy"), ("policy", "Reader")]);
    assert!(other.text().contains("This account does not hold this policy"), "{}", other.text());
    app.set("service_rights", "policy");
    let alone =
        server_key(&boss, "plate-reader", &[("name", "alone"), ("access", "policy"), ("policy", "Reader")]).secret();
    assert_eq!(status(&app, &alone, "require_all=read:data"), 200, "service_rights = policy: its policy alone decides");

    let page = "/admin/service-accounts/plate-reader";
    assert_eq!(boss.submit(page, &format!("{page}/deactivate"), &[]).status, 303);
    assert_eq!(status(&app, &secret, ""), 401);
    assert_eq!(server_key(&boss, "plate-reader", &[]).status, 409);
    assert_eq!(boss.submit(page, &format!("{page}/activate"), &[]).status, 303);
    assert_eq!(status(&app, &secret, ""), 200);

    assert_eq!(app.client().sign_in("plate-reader", PASSWORD).status, 422);
    for path in ["/admin/users/plate-reader", "/admin/users/plate-reader/change/link", "/admin/service-accounts/boss"] {
        assert_eq!(boss.get(path).status, 404, "{path}");
    }
    let link = boss.submit("/admin/users/boss", "/admin/users/plate-reader/change/link", &[]);
    assert_eq!(link.status, 404, "nobody makes a sign-in link for it");
}
on_both!(a_service_account_owns_keys_and_never_signs_in);

fn server_keys_are_limited_together_and_each_account_by_its_rule(app: TestApp) {
    let boss = site(&app);
    service_account(&boss, "one", &[]);
    service_account(&boss, "two", &[]);
    app.set("max_service_keys", "3");
    server_key(&boss, "one", &[]).secret();
    server_key(&boss, "two", &[]).secret();
    server_key(&boss, "two", &[]).secret();
    let refused = boss.get("/admin/service-accounts/one/generate"); // the form says so before anything is sent
    assert!(
        refused.text().contains("All service accounts together have 3 live keys, the most allowed."),
        "{}",
        refused.text()
    );
    app.set("max_service_keys", "0");
    app.limit_keys(2);
    assert!(
        boss.get("/admin/service-accounts/two/generate")
            .text()
            .contains("This service account already has 2 live keys")
    );
    server_key(&boss, "one", &[]).secret();
}
on_both!(server_keys_are_limited_together_and_each_account_by_its_rule);

fn fifty_at_once_do_not_pass_the_limit_of_server_keys(app: TestApp) {
    let boss = site(&app);
    let names = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    for name in names {
        service_account(&boss, name, &[]);
    }
    app.set("max_service_keys", "0");
    for round in 1..=4 {
        let page = |name: &str| format!("/admin/service-accounts/{name}/generate");
        let forms: Vec<(&str, std::collections::HashMap<String, String>)> = (0..50)
            .map(|n| names[n % 10])
            .map(|name| (name, boss.get(&page(name)).hidden_fields(&page(name))))
            .collect();
        app.set("max_service_keys", &(5 * round).to_string());
        std::thread::scope(|scope| {
            for (name, hidden) in &forms {
                let boss = boss.clone();
                scope.spawn(move || {
                    let fields: Vec<(&str, &str)> =
                        hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                    boss.post(&format!("/admin/service-accounts/{name}/generate"), &fields)
                });
            }
        });
        assert_eq!(app.database.count("api_keys"), 5 * round);
        app.set("max_service_keys", "0");
    }
}
on_both!(fifty_at_once_do_not_pass_the_limit_of_server_keys);

fn a_key_in_the_search_of_service_accounts_reaches_no_address(app: TestApp) {
    let boss = site(&app);
    let secret = boss.secret("pasted");
    let page = "/admin/service-accounts";
    service_account(&boss, "one", &[]);
    let answer = boss.submit(page, page, &[("q", &secret)]);
    assert_eq!((answer.status, answer.header("location")), (400, ""), "rule 1");
}
on_both!(a_key_in_the_search_of_service_accounts_reaches_no_address);
