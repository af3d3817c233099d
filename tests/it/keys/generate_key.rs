//! Generate API Key: the answer, the promise of "once", names, limits, lifetimes, bad input.

use std::thread;

use jiff::SignedDuration;

use crate::support::people::eight;
use crate::support::{Answer, TestApp, on_both};

const PAGE: &str = "/external-tool-access/generate";

fn field_errors(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 422, "{}", answer.text());
    answer.texts("[data-summary] li")
}

fn the_answer_shows_the_secret_once_and_is_kept_by_no_cache(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let answer = miriam.generate_with(&[("name", "RStudio"), ("note", "lab-ws-14"), ("expires", "30")]);
    let secret = answer.secret();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body.matches(&secret).count(), 1, "K6: in exactly one place");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert!(answer.all("set-cookie").is_empty() && answer.all("location").is_empty(), "K7");
    assert!(answer.text().contains("This is the only time the key is shown."));
    assert!(answer.text().contains("2026-12-20 12:00"));
    for path in [
        "/external-tool-access",
        "/external-tool-access?show=ended",
        "/account",
        PAGE,
        &crate::support::people::key_path(&secret),
    ] {
        assert!(!miriam.get(path).body.contains(&secret[13..]), "{path}");
    }
}
on_both!(the_answer_shows_the_secret_once_and_is_kept_by_no_cache);

fn the_same_form_never_makes_a_second_key_and_never_shows_the_first_again(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let mut fields = miriam.get(PAGE).hidden_fields(PAGE);
    fields.insert("name".into(), "ci".into());
    let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let secret = miriam.post(PAGE, &fields).secret();
    let again = miriam.post(PAGE, &fields);
    assert_eq!(again.status, 409);
    assert!(again.text().contains("This key has already been shown and cannot be shown again."));
    assert!(again.text().contains(eight(&secret)) && !again.body.contains(&secret));
    assert_eq!(app.database.count("api_keys"), 1);
}
on_both!(the_same_form_never_makes_a_second_key_and_never_shows_the_first_again);

fn twenty_parallel_sendings_of_one_form_make_one_key(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let mut fields = miriam.get(PAGE).hidden_fields(PAGE);
    fields.insert("name".into(), "ci".into());
    let senders: Vec<_> = (0..20)
        .map(|_| {
            let (miriam, fields) = (miriam.clone(), fields.clone());
            thread::spawn(move || {
                let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
                miriam.post(PAGE, &fields)
            })
        })
        .collect();
    let answers: Vec<Answer> = senders.into_iter().map(|sender| sender.join().expect("an answer")).collect();
    let shown = answers.iter().filter(|answer| !answer.texts("#new-key").is_empty()).count();
    assert_eq!((shown, app.database.count("api_keys")), (1, 1));
    let late =
        answers.iter().filter(|answer| answer.status == 409 && answer.text().contains("already been shown")).count();
    assert_eq!(late, 19, "whoever comes second is told so, also when the key has a name");
}
on_both!(twenty_parallel_sendings_of_one_form_make_one_key);

fn a_form_of_one_person_is_not_one_of_another(app: TestApp) {
    let (miriam, chen) = (app.signed_in("miriam"), app.signed_in("chen"));
    let form = miriam.get(PAGE).hidden_fields(PAGE).remove("form").expect("a form id");
    miriam.generate_with(&[("form", &form)]).secret();
    let own = chen.generate_with(&[("form", &form)]);
    assert_eq!(own.status, 200, "chen learns nothing about miriam's form");
    assert_eq!(app.verify(&own.secret()).header("remote-user"), "chen");
}
on_both!(a_form_of_one_person_is_not_one_of_another);

fn names_are_made_up_kept_unique_and_freed_when_a_key_ends(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let nameless = miriam.secret("");
    assert!(miriam.key_page(&nameless).text().contains("Key of 2026-11-20"));
    let second = miriam.secret("  ");
    assert!(miriam.key_page(&second).text().contains("Key of 2026-11-20 (2)"));

    let ci = miriam.secret("ci");
    assert_eq!(field_errors(&miriam.generate("ci")), ["Another of your keys has this name. Choose another name"]);
    assert_eq!(field_errors(&miriam.generate(" ci ")).len(), 1);
    app.signed_in("chen").secret("ci"); // another owner's names are another matter
    miriam.act(&ci, "revoke");
    miriam.secret("ci");
    app.pass(SignedDuration::from_hours(91 * 24));
    let later = app.client();
    later.sign_in("miriam", crate::support::people::PASSWORD);
    later.secret("ci"); // the expired key lets go of its name
}
on_both!(names_are_made_up_kept_unique_and_freed_when_a_key_ends);

