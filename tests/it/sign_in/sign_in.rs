//! Signing in and out: one text for all refusals, throttles, rehash, where it leads.

use std::thread;

use crate::support::database::{Database, Kind};
use crate::support::people::PASSWORD;
use crate::support::{Answer, TestApp, on_both};

const REFUSED: &str = "The user name or password is not right";

fn a_person_signs_in_and_out(app: TestApp) {
    let client = app.signed_in("miriam");
    assert!(client.is_signed_in());
    assert_eq!(client.get("/sign-in").header("location"), "/external-tool-access", "signed in already");
    let out = client.submit("/account", "/sign-out", &[]);
    assert_eq!((out.status, out.header("location")), (303, "/sign-in"));
    assert!(out.header("clear-site-data").contains("cache"));
    assert!(!client.is_signed_in());
}
on_both!(a_person_signs_in_and_out);

fn an_unknown_user_and_a_wrong_password_read_the_same(app: TestApp) {
    app.person("miriam");
    let sign_in = |name: &str, password: &str| app.client().sign_in(name, password);
    let strip =
        |answer: Answer, name: &str| (answer.status, answer.body.replace(name, "NAME"), answer.sorted_headers());
    let wrong = strip(sign_in("miriam", "not the password"), "miriam");
    assert_eq!(wrong.0, 422);
    assert!(wrong.1.contains(REFUSED));
    for unknown in ["nobodyx", "b ob"] {
        assert_eq!(strip(sign_in(unknown, "not the password"), unknown), wrong, "{unknown}");
    }
    for password in ["", " ", &"x".repeat(2000)] {
        assert_eq!(sign_in("miriam", password).status, 422);
    }
}
on_both!(an_unknown_user_and_a_wrong_password_read_the_same);

fn every_attempt_is_audited_without_what_was_typed(app: TestApp) {
    app.person("miriam");
    app.client().sign_in("miriam", "wrong");
    app.client().sign_in("hunter2-in-the-wrong-field", "x");
    app.client().sign_in("miriam", PASSWORD);
    let lines = app.database.texts(
        "SELECT target || ' ' || outcome AS value FROM audit_events WHERE action = 'session.sign_in' ORDER BY id",
    );
    assert_eq!(lines, ["miriam failure", "(unknown user) failure", "miriam success"]);
}
on_both!(every_attempt_is_audited_without_what_was_typed);

fn spellings_of_one_name_share_one_throttle(app: TestApp) {
    app.person("bob");
    let spellings = ["bob", "BOB", " Bob ", "bOb", "bob\t", "\nbob"];
    let mut refused = None;
    for attempt in 0..12 {
        let answer = app.client().sign_in(spellings[attempt % spellings.len()], "wrong");
        if answer.status == 429 {
            refused = Some((attempt, answer));
            break;
        }
    }
    let (attempt, answer) = refused.expect("throttled");
    assert_eq!(attempt, 10, "ten tries, then one every 90 seconds");
    assert!(answer.header("retry-after").parse::<u64>().expect("seconds") <= 91);
    assert!(answer.text().contains("Too many attempts. Try again in 2 minutes."), "{}", answer.text());
    assert_eq!(app.client().sign_in("bob", PASSWORD).status, 429, "also with the right password");
    app.person("ann");
    assert_eq!(app.client().sign_in("ann", PASSWORD).status, 303, "other people are not in the way");
}
on_both!(spellings_of_one_name_share_one_throttle);

fn a_key_pasted_as_user_name_is_not_shown_again(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    let answer = app.client().sign_in(&secret, "x");
    assert_eq!((answer.status, answer.attribute("#username", "value")), (422, String::new()));
    assert!(!answer.body.contains(&secret));
}
on_both!(a_key_pasted_as_user_name_is_not_shown_again);

fn a_deactivated_person_is_told_so_only_with_the_right_password(app: TestApp) {
    app.person("miriam");
    app.deactivate_all();
    assert!(
        app.client().sign_in("miriam", PASSWORD).text().contains("Your account is deactivated. Ask an administrator")
    );
    assert!(app.client().sign_in("miriam", "wrong").text().contains(REFUSED));
}
on_both!(a_deactivated_person_is_told_so_only_with_the_right_password);

