//! Bulk work: frozen, confirmed, done in batches, stopped, taken up by another node, undone.

use claviger::actions::keys::browse::List;
use claviger::domain::key_filter::{KeyFilter, Sort};
use claviger::domain::paging::Count;
use jiff::SignedDuration;

use crate::support::people::{PASSWORD, eight};
use crate::support::{Answer, Client, TestApp, on_both, operator};

pub(crate) const GRID: &str = "/admin/api-keys?view=all";

impl TestApp {
    pub(crate) fn boss(&self) -> Client {
        self.admin("boss");
        let client = self.client();
        assert_eq!(client.sign_in("boss", PASSWORD).status, 303);
        client
    }

    pub(crate) fn work(&self) -> usize {
        self.run(self.app.run_jobs()).expect("the work is done")
    }

    pub(crate) fn revoked(&self) -> i64 {
        self.database.count("api_keys WHERE revoked_at IS NOT NULL")
    }

    pub(crate) fn matching(&self, query: &str) -> Count {
        let filter = KeyFilter::from_query(query).expect("a filter");
        let list = List { filter, sort: Sort::default(), size: 20, cursor: None, count_limit: 10_000 };
        self.run(self.app.browse_keys(operator().administrator(), &list)).expect("a page").matching
    }
}

/// Drafts bulk work; gives the path of its confirmation.
pub(crate) fn draft(boss: &Client, fields: &[(&str, &str)]) -> String {
    let answer = boss.submit(GRID, "/admin/api-keys/bulk", fields);
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("location").to_owned()
}

pub(crate) fn confirm(boss: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    boss.submit(path, path, fields)
}

fn a_few_ticked_keys_are_deleted_without_typing_their_number(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let (one, two, kept) = (miriam.secret("one"), miriam.secret("two"), miriam.secret("kept"));
    let boss = app.boss();
    let path = draft(&boss, &[("key", eight(&one)), ("key", eight(&two)), ("do", "delete")]);
    let page = boss.get(&path);
    assert_eq!(page.texts("h1"), ["Delete 2 API keys?"]);
    assert!(page.text().contains("None was used in the last 7 days. Tools that use them are refused at once. You can restore them until 2026-12-20."), "{}", page.text());
    assert!(page.texts("#number").is_empty());
    assert_eq!(app.verify(&one).status, 200, "nothing happens before the confirmation");
    let confirmed = confirm(&boss, &path, &[("reason", "leaked")]);
    assert_eq!(confirmed.status, 303);
    assert_eq!(app.work(), 1);
    assert_eq!([&one, &two, &kept].map(|secret| app.verify(secret).status), [401, 401, 200]);
    let result = boss.get(confirmed.header("location"));
    assert_eq!(result.texts("h1"), ["2 API keys deleted"]);
    assert_eq!(
        app.database
            .count("audit_events WHERE action = 'key.revoke' AND actor_name = 'boss' AND details LIKE '%leaked%'"),
        2
    );
    assert!(miriam.get(&crate::support::people::key_path(&one)).text().contains("leaked"), "the owner reads why");
    assert!(app.run(app.app.verify_audit(None)).expect("answers").is_ok());
}
on_both!(a_few_ticked_keys_are_deleted_without_typing_their_number);