fn bad_input_is_named_kept_and_changes_nothing(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let cases: [(&[(&str, &str)], &str); 12] = [
        (&[("name", &"x".repeat(101))], "Shorten the name to 100 characters or fewer"),
        (&[("note", &"x".repeat(257))], "Shorten the note to 256 characters or fewer"),
        (
            &[("name", "a\u{0}b")],
            "Name contains a control character. Type it on one line, without invisible characters",
        ),
        (
            &[("name", "a\u{202e}b")],
            "Name contains a control character. Type it on one line, without invisible characters",
        ),
        (&[("expires", "0")], "Choose 1 day or more"),
        (&[("expires", "-1")], "Choose 1 day or more"),
        (&[("expires", "366")], "Choose 365 days or fewer"),
        (&[("expires", "5moons")], "Choose one of the lifetimes in the list"),
        (&[("expires", "never")], "Choose 365 days or fewer"),
        (&[("expires", "date"), ("expires_on", "2026-11-20")], "Choose a date after today, 2026-11-20"),
        (&[("expires", "date"), ("expires_on", "2030-01-01")], "Choose a date up to 2027-11-20"),
        (&[("expires", "date"), ("expires_on", "soon")], "Enter a date as year-month-day, such as 2027-02-18"),
    ];
    for (fields, expected) in cases {
        let answer = miriam.generate_with(fields);
        assert_eq!(field_errors(&answer), [expected]);
        assert!(
            answer.texts(".invalid-feedback").iter().any(|text| text == &format!("Error: {expected}")),
            "the same words at the field"
        );
    }
    let kept = miriam.generate_with(&[
        ("name", "kept <b>"),
        ("note", "kept too"),
        ("expires", "date"),
        ("expires_on", "soon"),
    ]);
    assert_eq!(
        (kept.attribute("#name", "value"), kept.attribute("#note", "value"), kept.attribute("#expires_on", "value")),
        ("kept <b>".into(), "kept too".into(), "soon".into())
    );
    assert_eq!(app.database.count("api_keys"), 0);
    assert_eq!(app.database.count("audit_events WHERE action = 'key.generate'"), 0);
}
on_both!(bad_input_is_named_kept_and_changes_nothing);

fn unknown_and_doubled_fields_are_refused(app: TestApp) {
    let miriam = app.signed_in("miriam");
    for extra in [
        ("owner", "2"),
        ("owner_id", "2"),
        ("role", "admin"),
        ("created_at", "0"),
        ("secret_hash", "00"),
        ("use_count", "9"),
    ] {
        assert_eq!(miriam.generate_with(&[extra]).status, 400, "docs/rules.md, A6: {extra:?}");
    }
    assert_eq!(miriam.generate_with(&[("name", "a"), ("name", "b")]).status, 400);
    assert_eq!(app.database.count("api_keys"), 0);
}
on_both!(unknown_and_doubled_fields_are_refused);

fn the_limit_holds_against_fifty_parallel_requests(app: TestApp) {
    let miriam = app.signed_in("miriam");
    app.limit_keys(3);
    let forms: Vec<_> = (0..50).map(|_| miriam.get(PAGE).hidden_fields(PAGE)).collect();
    let senders: Vec<_> = forms
        .into_iter()
        .map(|fields| {
            let miriam = miriam.clone();
            thread::spawn(move || {
                let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
                miriam.post(PAGE, &fields).status
            })
        })
        .collect();
    let statuses: Vec<u16> = senders.into_iter().map(|sender| sender.join().expect("an answer")).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 3);
    assert_eq!(app.database.count("api_keys"), 3);
    let refused = miriam.get(PAGE);
    assert!(refused.text().contains("You have 3 live keys, and the limit is 3. Revoke one to generate another."));
    assert!(miriam.get("/external-tool-access").text().contains("Live keys 3 of 3"));
}
on_both!(the_limit_holds_against_fifty_parallel_requests);

fn creation_off_refuses_new_keys_and_leaves_the_others(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let page = miriam.get(PAGE);
    app.set("allow_creation", "off");
    let fields = page.hidden_fields(PAGE);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let refused = miriam.post(PAGE, &fields);
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("An administrator has turned off new API keys on this server."));
    assert!(miriam.get("/external-tool-access").texts("a.btn-primary").is_empty());
    assert_eq!(app.verify(&secret).status, 200);
}
on_both!(creation_off_refuses_new_keys_and_leaves_the_others);

fn a_never_expiring_key_needs_a_rule_that_allows_it(app: TestApp) {
    let miriam = app.signed_in("miriam");
    app.database.execute("UPDATE lifetime_rules SET allow_never = TRUE");
    let secret = miriam.generate_with(&[("expires", "never")]).secret();
    app.pass(SignedDuration::from_hours(10 * 365 * 24));
    let answer = app.verify(&secret);
    assert_eq!((answer.status, answer.all("x-key-expires-at")), (200, vec![""]));
}
on_both!(a_never_expiring_key_needs_a_rule_that_allows_it);

fn where_a_name_is_required_the_form_says_so(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let page = "/external-tool-access/generate";
    let label = || miriam.get(page).texts("label[for=name]").join("");
    assert_eq!(label(), "Name optional");
    app.set("name_required", "on");
    assert_eq!(label(), "Name");
    assert_eq!(miriam.get(page).attribute("#name[autofocus][required]", "name"), "name");
    let refused = miriam.submit(page, page, &[("name", "")]);
    assert!(refused.status == 422 && refused.text().contains("Enter a name"));
}
on_both!(where_a_name_is_required_the_form_says_so);
