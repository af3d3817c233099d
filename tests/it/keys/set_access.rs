//! Changing what a key may do: within what its owner has, at once, and never over somebody else's change.

use crate::rights::{give, policy, site, status};
use crate::service_accounts::{server_key, service_account};
use crate::support::people::{eight, key_path};
use crate::support::{Answer, Client, TestApp, on_both};

fn set(client: &Client, secret: &str, fields: &[(&str, &str)]) -> Answer {
    let page = format!("{}/access", key_path(secret));
    client.submit(&page, &page, fields)
}

fn rule_4_a_key_is_changed_within_what_its_owner_has(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:metadata", "read:data"]);
    policy(&boss, "Writer", &["write:data"]);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Reader"]);
    let secret = ana.generate_with(&[("access", "scopes"), ("scope", "read:metadata")]).secret();
    let rights = |secret: &str| -> Vec<u16> {
        ["read:metadata", "read:data", "write:data"]
            .iter()
            .map(|right| status(&app, secret, &format!("require_all={right}")))
            .collect()
    };
    assert_eq!(rights(&secret), [200, 403, 403]);
    assert_eq!(set(&ana, &secret, &[("access", "scopes"), ("scope", "read:data")]).status, 303);
    assert_eq!(rights(&secret), [403, 200, 403]);
    assert_eq!(set(&ana, &secret, &[("access", "policy"), ("policy", "Reader")]).status, 303);
    assert_eq!(rights(&secret), [200, 200, 403]);
    assert_eq!(set(&ana, &secret, &[("access", "inherit")]).status, 303);
    give(&boss, "ana", &["Writer"]);
    assert_eq!(rights(&secret), [403, 403, 200]);
    for (fields, says) in [
        (vec![("access", "scopes"), ("scope", "read:data")], "You do not have read:data"),
        (vec![("access", "policy"), ("policy", "Reader")], "You do not hold this policy"),
        (vec![("access", "scopes")], "Select at least one scope"),
        (vec![("access", "all")], "Choose what the key may do"),
    ] {
        let refused = set(&ana, &secret, &fields);
        assert_eq!(refused.status, 422, "{fields:?}");
        assert!(refused.text().contains(says), "{fields:?}: {}", refused.text());
    }
    assert_eq!(rights(&secret), [403, 403, 200]);
    assert_eq!(set(&ana, &secret, &[("access", "inherit"), ("version", "1")]).status, 409, "changed meanwhile");
    ana.act(&secret, "revoke");
    assert_eq!(ana.get(&format!("{}/access", key_path(&secret))).status, 303);
    assert_eq!(app.database.count("audit_events WHERE action = 'key.edit'"), 3);
}
on_both!(rule_4_a_key_is_changed_within_what_its_owner_has);

fn a_key_whose_policy_was_deleted_says_so_and_gets_other_access(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    let ana = app.signed_in("ana");
    give(&boss, "ana", &["Reader"]);
    app.set("on_policy_delete", "disable");
    let secret = ana.generate_with(&[("access", "policy"), ("policy", "Reader")]).secret();
    let page = "/admin/policies/Reader/delete";
    boss.submit(page, page, &[("typed", "Reader")]);
    app.run(app.app.run_jobs()).expect("done");
    let draft = boss.submit("/admin/api-keys?view=all", &format!("/admin/api-keys/{}/enable", eight(&secret)), &[]);
    let draft = draft.header("location").to_owned();
    assert_eq!(boss.submit(&draft, &draft, &[]).status, 303);
    app.run(app.app.run_jobs()).expect("done");
    assert_eq!(status(&app, &secret, ""), 401, "enabled, and still without a policy");
    for page in [ana.key_page(&secret), boss.get(&format!("/admin/api-keys/{}", eight(&secret)))] {
        assert!(page.text().contains("The policy of this key was deleted, so it is refused"), "{}", page.text());
    }
    assert_eq!(set(&ana, &secret, &[("access", "inherit")]).status, 303);
    assert_eq!(status(&app, &secret, ""), 200);
}
on_both!(a_key_whose_policy_was_deleted_says_so_and_gets_other_access);

fn an_administrator_changes_what_a_server_key_may_do(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    service_account(&boss, "one", &["Reader"]);
    let secret = server_key(&boss, "one", &[("access", "inherit")]).secret();
    let page = format!("/admin/service-accounts/one/keys/{}/access", eight(&secret));
    let refused = boss.submit(&page, &page, &[("access", "scopes"), ("scope", "write:data")]);
    assert!(refused.text().contains("This account does not have write:data"), "{}", refused.text());
    assert_eq!(boss.submit(&page, &page, &[("access", "scopes"), ("scope", "read:data")]).status, 303);
    assert_eq!(status(&app, &secret, "require_all=read:data"), 200);
    assert!(boss.get(&format!("/admin/api-keys/{}", eight(&secret))).text().contains("read:data"));
}
on_both!(an_administrator_changes_what_a_server_key_may_do);
