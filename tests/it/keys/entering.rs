//! What people enter: short lifetimes, all errors at once, questions before what cannot be taken back, filters with the
//! fields that they need.

use jiff::SignedDuration;

use crate::support::people::{PASSWORD, eight};
use crate::support::{Client, TestApp, on_both, operator};

const GENERATE: &str = "/external-tool-access/generate";

fn boss(app: &TestApp) -> Client {
    app.admin("boss");
    let boss = app.client();
    boss.sign_in("boss", PASSWORD);
    boss
}

fn a_key_lives_for_seconds_where_somebody_asks_for_it(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.generate_with(&[("name", "short"), ("expires", "other"), ("expires_in", "30s")]).secret();
    assert_eq!(app.verify(&secret).header("x-key-expires-at"), "2026-11-20T12:00:30Z");
    app.pass(SignedDuration::from_secs(29));
    assert_eq!(app.verify(&secret).status, 200);
    app.pass(SignedDuration::from_secs(1));
    assert_eq!(app.verify(&secret).status, 401);
    for (span, end) in [("5m", "12:05:30"), ("600", "12:10:30"), ("1h", "13:00:30")] {
        let secret = miriam.generate_with(&[("name", span), ("expires", "other"), ("expires_in", span)]).secret();
        assert_eq!(app.verify(&secret).header("x-key-expires-at"), format!("2026-11-20T{end}Z"), "{span}");
    }
    for (span, text) in [
        ("", "Enter a time such as"),
        ("5 moons", "Enter a time such as"),
        ("-1h", "Enter a time such as"),
        ("2y", "Choose 365 days or fewer"),
    ] {
        let refused = miriam.generate_with(&[("name", "x"), ("expires", "other"), ("expires_in", span)]);
        assert!(refused.status == 422 && refused.text().contains(text), "{span}: {}", refused.text());
    }
    let refused = miriam.generate_with(&[("name", "x"), ("expires", "30"), ("expires_in", "5m")]);
    assert_eq!(refused.status, 422, "a time that would not count");
    assert_eq!(miriam.get(&format!("{GENERATE}?expires=12h")).attribute("#expires_in", "value"), "12h");
    assert_eq!(app.database.count("api_keys"), 4);
}
on_both!(a_key_lives_for_seconds_where_somebody_asks_for_it);

fn all_mistakes_of_a_form_are_told_at_once(app: TestApp) {
    let miriam = app.signed_in("miriam");
    miriam.secret("taken");
    let fields = [
        ("name", "taken"),
        ("expires", "date"),
        ("expires_on", "2020-01-01"),
        ("access", "scopes"),
        ("scope", "write:data"),
        ("resource", "project:none"),
    ];
    let refused = miriam.generate_with(&fields);
    let told = refused.texts("[data-summary] li");
    assert_eq!(refused.status, 422);
    for text in [
        "Another of your keys has this name",
        "Choose a date after today",
        "You do not have write:data",
        "No resource has this name",
    ] {
        assert!(told.iter().any(|one| one.contains(text)), "{text}: {told:?}");
    }
    let note = "x".repeat(300);
    let unread = miriam.generate_with(&[("name", "taken"), ("note", &note)]);
    assert_eq!(
        unread.texts("[data-summary] li").len(),
        2,
        "what can be read is checked beside what cannot: {}",
        unread.text()
    );
    assert_eq!(app.database.count("api_keys"), 1);
}
on_both!(all_mistakes_of_a_form_are_told_at_once);

