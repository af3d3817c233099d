//! Lifetime rules: seen before they are applied, obeyed at once, applied as chosen, undone; and what the sweep does by them.

use jiff::SignedDuration;

use crate::support::people::{PASSWORD, eight};
use crate::support::{Answer, Client, TestApp, on_both};

const PATH: &str = "/admin/lifetime-rules";

fn boss(app: &TestApp) -> Client {
    app.admin("boss");
    let client = app.client();
    assert_eq!(client.sign_in("boss", PASSWORD).status, 303);
    client
}

/// Saves the rule for all keys, and stricter rules: applies to, user name, longest, idle, keys.
fn save(boss: &Client, everyone: [&str; 4], stricter: &[[&str; 5]]) -> Answer {
    let page = boss.get(PATH);
    let hidden = page.hidden_fields(PATH);
    let [default, longest, idle, limit] = everyone;
    let mut fields = vec![
        ("csrf", hidden["csrf"].as_str()),
        ("version", hidden["version"].as_str()),
        ("default_lifetime", default),
        ("longest_lifetime", longest),
        ("idle_days", idle),
        ("keys_per_owner", limit),
    ];
    for [applies_to, subject, longest, idle, keys] in stricter {
        fields.extend([
            ("rule_applies_to", *applies_to),
            ("rule_subject", *subject),
            ("rule_longest", *longest),
            ("rule_idle", *idle),
            ("rule_keys", *keys),
        ]);
    }
    boss.post(PATH, &fields)
}

fn expiry(app: &TestApp, secret: &str) -> String {
    app.verify(secret).header("x-key-expires-at").to_owned()
}

fn rules_that_hit_no_key_are_saved_and_obeyed_at_once(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let boss = boss(&app);
    let page = "/external-tool-access/generate";
    let stale = miriam.get(page).hidden_fields(page);
    assert_eq!(save(&boss, ["30", "60", "", "2"], &[]).header("location"), PATH);
    assert!(boss.get(PATH).text().contains("Existing keys are not affected."));
    let mut fields: Vec<(&str, &str)> = stale.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    fields.extend([("name", "kept entry"), ("expires", "90")]);
    let refused = miriam.post(page, &fields);
    assert_eq!(refused.status, 422, "the rule changed between form and submit");
    assert!(refused.text().contains("Choose 60 days or fewer"));
    assert_eq!(refused.attribute("#name", "value"), "kept entry");
    assert_eq!(expiry(&app, &miriam.secret("a")), "2026-12-20T12:00:00Z", "the new default");
    miriam.secret("b");
    assert!(miriam.get(page).text().contains("You have 2 live keys, and the limit is 2"));
    assert_eq!(app.database.count("audit_events WHERE action = 'rules.change' AND details LIKE '%\"longest_days\":60%' AND details LIKE '%\"longest_days\":365%'"), 1, "before and after");
}
on_both!(rules_that_hit_no_key_are_saved_and_obeyed_at_once);

fn rule_9_a_rule_that_hits_keys_is_shown_before_it_is_saved(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let (long, short) = (
        miriam.generate_with(&[("name", "long"), ("expires", "365")]).secret(),
        miriam.generate_with(&[("name", "short"), ("expires", "7")]).secret(),
    );
    app.verify(&long);
    app.run(app.app.flush_uses()).expect("written");
    app.pass(SignedDuration::from_hours(24 * 5));
    let miriam = {
        let again = app.client();
        again.sign_in("miriam", PASSWORD);
        again
    };
    let boss = boss(&app);
    let saved = save(&boss, ["5", "5", "", "20"], &[]);
    let impact = saved.header("location").to_owned();
    assert!(impact.starts_with("/admin/lifetime-rules/impact/"), "{impact} {}", saved.text());
    let page = boss.get(&impact);
    assert!(page.text().contains("2 API keys would expire sooner, 2 of which already exceed the new limit and would end in 24 hours. They belong to 1 person; 1 was used in the last 7 days."), "{}", page.text());
    let mut shown = boss.get(&page.attribute("a[href*='job~eq']", "href")).texts("tbody .grid__id");
    shown.sort();
    let mut both = vec![eight(&long).to_owned(), eight(&short).to_owned()];
    both.sort();
    assert_eq!(shown, both, "the link shows exactly these");
    assert_eq!(boss.get(PATH).attribute("#longest_lifetime", "value"), "365 days", "nothing is saved yet");

    let draft = impact.rsplit('/').next().expect("a number").to_owned();
    for path in [format!("/admin/api-keys/bulk/{draft}"), format!("/admin/jobs/{draft}")] {
        assert_ne!(boss.get(&path).status, 200, "it cannot be confirmed without its rules");
    }
    let token = boss.get(PATH).hidden_fields("/sign-out").remove("csrf").expect("a token");
    assert_eq!(boss.post(&format!("/admin/api-keys/bulk/{draft}"), &[("csrf", &token), ("number", "2")]).status, 404);
    let left = boss.submit(&impact, &impact, &[("existing", "leave")]);
    assert_eq!(left.header("location"), PATH);
    assert_eq!(
        (expiry(&app, &long), expiry(&app, &short)),
        ("2027-11-20T12:00:00Z".into(), "2026-11-27T12:00:00Z".into())
    );
    assert_eq!(expiry(&app, &miriam.secret("new")), "2026-11-30T12:00:00Z", "new keys obey");
}
on_both!(rule_9_a_rule_that_hits_keys_is_shown_before_it_is_saved);