fn a_weaker_hash_is_replaced_at_sign_in(app: TestApp) {
    use argon2::password_hash::PasswordHasher;
    app.person("miriam");
    let weak = argon2::Argon2::new(
        argon2::Algorithm::Argon2id,
        argon2::Version::V0x13,
        argon2::Params::new(8192, 1, 1, None).expect("parameters"),
    );
    let hash: argon2::password_hash::phc::PasswordHash =
        weak.hash_password_with_salt(PASSWORD.as_bytes(), b"0123456789abcdef").expect("a hash");
    app.database.execute(&format!("UPDATE accounts SET password_hash = '{hash}'"));
    assert_eq!(app.client().sign_in("miriam", PASSWORD).status, 303);
    let stored = app.database.text("SELECT password_hash AS value FROM accounts");
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "docs/rules.md, P1: {stored}");
    assert_eq!(app.client().sign_in("miriam", PASSWORD).status, 303);
}
on_both!(a_weaker_hash_is_replaced_at_sign_in);

fn next_leads_to_own_pages_only(app: TestApp) {
    app.person("miriam");
    let after = |next: &str| {
        let answer = app.client().post("/sign-in", &[("username", "miriam"), ("password", PASSWORD), ("next", next)]);
        answer.header("location").to_owned()
    };
    assert_eq!(after("/account"), "/account");
    assert_eq!(after("//evil.example"), "/external-tool-access");
    assert_eq!(after("https://evil.example"), "/external-tool-access");
    let wanted = app.client().get("/external-tool-access?show=ended");
    assert_eq!(wanted.header("location"), "/sign-in?next=%2Fexternal-tool-access%3Fshow%3Dended");
    let page = app.client().get("/sign-in?next=%2Faccount");
    assert_eq!(page.attribute("input[name=next]", "value"), "/account");
    assert_eq!(app.client().get("/sign-in?next=%2F%2Fevil.example").attribute("input[name=next]", "value"), "");
}
on_both!(next_leads_to_own_pages_only);

#[test]
fn the_throttle_goes_by_the_address_that_is_believed() {
    let app =
        TestApp::start_with(Database::new(Kind::Sqlite), |given| given.trusted_proxies = Some("127.0.0.1".into()));
    let try_from = |address: &str, name: &str| {
        let headers = [("sec-fetch-site", "same-origin"), ("x-forwarded-for", address)];
        app.client().post_with("/sign-in", &[("username", name), ("password", "wrong")], &headers).status
    };
    // One more try is given back every two seconds, so the first refusal may come a little later.
    let first_refused = (0..200).position(|n| try_from("198.51.100.7", &format!("user{n}")) == 429);
    assert!(first_refused.is_some_and(|n| n >= 60), "sixty tries from one address: {first_refused:?}");
    assert_eq!(try_from("198.51.100.8", "x"), 422, "another address is another matter");
    let forged: Vec<u16> = (0..5).map(|n| try_from(&format!("6.6.6.{n}, 198.51.100.7"), &format!("x{n}"))).collect();
    assert!(forged.contains(&429), "what the client adds in front is not believed: {forged:?}");
}

#[test]
fn too_many_sign_ins_at_once_are_refused_and_keys_are_verified_meanwhile() {
    let app =
        TestApp::start_with(Database::new(Kind::Sqlite), |given| given.trusted_proxies = Some("127.0.0.1".into()));
    let secret = app.signed_in("miriam").secret("ci");
    let flood: Vec<_> = (0..48)
        .map(|n| {
            let client = app.client();
            thread::spawn(move || {
                let address = format!("203.0.113.{n}");
                let headers = [("sec-fetch-site", "same-origin"), ("x-forwarded-for", address.as_str())];
                client
                    .post_with("/sign-in", &[("username", &format!("u{n}")), ("password", "wrong password")], &headers)
                    .status
            })
        })
        .collect();
    let during = app.verify(&secret).status;
    let statuses: Vec<u16> = flood.into_iter().map(|sender| sender.join().expect("an answer")).collect();
    assert_eq!(during, 200);
    assert!(statuses.contains(&429), "the overflow is refused: {statuses:?}");
    assert!(statuses.iter().all(|status| [422, 429].contains(status)), "{statuses:?}");
}
