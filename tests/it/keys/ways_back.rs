//! Ways back: undo, restore, transfer and rotation give nobody more than was decided meanwhile (docs/security.md).

use jiff::SignedDuration;

use crate::rights::{policy, site, status};
use crate::service_accounts::{server_key, service_account};
use crate::support::people::{PASSWORD, eight, key_path};
use crate::support::{Client, TestApp, on_both};

const GRID: &str = "/admin/api-keys?view=all";
const RULES: &str = "/admin/lifetime-rules";

fn boss(app: &TestApp) -> Client {
    app.admin("boss");
    again(app)
}

/// The administrator signs in again, after a day.
fn again(app: &TestApp) -> Client {
    let client = app.client();
    assert_eq!(client.sign_in("boss", PASSWORD).status, 303);
    client
}

fn work(app: &TestApp) {
    app.run(app.app.run_jobs()).expect("the work is done");
}

/// Does bulk work to some keys; gives the path of the job.
fn bulk(app: &TestApp, boss: &Client, operation: &str, secrets: &[&str], fields: &[(&str, &str)]) -> String {
    let mut ticked: Vec<(&str, &str)> = secrets.iter().map(|secret| ("key", eight(secret))).collect();
    ticked.push(("do", operation));
    let draft = boss.submit(GRID, "/admin/api-keys/bulk", &ticked).header("location").to_owned();
    let number = secrets.len().to_string();
    let mut entered = fields.to_vec();
    entered.push(("number", &number));
    let entered = if secrets.len() > 10 { entered } else { fields.to_vec() };
    let job = boss.submit(&draft, &draft, &entered);
    assert_eq!(job.status, 303, "{}", job.text());
    work(app);
    job.header("location").to_owned()
}

/// Undoes a job; gives what the page of the undo says.
fn undo(app: &TestApp, boss: &Client, job: &str) -> String {
    let undone = boss.submit(job, &format!("{job}/undo"), &[]);
    assert_eq!(undone.status, 303, "{}", undone.text());
    work(app);
    boss.get(undone.header("location")).text()
}

/// A rule for everyone: the longest lifetime in days, and so many keys. Keys that outlive it stay as they are.
fn rule(boss: &Client, longest: &str, keys: &str) {
    let entered = [
        ("default_lifetime", if longest == "1" { "1" } else { "7" }),
        ("longest_lifetime", longest),
        ("idle_days", ""),
        ("keys_per_owner", keys),
    ];
    let page = boss.get(RULES);
    let hidden = page.hidden_fields(RULES);
    let mut fields = vec![("csrf", hidden["csrf"].as_str()), ("version", hidden["version"].as_str())];
    fields.extend(entered);
    let saved = boss.post(RULES, &fields);
    assert_eq!(saved.status, 303, "{}", saved.text());
    let impact = saved.header("location");
    if impact != RULES {
        assert_eq!(boss.submit(impact, impact, &[("existing", "leave")]).status, 303);
    }
}