fn all_matching_needs_the_number_and_touches_only_what_was_frozen(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secrets: Vec<String> = (0..12).map(|n| miriam.secret(&format!("reader {n}"))).collect();
    let other = miriam.secret("other");
    let boss = app.boss();
    let state = "name~startswith=reader";
    let path = draft(&boss, &[("scope", "matching"), ("do", "delete"), ("state", state)]);
    let page = boss.get(&path);
    assert!(
        page.text().contains("These are all 12 keys that match Name starts with reader . They belong to 1 person."),
        "{}",
        page.text()
    );
    for wrong in ["", "11", "13", "twelve"] {
        let answer = confirm(&boss, &path, &[("number", wrong)]);
        assert_eq!(answer.status, 422, "{wrong}");
        assert!(answer.text().contains("Type 12, the number of keys"));
    }
    app.pass(SignedDuration::from_secs(60));
    let later = miriam.secret("reader made later");
    let edit = format!("{}/edit", crate::support::people::key_path(&secrets[3]));
    assert_eq!(miriam.submit(&edit, &edit, &[("name", "writer now")]).status, 303);
    let confirmed = confirm(&boss, &path, &[("number", " 12 ")]);
    assert_eq!(confirmed.status, 303);
    assert_eq!(confirm_again(&boss, &path), 303, "a second press is led to the same work");
    app.work();
    assert_eq!(app.revoked(), 11);
    assert_eq!(
        [&later, &secrets[3], &other].map(|secret| app.verify(secret).status),
        [200, 200, 200],
        "made later, changed since, not matching"
    );
    let job = confirmed.header("location").to_owned();
    let result = boss.get(&job);
    assert!(
        result.text().contains("1 key was left in place because somebody changed them after this list was made."),
        "{}",
        result.text()
    );
    let left = result.attribute("a[href*=left_by_job]", "href");
    assert_eq!(boss.get(&left).texts("tbody .grid__id"), [eight(&secrets[3])]);
    assert_eq!(
        app.database.count("audit_events WHERE action = 'key.revoke'"),
        11,
        "one event for each key, none twice"
    );

    let undone = boss.submit(GRID, &format!("{job}/undo"), &[]);
    assert_eq!(undone.status, 303);
    assert_eq!(
        boss.submit(GRID, &format!("{job}/undo"), &[]).header("location"),
        undone.header("location"),
        "it is undone once"
    );
    app.work();
    assert_eq!(app.revoked(), 0);
    assert!(secrets.iter().all(|secret| app.verify(secret).status == 200));
    assert_eq!(app.database.count("audit_events WHERE action = 'key.restore'"), 11);
    assert_eq!(boss.get(undone.header("location")).texts("h1"), ["11 API keys restored"]);
}
on_both!(all_matching_needs_the_number_and_touches_only_what_was_frozen);

fn confirm_again(boss: &Client, path: &str) -> u16 {
    let token = boss.get(GRID).hidden_fields("/sign-out").remove("csrf").expect("a token");
    boss.post(path, &[("csrf", &token), ("number", "12")]).status
}

fn undo_leaves_alone_what_somebody_changed_since(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let (one, two) = (miriam.secret("one"), miriam.secret("two"));
    let boss = app.boss();
    let path = draft(&boss, &[("key", eight(&one)), ("key", eight(&two)), ("do", "delete")]);
    let job = confirm(&boss, &path, &[]).header("location").to_owned();
    app.work();
    let again = miriam.secret("one"); // the name is free, and taken by a new key
    let path = draft(&boss, &[("key", eight(&two)), ("do", "restore")]);
    confirm(&boss, &path, &[]);
    app.work();
    let path = draft(&boss, &[("key", eight(&two)), ("do", "delete")]);
    confirm(&boss, &path, &[]);
    app.work();
    let undo = boss.submit(GRID, &format!("{job}/undo"), &[]).header("location").to_owned();
    app.work();
    assert_eq!([&one, &two, &again].map(|secret| app.verify(secret).status), [200, 401, 200]);
    assert!(boss.get(&undo).text().contains("1 key was left in place"));
    let name = app.database.text(&format!("SELECT name AS value FROM api_keys WHERE first_eight = '{}'", eight(&one)));
    assert_eq!(name, "one (2)", "its name is taken by now");
}
on_both!(undo_leaves_alone_what_somebody_changed_since);