fn rules_are_applied_now_or_step_by_step_and_can_be_undone(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secrets: Vec<String> =
        (0..6).map(|n| miriam.generate_with(&[("name", &format!("k{n}")), ("expires", "365")]).secret()).collect();
    app.pass(SignedDuration::from_hours(24 * 40));
    let boss = boss(&app);
    for (choice, ends) in [
        (vec![("existing", "now")], vec!["2026-12-31T12:00:00Z"; 6]),
        (
            vec![("existing", "spread"), ("days", "3")],
            vec![
                "2026-12-31T12:00:00Z",
                "2026-12-31T12:00:00Z",
                "2027-01-01T12:00:00Z",
                "2027-01-01T12:00:00Z",
                "2027-01-02T12:00:00Z",
                "2027-01-02T12:00:00Z",
            ],
        ),
    ] {
        let impact = save(&boss, ["30", "30", "", "20"], &[]).header("location").to_owned();
        assert_eq!(boss.submit(&impact, &impact, &[("existing", "spread"), ("days", "0")]).status, 422);
        let job = boss.submit(&impact, &impact, &choice).header("location").to_owned();
        assert!(job.starts_with("/admin/jobs/"), "{job}");
        app.run(app.app.run_jobs()).expect("work");
        let mut got: Vec<String> = secrets.iter().map(|secret| expiry(&app, secret)).collect();
        got.sort();
        assert_eq!(got, ends, "none within a day, {choice:?}");
        assert_eq!(save(&boss, ["90", "365", "", "20"], &[]).header("location"), PATH);
        boss.submit(PATH, &format!("{job}/undo"), &[]);
        app.run(app.app.run_jobs()).expect("work");
        assert!(secrets.iter().all(|secret| expiry(&app, secret) == "2027-11-20T12:00:00Z"), "all ends are back");
    }
}
on_both!(rules_are_applied_now_or_step_by_step_and_can_be_undone);

fn the_shortest_of_all_matching_rules_counts(app: TestApp) {
    let (miriam, lena) = (app.signed_in("miriam"), app.signed_in("lena"));
    let boss = boss(&app);
    assert_eq!(
        save(
            &boss,
            ["90", "365", "", "20"],
            &[["account", "lena", "10", "", "1"], ["admins", "", "20", "", ""], ["", "", "", "", ""]]
        )
        .header("location"),
        PATH
    );
    assert_eq!(expiry(&app, &miriam.secret("a")), "2027-02-18T12:00:00Z");
    assert_eq!(expiry(&app, &lena.secret("a")), "2026-11-30T12:00:00Z");
    assert!(lena.get("/external-tool-access/generate").text().contains("You have 1 live key, and the limit is 1"));
    assert_eq!(expiry(&app, &boss.secret("a")), "2026-12-10T12:00:00Z");
    let page = boss.get(PATH);
    assert_eq!(page.texts("tbody tr").len(), 2, "an empty line is none");
    for (everyone, stricter, text) in [
        (
            ["0", "365", "", ""],
            ["", "", "", "", ""],
            "Enter a default lifetime up to 3,650 days, such as 90 days or 12h",
        ),
        (
            ["90", "99999", "", ""],
            ["", "", "", "", ""],
            "Enter a longest lifetime up to 3,650 days, such as 90 days or 12h",
        ),
        (["90", "30", "", ""], ["", "", "", "", ""], "Enter 30 days or less, the longest lifetime"),
        (["", "", "", ""], ["", "", "", "", ""], "Enter a longest lifetime"),
        (["9", "9", "x", ""], ["", "", "", "", ""], "Enter a time without use between 1 and 3,650 days"),
        (["9", "9", "", ""], ["account", "nobody", "5", "", ""], "There is nobody with the user name nobody"),
        (["9", "9", "", ""], ["", "", "5", "", ""], "Choose to whom the stricter rule applies"),
    ] {
        let answer = save(&boss, everyone, &[stricter]);
        assert_eq!(answer.status, 422, "{text}");
        assert!(answer.text().contains(text), "{text}: {}", answer.text());
    }
}
on_both!(the_shortest_of_all_matching_rules_counts);