fn end(app: &TestApp, secret: &str) -> String {
    app.verify(secret).header("x-key-expires-at").to_owned()
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn a_restored_key_lives_no_longer_than_the_rules_of_today_allow(app: TestApp) {
    let boss = boss(&app);
    let miriam = app.signed_in("miriam");
    let [restored, undone, old] =
        ["restored", "undone", "old"].map(|name| miriam.generate_with(&[("name", name), ("expires", "365")]).secret());
    bulk(&app, &boss, "delete", &[&restored], &[]);
    let deletion = bulk(&app, &boss, "delete", &[&undone, &old], &[]);
    rule(&boss, "7", "20");
    let job = bulk(&app, &boss, "restore", &[&restored], &[]);
    assert_eq!(end(&app, &restored), "2026-11-27T12:00:00Z", "seven days from when it was made");
    assert!(
        boss.get(&job).text().contains(
            "1 of these keys ends earlier than before, because the lifetime rules of today allow no later end."
        )
    );
    let events = app.database.texts("SELECT details AS value FROM audit_events WHERE action = 'key.restore'");
    assert!(events.len() == 1 && events[0].contains("2027-11-20T12:00:00Z\",\"2026-11-27T12:00:00Z"), "{events:?}");
    app.pass(DAY * 20);
    let boss = again(&app);
    let said = undo(&app, &boss, &deletion);
    assert!(said.contains("2 of these keys end earlier than before"), "{said}");
    assert_eq!(
        (end(&app, &undone), end(&app, &old)),
        ("2026-12-11T12:00:00Z".into(), "2026-12-11T12:00:00Z".into()),
        "a day is left"
    );
}
on_both!(a_restored_key_lives_no_longer_than_the_rules_of_today_allow);

fn an_undone_expiry_gives_back_what_the_rules_of_today_allow(app: TestApp) {
    let boss = boss(&app);
    let miriam = app.signed_in("miriam");
    let [long, short] = [("long", "365"), ("short", "7")]
        .map(|(name, days)| miriam.generate_with(&[("name", name), ("expires", days)]).secret());
    let job = bulk(&app, &boss, "expire", &[&long, &short], &[("expires_on", "2026-11-23")]);
    rule(&boss, "30", "20");
    let said = undo(&app, &boss, &job);
    assert_eq!((end(&app, &long), end(&app, &short)), ("2026-12-20T12:00:00Z".into(), "2026-11-27T12:00:00Z".into()));
    assert!(said.contains("1 of these keys ends earlier than before"), "{said}");
    // What the rules allow no later end is left as it is.
    let job = bulk(&app, &boss, "expire", &[&long], &[("expires_on", "2026-11-23")]);
    rule(&boss, "1", "20");
    app.pass(DAY);
    let boss = again(&app);
    let said = undo(&app, &boss, &job);
    assert!(said.contains("1 key was left as it was because the lifetime rules allow no later end."), "{said}");
    assert_eq!(end(&app, &long), "2026-11-23T00:00:00Z");
}
on_both!(an_undone_expiry_gives_back_what_the_rules_of_today_allow);

fn applied_rules_are_undone_when_they_are_in_force_no_more(app: TestApp) {
    let boss = boss(&app);
    let secret = app.signed_in("miriam").generate_with(&[("name", "long"), ("expires", "365")]).secret();
    let page = boss.get(RULES);
    let hidden = page.hidden_fields(RULES);
    let seven = [
        ("default_lifetime", "7"),
        ("longest_lifetime", "7"),
        ("idle_days", ""),
        ("keys_per_owner", "20"),
        ("csrf", &hidden["csrf"]),
        ("version", &hidden["version"]),
    ];
    let impact = boss.post(RULES, &seven).header("location").to_owned();
    let job = boss.submit(&impact, &impact, &[("existing", "now")]).header("location").to_owned();
    work(&app);
    assert_eq!(end(&app, &secret), "2026-11-27T12:00:00Z");
    boss.submit(&job, &format!("{job}/undo"), &[]);
    work(&app);
    let said = boss.get(&job).text();
    assert!(
        said.contains(
            "These lifetime rules are still in force, so no key may end later. Change them first, then undo this."
        ),
        "{said}"
    );
    rule(&boss, "90", "20");
    let said = undo(&app, &boss, &job);
    assert_eq!(end(&app, &secret), "2027-02-18T12:00:00Z", "{said}");
}
on_both!(applied_rules_are_undone_when_they_are_in_force_no_more);

fn restored_keys_pass_no_limit(app: TestApp) {
    let boss = boss(&app);
    rule(&boss, "365", "2");
    let miriam = app.signed_in("miriam");
    let [a, b] = ["a", "b"].map(|name| miriam.secret(name));
    let deletion = bulk(&app, &boss, "delete", &[&a, &b], &[]);
    let c = miriam.secret("c");
    let job = bulk(&app, &boss, "restore", &[&a, &b], &[]);
    assert_eq!([&a, &b, &c].map(|secret| app.verify(secret).status), [200, 401, 200], "one more is allowed");
    assert!(
        boss.get(&job).text().contains("1 key was left as it was because its owner has as many keys as are allowed.")
    );
    bulk(&app, &boss, "delete", &[&a], &[]);
    miriam.secret("d");
    let said = undo(&app, &boss, &deletion);
    assert!(said.contains("because its owner has as many keys as are allowed"), "{said}");
    assert_eq!([&a, &b].map(|secret| app.verify(secret).status), [401, 401]);
    // A key whose time was over lives again by the undo of an earlier end: that is one key more as well.
    let end = bulk(&app, &boss, "expire", &[&c], &[("expires_on", "2026-11-21")]);
    app.pass(DAY);
    let miriam = {
        let again = app.client();
        again.sign_in("miriam", PASSWORD);
        again
    };
    miriam.secret("e");
    let boss = again(&app);
    let said = undo(&app, &boss, &end);
    assert!(said.contains("its owner has as many keys as are allowed"), "{said}");
    assert_eq!(app.verify(&c).status, 401);
}
on_both!(restored_keys_pass_no_limit);

fn service_accounts_together_pass_no_limit_by_a_restore(app: TestApp) {
    let boss = boss(&app);
    for name in ["one", "two"] {
        service_account(&boss, name, &[]);
    }
    let [a, b] = ["one", "two"].map(|of| server_key(&boss, of, &[("name", "key")]).secret());
    bulk(&app, &boss, "delete", &[&a, &b], &[]);
    app.set("max_service_keys", "1");
    bulk(&app, &boss, "restore", &[&a, &b], &[]);
    let mut statuses = [&a, &b].map(|secret| app.verify(secret).status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}
on_both!(service_accounts_together_pass_no_limit_by_a_restore);

fn a_transfer_between_service_accounts_widens_no_key(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Low", &["read:metadata"]);
    policy(&boss, "High", &["read:metadata", "read:data", "write:data"]);
    service_account(&boss, "low", &["Low"]);
    service_account(&boss, "high", &["High"]);
    let inherits = server_key(&boss, "low", &[("name", "all of it")]).secret();
    let later =
        server_key(&boss, "low", &[("name", "a list"), ("access", "scopes"), ("scope", "read:metadata")]).secret();
    crate::rights::give(&boss, "boss", &[]);
    let page = "/admin/service-accounts/low";
    let job = boss.submit(page, &format!("{page}/transfer"), &[("to", "high")]).header("location").to_owned();
    // What it could do when the transfer was confirmed counts, not what it could do when its turn came.
    boss.submit(page, &format!("{page}/policies"), &[("policy", "High")]);
    work(&app);
    for secret in [&inherits, &later] {
        let may = ["read:metadata", "read:data", "write:data"]
            .map(|right| status(&app, secret, &format!("require_all={right}")));
        assert_eq!(may, [200, 403, 403], "{secret}");
    }
    undo(&app, &boss, &job);
    assert_eq!(
        status(&app, &inherits, "require_all=write:data"),
        200,
        "it inherits again, from an account that may do more by now"
    );
    assert_eq!(status(&app, &later, "require_all=write:data"), 403);
}
on_both!(a_transfer_between_service_accounts_widens_no_key);

fn a_transferred_key_lives_no_longer_than_the_rules_of_its_new_owner_allow(app: TestApp) {
    let boss = site(&app);
    for name in ["from", "to"] {
        service_account(&boss, name, &[]);
    }
    let secret = server_key(&boss, "from", &[("name", "key"), ("expires", "365")]).secret();
    app.database.execute(
        "INSERT INTO lifetime_rules (applies_to, subject, longest_days, allow_never, idle_from, changed_at) \
        SELECT 'account', CAST(id AS TEXT), 10, FALSE, 0, 0 FROM accounts WHERE username = 'to'",
    );
    let page = "/admin/service-accounts/from";
    let job = boss.submit(page, &format!("{page}/transfer"), &[("to", "to")]).header("location").to_owned();
    work(&app);
    assert_eq!(end(&app, &secret), "2026-11-30T12:00:00Z");
    assert!(boss.get(&job).text().contains("1 of these keys ends earlier than before"));
    undo(&app, &boss, &job);
    assert_eq!(end(&app, &secret), "2027-11-20T12:00:00Z", "its former owner's rules allow it");
}
on_both!(a_transferred_key_lives_no_longer_than_the_rules_of_its_new_owner_allow);

fn a_rotation_keeps_an_end_that_an_administrator_set(app: TestApp) {
    let boss = boss(&app);
    let miriam = app.signed_in("miriam");
    let secret = miriam.generate_with(&[("name", "long"), ("expires", "365")]).secret();
    let job = bulk(&app, &boss, "expire", &[&secret], &[("expires_on", "2026-11-21")]);
    let path = format!("{}/rotate", key_path(&secret));
    let rotated = miriam.submit(&path, &path, &[("old_ends", "0h")]).secret();
    assert_eq!(end(&app, &rotated), "2026-11-21T00:00:00Z");
    let again = miriam.submit(&path, &path, &[("old_ends", "0h")]).secret();
    assert_eq!(end(&app, &again), "2026-11-21T00:00:00Z", "and the next one");
    let other = miriam.generate_with(&[("name", "other"), ("expires", "365")]).secret();
    let undone = bulk(&app, &boss, "expire", &[&other], &[("expires_on", "2026-11-25")]);
    undo(&app, &boss, &undone);
    let path = format!("{}/rotate", key_path(&other));
    let rotated = miriam.submit(&path, &path, &[("old_ends", "0h")]).secret();
    assert_eq!(end(&app, &rotated), "2027-11-20T12:00:00Z", "what was undone limits nothing");
    assert!(boss.get(&job).status == 200);
}
on_both!(a_rotation_keeps_an_end_that_an_administrator_set);

fn who_was_deleted_before_gives_keys_no_more_by_a_second_transfer(app: TestApp) {
    let boss = site(&app);
    policy(&boss, "Reader", &["read:data"]);
    policy(&boss, "Writer", &["read:data", "write:data"]);
    let ana = app.signed_in("ana");
    app.person("bob");
    for person in ["ana", "bob"] {
        crate::rights::give(&boss, person, &["Writer"]);
    }
    let [secret, other] = ["one", "two"].map(|name| {
        ana.generate_with(&[("name", name), ("access", "scopes"), ("scope", "read:data"), ("scope", "write:data")])
            .secret()
    });
    crate::rights::give(&boss, "ana", &["Reader"]);
    let page = "/admin/users/ana/delete";
    let delete = |keys: &[(&str, &str)]| {
        let fields = [&[("typed", "ana")], keys].concat();
        let job = boss.submit(page, page, &fields);
        assert_eq!(job.status, 303, "{}", job.text());
        job.header("location").to_owned()
    };
    // Stopped before the first batch, then deleted again.
    let job = delete(&[("keys", "transfer"), ("to", "bob")]);
    boss.submit(&job, &format!("{job}/stop"), &[]);
    work(&app);
    delete(&[("keys", "transfer"), ("to", "bob")]);
    work(&app);
    for secret in [&secret, &other] {
        let may = ["read:data", "write:data"].map(|right| status(&app, secret, &format!("require_all={right}")));
        assert_eq!(may, [200, 403], "what it could do when its owner was deleted");
    }
}
on_both!(who_was_deleted_before_gives_keys_no_more_by_a_second_transfer);
