//! Rotate: a new secret for the same record.

use jiff::SignedDuration;

use crate::support::people::{PASSWORD, eight, key_path};
use crate::support::{Answer, Client, TestApp, on_both};

fn rotate(client: &Client, secret: &str, old_ends: &str) -> Answer {
    let path = format!("{}/rotate", key_path(secret));
    client.submit(&path, &path, &[("old_ends", old_ends)])
}

fn the_record_stays_and_the_old_secret_lives_for_its_grace(app: TestApp) {
    for (old_ends, hours) in [("0h", 0), ("1h", 1), ("24h", 24), ("7d", 168)] {
        let miriam = app.signed_in(&format!("p{old_ends}"));
        let old = miriam.secret("ci");
        let answer = rotate(&miriam, &old, old_ends);
        let new = answer.secret();
        assert_eq!((eight(&new), answer.header("referrer-policy")), (eight(&old), "no-referrer"));
        assert_ne!(new, old);
        assert_eq!(app.verify(&new).status, 200);
        assert_eq!(app.verify(&old).status, if hours == 0 { 401 } else { 200 }, "{old_ends}");
        assert_eq!(miriam.key_page(&new).text().contains("Its old secret works until"), hours > 0);
        app.pass(SignedDuration::from_hours(hours));
        assert_eq!((app.verify(&old).status, app.verify(&new).status), (401, 200), "{old_ends}");
    }
}
on_both!(the_record_stays_and_the_old_secret_lives_for_its_grace);

fn rotating_again_ends_the_oldest_secret(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let first = miriam.secret("ci");
    let second = rotate(&miriam, &first, "7d").secret();
    assert_eq!(app.verify(&first).header("x-key-expires-at"), "2026-11-27T12:00:00Z", "the end of its grace");
    let question = miriam.get(&format!("{}/rotate", key_path(&second)));
    assert!(question.text().contains("Rotating again ends it at once."));
    let third = rotate(&miriam, &second, "7d").secret();
    let good: Vec<u16> = [&first, &second, &third].map(|secret| app.verify(secret).status).to_vec();
    assert_eq!(good, [401, 200, 200], "two live secrets at most");
}
on_both!(rotating_again_ends_the_oldest_secret);

fn a_rotated_key_lives_as_long_again_within_the_rule(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let old = miriam.generate_with(&[("expires", "30")]).secret();
    app.pass(SignedDuration::from_hours(20 * 24));
    miriam.sign_in("miriam", PASSWORD);
    let new = rotate(&miriam, &old, "0h").secret();
    assert_eq!(app.verify(&new).header("x-key-expires-at"), "2027-01-09T12:00:00Z", "30 days from the rotation");
    app.database.execute("UPDATE lifetime_rules SET default_days = 5, longest_days = 10");
    let shorter = rotate(&miriam, &new, "0h").secret();
    assert_eq!(
        app.verify(&shorter).header("x-key-expires-at"),
        "2026-12-20T12:00:00Z",
        "K12: not past the rule of today"
    );
}
on_both!(a_rotated_key_lives_as_long_again_within_the_rule);

fn an_old_secret_does_not_outlive_the_old_end(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let old = miriam.generate_with(&[("expires", "7")]).secret();
    app.pass(SignedDuration::from_hours(6 * 24));
    miriam.sign_in("miriam", PASSWORD);
    let new = rotate(&miriam, &old, "7d").secret();
    app.pass(SignedDuration::from_hours(24));
    assert_eq!((app.verify(&old).status, app.verify(&new).status), (401, 200));
}
on_both!(an_old_secret_does_not_outlive_the_old_end);

fn the_same_form_rotates_once(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let old = miriam.secret("ci");
    let path = format!("{}/rotate", key_path(&old));
    let mut fields = miriam.get(&path).hidden_fields(&path);
    fields.insert("old_ends".into(), "0h".into());
    let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let new = miriam.post(&path, &fields).secret();
    let again = miriam.post(&path, &fields);
    assert_eq!(again.status, 409);
    assert!(again.text().contains("This key has already been shown") && !again.body.contains(&new));
    assert_eq!(app.verify(&new).status, 200);
}
on_both!(the_same_form_rotates_once);

fn a_form_of_the_day_before_rotates_nothing_a_second_time(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let old = miriam.secret("ci");
    let path = format!("{}/rotate", key_path(&old));
    let form = miriam.get(&path).hidden_fields(&path).remove("form").expect("an id");
    let send = || {
        let csrf = miriam.get(&path).hidden_fields(&path).remove("csrf").expect("a token");
        miriam.post(&path, &[("csrf", &csrf), ("form", &form), ("old_ends", "0h")])
    };
    let new = send().secret();
    app.pass(SignedDuration::from_hours(25));
    app.run(app.app.sweep()).expect("what is over is removed");
    miriam.sign_in("miriam", PASSWORD);
    assert_eq!(send().status, 409);
    assert_eq!((app.verify(&old).status, app.verify(&new).status), (401, 200));
}
on_both!(a_form_of_the_day_before_rotates_nothing_a_second_time);

fn only_an_active_key_is_rotated(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let (disabled, expired) = (miriam.secret("a"), miriam.generate_with(&[("expires", "7")]).secret());
    let forms: Vec<_> = [&disabled, &expired]
        .iter()
        .map(|secret| {
            let path = format!("{}/rotate", key_path(secret));
            miriam.get(&path).hidden_fields(&path)
        })
        .collect();
    miriam.act(&disabled, "disable");
    app.database.execute(&format!(
        "UPDATE api_keys SET created_at = 1, expires_at = 2 WHERE first_eight = '{}'",
        eight(&expired)
    ));
    for (secret, fields, text) in [
        (&disabled, &forms[0], "This key is disabled. Enable it before you rotate it."),
        (&expired, &forms[1], "This key has expired. Generate a new one like it."),
    ] {
        let path = format!("{}/rotate", key_path(secret));
        let answer = miriam.post(&path, &[("csrf", &fields["csrf"]), ("form", &fields["form"]), ("old_ends", "0h")]);
        assert_eq!(answer.status, 409);
        assert!(answer.text().contains(text), "{}", answer.text());
        assert!(miriam.get(&path).text().contains(text));
    }
    for bad in ["", "1y", "-1h", "99h"] {
        let path = format!("{}/rotate", key_path(&disabled));
        let answer = miriam.post(&path, &[("csrf", &forms[0]["csrf"]), ("form", &forms[0]["form"]), ("old_ends", bad)]);
        assert_eq!(answer.status, 400, "{bad}");
    }
}
on_both!(only_an_active_key_is_rotated);