fn lifetimes_are_also_hours_and_minutes(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let boss = boss(&app);
    assert_eq!(save(&boss, ["1h", "12 hours", "", "20"], &[["admins", "", "30m", "", ""]]).header("location"), PATH);
    let page = boss.get(PATH);
    assert_eq!(
        [
            page.attribute("#default_lifetime", "value"),
            page.attribute("#longest_lifetime", "value"),
            page.attribute("#rule_longest", "value")
        ],
        ["1 hour", "12 hours", "30 minutes"]
    );
    assert_eq!(
        app.database.text(
            "SELECT longest_days || ' ' || longest_seconds AS value FROM lifetime_rules WHERE applies_to = 'everyone'"
        ),
        "1 43200",
        "a server from before reads whole days"
    );
    let form = miriam.get("/external-tool-access/generate");
    assert_eq!(
        form.texts("#expires option")[..3],
        ["5 minutes, until 2026-11-20 12:05", "1 hour, until 2026-11-20 13:00", "12 hours, until 2026-11-21 00:00"]
    );
    assert!(form.text().contains("The longest allowed is 12 hours."));
    assert_eq!(expiry(&app, &miriam.secret("usual")), "2026-11-20T13:00:00Z");
    assert_eq!(
        expiry(&app, &miriam.generate_with(&[("name", "preset"), ("expires", "12h")]).secret()),
        "2026-11-21T00:00:00Z"
    );
    assert_eq!(expiry(&app, &boss.secret("short")), "2026-11-20T12:30:00Z");
    for (fields, text) in [
        (vec![("expires", "1")], "Choose 12 hours or less"),
        (vec![("expires", "other"), ("expires_in", "13h")], "Choose 12 hours or less"),
        (vec![("expires", "13h")], "Choose 12 hours or less"),
    ] {
        let refused = miriam.generate_with(&[&fields[..], &[("name", "long")]].concat());
        assert_eq!((refused.status, refused.text().contains(text)), (422, true), "{fields:?} {}", refused.text());
    }
    app.pass(SignedDuration::from_mins(29));
    assert_eq!(
        save(&boss, ["10m", "10m", "", "20"], &[]).header("location").split('/').next_back().map(str::is_empty),
        Some(false),
        "hours count for what it would do, too"
    );
}
on_both!(lifetimes_are_also_hours_and_minutes);

fn stricter_rules_are_added_and_removed_line_by_line(app: TestApp) {
    app.signed_in("lena").secret("ci");
    let boss = boss(&app);
    assert!(boss.get(PATH).texts("tbody tr").is_empty());
    assert_eq!(
        save(&boss, ["90", "365", "", "20"], &[["account", "lena", "365", "", ""], ["services", "", "20", "", ""]])
            .header("location"),
        PATH
    );
    let page = boss.get(PATH);
    assert_eq!(page.texts("tbody [data-label=\"Live keys now\"]"), ["1", "0"]);
    assert_eq!(
        boss.get(&page.attribute("tbody a", "href")).texts("tbody .grid__id").len(),
        1,
        "the number opens its list"
    );
    let hidden = page.hidden_fields(PATH);
    let lines = |what: &str| {
        let mut fields = vec![
            ("csrf", hidden["csrf"].as_str()),
            ("version", &hidden["version"]),
            ("default_lifetime", "x"),
            ("longest_lifetime", "365 days"),
            ("lines", what),
        ];
        for (applies_to, subject, longest) in [("account", "lena", "9"), ("services", "", "20")] {
            fields.extend([
                ("rule_applies_to", applies_to),
                ("rule_subject", subject),
                ("rule_longest", longest),
                ("rule_idle", ""),
                ("rule_keys", ""),
            ]);
        }
        boss.post(PATH, &fields)
    };
    let more = lines("add");
    assert_eq!(
        (more.status, more.texts("tbody tr").len(), more.attribute("#default_lifetime", "value")),
        (200, 3, "x".into()),
        "what was entered is kept"
    );
    let fewer = lines("1");
    assert_eq!((fewer.texts("tbody tr").len(), fewer.attribute("#rule_longest", "value")), (1, "20".into()));
    for bad in ["3", "0", "nonsense"] {
        assert!([400, 422].contains(&lines(bad).status), "{bad}");
    }
    assert_eq!(boss.get(PATH).texts("tbody tr").len(), 2, "nothing was saved");
}
on_both!(stricter_rules_are_added_and_removed_line_by_line);