fn disable_enable_and_an_earlier_expiry_can_be_undone_exactly(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let (plain, paused, short) = (
        miriam.secret("plain"),
        miriam.secret("paused"),
        miriam.generate_with(&[("name", "short"), ("expires", "7")]).secret(),
    );
    miriam.act(&paused, "disable");
    let state = || {
        app.database.texts("SELECT name || ' ' || COALESCE(CAST(expires_at AS TEXT), '-') || ' ' || COALESCE(CAST(disabled_at AS TEXT), '-') || ' ' || COALESCE(CAST(disabled_by AS TEXT), '-') || disabled_reason AS value FROM api_keys ORDER BY id")
    };
    let before = state();
    let boss = app.boss();
    app.pass(SignedDuration::from_secs(30));
    for (operation, fields, statuses) in [
        ("disable", vec![("reason", "maintenance")], [401, 401, 401]),
        ("enable", vec![], [200, 200, 200]),
        ("expire", vec![("expires_on", "2026-12-01")], [200, 401, 200]),
    ] {
        let path = draft(&boss, &[("scope", "matching"), ("do", operation), ("state", "view=all")]);
        let total = boss.get(&path).attribute("#number", "data-confirm-match");
        let mut fields = fields.clone();
        fields.push(("number", &total));
        let job = confirm(&boss, &path, &fields).header("location").to_owned();
        app.work();
        assert_eq!([&plain, &paused, &short].map(|secret| app.verify(secret).status), statuses, "{operation}");
        if operation == "expire" {
            assert_eq!(
                app.database.count("api_keys WHERE expires_at = 1796083200000000"),
                2,
                "2026-12-01, and never later than before"
            );
            assert!(boss.get(&job).text().contains("1 key was left in place because they end earlier anyway."));
        }
        boss.submit(GRID, &format!("{job}/undo"), &[]);
        app.work();
        assert_eq!(state(), before, "{operation}");
    }
    let path = draft(&boss, &[("key", eight(&plain)), ("do", "expire")]);
    for bad in ["", "tomorow", "2026-11-20", "2020-01-01"] {
        assert_eq!(confirm(&boss, &path, &[("expires_on", bad)]).status, 422, "{bad}");
    }
}
on_both!(disable_enable_and_an_earlier_expiry_can_be_undone_exactly);

fn what_an_administrator_disabled_the_owner_cannot_enable(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let boss = app.boss();
    let path =
        boss.submit(GRID, &format!("/admin/api-keys/{}/disable", eight(&secret)), &[]).header("location").to_owned();
    confirm(&boss, &path, &[]);
    app.work();
    miriam.act(&secret, "enable");
    assert_eq!(app.verify(&secret).status, 401);
}
on_both!(what_an_administrator_disabled_the_owner_cannot_enable);

fn sensitive_work_asks_for_the_password_after_five_minutes(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let boss = app.boss();
    let path = draft(&boss, &[("key", eight(&secret)), ("do", "delete")]);
    let fields = boss.get(&path).hidden_fields(&path);
    app.pass(SignedDuration::from_mins(6));
    assert!(boss.get(&path).header("location").starts_with("/confirm-password?next=%2Fadmin%2Fapi-keys%2Fbulk%2F"));
    let sent = boss.post(&path, &[("csrf", &fields["csrf"])]);
    assert!(sent.header("location").starts_with("/confirm-password?next="), "the form too");
    app.work();
    assert_eq!(app.verify(&secret).status, 200);
    let ask = sent.header("location").to_owned();
    let wrong = boss.submit(&ask, "/confirm-password", &[("password", "not the password")]);
    assert_eq!(wrong.status, 422);
    assert!(boss.get(&path).status == 303);
    let right = boss.submit(&ask, "/confirm-password", &[("password", PASSWORD)]);
    assert_eq!((right.status, right.header("location")), (303, path.as_str()));
    assert_eq!(confirm(&boss, &path, &[]).status, 303);
    app.work();
    assert_eq!(app.verify(&secret).status, 401);
}
on_both!(sensitive_work_asks_for_the_password_after_five_minutes);