fn what_cannot_be_taken_back_with_one_press_is_asked_first(app: TestApp) {
    let boss = crate::rights::site(&app);
    crate::rights::policy(&boss, "Reader", &["read:data"]);
    let list = boss.get("/admin/permissions");
    assert!(!list.body.contains("formaction=\"/admin/permissions/read:data/retire\""), "no button does it at once");
    let retire = "/admin/permissions/read:data/retire";
    let question = boss.get(retire);
    assert!(
        question.text().contains("Retire read:data? 1 policy has it, and 0 live keys have it in their own list."),
        "{}",
        question.text()
    );
    assert_eq!(app.database.count("permissions WHERE retired_at IS NOT NULL"), 0, "a GET changes nothing");
    assert_eq!(boss.submit(retire, retire, &[]).status, 303);
    assert_eq!(boss.get(retire).status, 404, "it is retired already");

    let miriam = app.signed_in("miriam");
    let person = boss.get("/admin/users/miriam");
    let end = person.attribute("a[href*='/sessions/']", "href");
    assert!(boss.get(&end).text().contains("End the session of Miriam Example?"));
    assert!(miriam.is_signed_in());
    boss.submit(&end, &end, &[]);
    assert!(!miriam.is_signed_in());
}
on_both!(what_cannot_be_taken_back_with_one_press_is_asked_first);

fn names_that_stand_in_addresses_are_nobodys(app: TestApp) {
    let boss = boss(&app);
    let add = "/admin/users/add";
    for name in ["add", "new", "new-key"] {
        let refused = boss.submit(add, add, &[("username", name), ("display_name", "X"), ("role", "user")]);
        assert!(refused.status == 422 && refused.text().contains("Choose another name"), "{name}");
    }
    let new = "/admin/service-accounts/new";
    assert_eq!(boss.submit(new, new, &[("username", "robot"), ("display_name", "Robot")]).status, 303);
    let people: Vec<String> = app
        .run(app.app.list_users(operator().administrator()))
        .expect("people")
        .iter()
        .map(|one| one.username.as_str().to_owned())
        .collect();
    assert_eq!(people, ["boss"], "a service account is no person");
}
on_both!(names_that_stand_in_addresses_are_nobodys);

fn a_filter_offers_what_exists_and_takes_two_dates(app: TestApp) {
    app.run(app.app.fill_demo(60, 5, |_| {})).expect("a demo");
    let boss = boss(&app);
    let dialog = |column: &str| boss.get(&format!("/admin/api-keys?view=all&add={column}"));
    for column in ["owner", "policy", "scope", "resource"] {
        assert!(dialog(column).texts("#suggestions option").len() > 2, "{column}");
    }
    assert!(dialog("name").texts("#suggestions").is_empty());
    let apply = |fields: &[(&str, &str)]| {
        boss.submit("/admin/api-keys?view=all&add=created_at", "/admin/api-keys/filter", fields)
            .header("location")
            .to_owned()
    };
    assert!(
        apply(&[("operator", "between"), ("value", "2026-01-01"), ("value", "2026-06-30")])
            .contains("created_at~between=2026-01-01;2026-06-30")
    );
    assert!(apply(&[("operator", "lt"), ("value", "2026-01-01"), ("value", "")]).contains("created_at~lt=2026-01-01"));
    let edit = boss.get("/admin/api-keys?created_at~between=2026-01-01;2026-06-30&edit=0");
    assert_eq!(
        (edit.attribute("#value", "value"), edit.attribute("#second", "value")),
        ("2026-01-01".into(), "2026-06-30".into())
    );
    let values =
        boss.get("/admin/api-keys?view=all&add=expires_at").attribute("#operator option[value=isblank]", "data-values");
    assert_eq!(values, "0", "no value is asked for where none is needed");
}
on_both!(a_filter_offers_what_exists_and_takes_two_dates);

fn the_audit_log_is_written_in_words(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let boss = boss(&app);
    app.client().sign_in("nobody-here", "wrong password of nobody");
    let log = boss.get("/admin/audit-log");
    let rows = log.texts("tbody tr");
    let of =
        |text: &str| rows.iter().find(|row| row.contains(text)).unwrap_or_else(|| panic!("{text}: {rows:?}")).clone();
    assert!(of("Key generated").contains(eight(&secret)) && of("Key generated").contains("Browser"));
    assert!(of("(not signed in)").contains("Signed in") && of("(not signed in)").contains("Failure"));
    assert!(!log.text().contains("{\"") && !log.text().contains("nobody "), "no codes and no JSON");
    assert!(log.texts("#action option").contains(&"All about policies".to_owned()));
    assert_eq!(boss.get("/admin/audit-log?action=user").texts("tbody tr").len(), 2);
}
on_both!(the_audit_log_is_written_in_words);