fn two_people_who_change_rules_at_once_notice(app: TestApp) {
    let boss = boss(&app);
    let stale = boss.get(PATH).hidden_fields(PATH);
    save(&boss, ["30", "60", "", "20"], &[]);
    let late = boss.post(
        PATH,
        &[
            ("csrf", &stale["csrf"]),
            ("version", &stale["version"]),
            ("default_lifetime", "7"),
            ("longest_lifetime", "7"),
            ("idle_days", ""),
            ("keys_per_owner", ""),
        ],
    );
    assert_eq!(late.status, 422);
    assert!(late.text().contains("Somebody else changed the rules meanwhile."));
    assert_eq!(late.attribute("#longest_lifetime", "value"), "7", "the entry is kept");
}
on_both!(two_people_who_change_rules_at_once_notice);

fn unused_keys_are_disabled_by_the_sweep_and_enabled_by_their_owner(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let (unused, used) = (
        miriam.generate_with(&[("name", "unused"), ("expires", "365")]).secret(),
        miriam.generate_with(&[("name", "used"), ("expires", "365")]).secret(),
    );
    let boss = boss(&app);
    assert_eq!(save(&boss, ["90", "365", "30", "20"], &[]).header("location"), PATH, "it hits nothing yet");
    app.pass(SignedDuration::from_hours(24 * 20));
    app.verify(&used);
    app.run(app.app.flush_uses()).expect("written");
    app.pass(SignedDuration::from_hours(24 * 15));
    let young = {
        let again = app.client();
        again.sign_in("miriam", PASSWORD);
        again.secret("young")
    };
    app.run(app.app.sweep()).expect("swept");
    assert_eq!([&unused, &used, &young].map(|secret| app.verify(secret).status), [401, 200, 200]);
    assert_eq!(app.database.count("audit_events WHERE action = 'key.disable' AND via = 'system'"), 1);
    let again = app.client();
    again.sign_in("miriam", PASSWORD);
    again.act(&unused, "enable");
    app.run(app.app.sweep()).expect("swept");
    assert_eq!(app.verify(&unused).status, 200, "it is not disabled again at once");
}
on_both!(unused_keys_are_disabled_by_the_sweep_and_enabled_by_their_owner);

fn an_idle_rule_gives_the_keys_that_are_there_their_time(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let old = miriam.generate_with(&[("name", "old"), ("expires", "365")]).secret();
    app.pass(SignedDuration::from_hours(24 * 100));
    let boss = boss(&app);
    let choose = |existing: &[(&str, &str)]| {
        let impact = save(&boss, ["90", "365", "60", "20"], &[]).header("location").to_owned();
        assert!(boss.get(&impact).text().contains("1 API key would be disabled"), "{}", boss.get(&impact).text());
        let chosen = boss.submit(&impact, &impact, existing);
        app.run(app.app.run_jobs()).expect("work");
        app.run(app.app.sweep()).expect("swept");
        chosen.header("location").to_owned()
    };
    choose(&[("existing", "leave")]);
    assert_eq!(app.verify(&old).status, 200, "its sixty days begin now");
    assert_eq!(save(&boss, ["90", "365", "", "20"], &[]).header("location"), PATH);
    let job = choose(&[("existing", "now")]);
    assert_eq!(app.verify(&old).status, 401);
    boss.submit(PATH, &format!("{job}/undo"), &[]);
    app.run(app.app.run_jobs()).expect("work");
    assert_eq!(app.verify(&old).status, 200);
}
on_both!(an_idle_rule_gives_the_keys_that_are_there_their_time);