fn nothing_ticked_and_broken_filters_select_nothing(app: TestApp) {
    let miriam = app.signed_in("miriam");
    miriam.secret("ci");
    let boss = app.boss();
    for fields in [
        vec![("do", "delete")],
        vec![("do", "delete"), ("scope", "matching"), ("state", "expires_at~lt=tomorow")],
        vec![("do", "delete"), ("scope", "matching"), ("state", "nonsense=1")],
        vec![("do", "restore"), ("scope", "matching"), ("state", "view=all")],
        vec![("do", "delete"), ("key", "00000000")],
    ] {
        let answer = boss.submit(GRID, "/admin/api-keys/bulk", &fields);
        assert!(answer.header("location").starts_with("/admin/api-keys?"), "{fields:?} {}", answer.header("location"));
    }
    assert_eq!(app.database.count("bulk_jobs"), 0, "docs/rules.md, C4: not even a draft");
    assert_eq!(boss.submit(GRID, "/admin/api-keys/bulk", &[("do", "undo"), ("scope", "matching")]).status, 404);
}
on_both!(nothing_ticked_and_broken_filters_select_nothing);

fn a_draft_is_its_makers_alone(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let boss = app.boss();
    let path = draft(&boss, &[("key", eight(&secret)), ("do", "delete")]);
    app.admin("other");
    let other = app.client();
    other.sign_in("other", PASSWORD);
    assert_eq!(other.get(&path).status, 404);
    let token = other.get("/account").hidden_fields("/sign-out").remove("csrf").expect("a token");
    assert_eq!(other.post(&path, &[("csrf", &token)]).status, 404);
    assert_eq!(miriam.get(&path).status, 403);
}
on_both!(a_draft_is_its_makers_alone);

fn three_deleted_keys_of_one_name_are_restored_under_three(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secrets: Vec<String> = (0..3)
        .map(|_| {
            let secret = miriam.secret("twin");
            miriam.act(&secret, "revoke");
            secret
        })
        .collect();
    let fourth = miriam.secret("twin (2)");
    miriam.act(&fourth, "revoke");
    let boss = app.boss();
    let mut fields: Vec<(&str, &str)> = secrets.iter().chain([&fourth]).map(|secret| ("key", eight(secret))).collect();
    fields.push(("do", "restore"));
    let path = draft(&boss, &fields);
    confirm(&boss, &path, &[]);
    assert_eq!(app.work(), 1);
    let mut names = app.database.texts("SELECT name AS value FROM api_keys WHERE holds_name");
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 4, "no two live keys have one name: {names:?}");
    assert!(secrets.iter().chain([&fourth]).all(|secret| app.verify(secret).status == 200));
}
on_both!(three_deleted_keys_of_one_name_are_restored_under_three);

fn an_undone_expiry_gives_a_key_its_life_and_a_free_name(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let old = miriam.generate_with(&[("name", "dup"), ("expires", "365")]).secret();
    let boss = app.boss();
    let path = draft(&boss, &[("key", eight(&old)), ("do", "expire")]);
    let job = confirm(&boss, &path, &[("expires_on", "2026-11-22")]).header("location").to_owned();
    app.work();
    app.pass(SignedDuration::from_hours(48));
    let again = app.client();
    again.sign_in("miriam", PASSWORD);
    let new = again.secret("dup");
    let boss = app.client();
    boss.sign_in("boss", PASSWORD);
    boss.submit(GRID, &format!("{job}/undo"), &[]);
    app.work();
    assert_eq!([&old, &new].map(|secret| app.verify(secret).status), [200, 200]);
    let mut names = app.database.texts("SELECT name AS value FROM api_keys WHERE holds_name");
    names.sort();
    assert_eq!(names, ["dup", "dup (2)"]);
}
on_both!(an_undone_expiry_gives_a_key_its_life_and_a_free_name);

fn undo_asks_for_the_password_again_too(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let boss = app.boss();
    let path = draft(&boss, &[("key", eight(&secret)), ("do", "delete")]);
    let job = confirm(&boss, &path, &[]).header("location").to_owned();
    app.work();
    app.pass(SignedDuration::from_mins(6));
    assert!(boss.submit(GRID, &format!("{job}/undo"), &[]).header("location").starts_with("/confirm-password?next="));
    app.work();
    assert_eq!(app.verify(&secret).status, 401);
}
on_both!(undo_asks_for_the_password_again_too);
