//! Sessions: what the cookie is, when a session ends, that an ended one stays ended.

use jiff::SignedDuration;

use crate::support::database::{Database, Kind};
use crate::support::people::PASSWORD;
use crate::support::{TestApp, on_both, operator};

fn the_cookie_is_hard_to_steal_and_strangers_get_none(app: TestApp) {
    for path in ["/sign-in", "/", "/external-tool-access", "/nowhere", "/static/x"] {
        assert!(app.client().get(path).all("set-cookie").is_empty(), "{path}");
    }
    app.person("miriam");
    let answer = app.client().sign_in("miriam", PASSWORD);
    let cookie =
        answer.all("set-cookie").into_iter().find(|cookie| cookie.starts_with("claviger=")).expect("a session cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain") && !cookie.contains("Secure") && !cookie.contains("Max-Age"));
}
on_both!(the_cookie_is_hard_to_steal_and_strangers_get_none);

#[test]
fn by_https_the_cookie_is_bound_to_the_host() {
    let app = TestApp::start_with(Database::new(Kind::Sqlite), |given| {
        given.public_url = Some("https://keys.example.org".into());
    });
    app.person("miriam");
    let answer = app.client().sign_in("miriam", PASSWORD);
    let cookie = answer
        .all("set-cookie")
        .into_iter()
        .find(|cookie| cookie.starts_with("__Host-claviger="))
        .expect("docs/rules.md, S4")
        .to_owned();
    assert!(
        cookie.contains("Secure")
            && cookie.contains("HttpOnly")
            && cookie.contains("Path=/")
            && !cookie.contains("Domain")
    );
    assert!(answer.header("strict-transport-security").contains("max-age=63072000"));
}

fn only_the_hash_of_the_id_is_kept_and_the_id_changes_at_sign_in(app: TestApp) {
    let client = app.signed_in("miriam");
    let first = client.cookie("claviger").expect("a cookie");
    client.sign_in("miriam", PASSWORD);
    let second = client.cookie("claviger").expect("a cookie");
    assert_ne!(first, second, "docs/rules.md, S3");
    let replayed = app.client().get_with("/account", &[("cookie", &format!("claviger={first}"))]);
    assert_eq!(replayed.status, 303, "the old id is dead");
    let state = app.database.text("SELECT state AS value FROM sessions");
    let id = &second[second.len() - 64..];
    assert!(!state.contains(id), "S2: {state}");
    assert_eq!(app.database.count("sessions"), 1);
}
on_both!(only_the_hash_of_the_id_is_kept_and_the_id_changes_at_sign_in);

fn an_id_that_somebody_made_up_is_never_adopted(app: TestApp) {
    app.person("miriam");
    let made_up = "A".repeat(64);
    let answer = app.client().get_with("/account", &[("cookie", &format!("claviger={made_up}"))]);
    assert_eq!(answer.status, 303);
    assert_eq!(app.database.count("sessions"), 0);
}
on_both!(an_id_that_somebody_made_up_is_never_adopted);

fn a_session_ends_after_thirty_idle_minutes_and_after_eight_hours(app: TestApp) {
    let idle = app.signed_in("miriam");
    app.pass(SignedDuration::from_mins(29));
    assert!(idle.is_signed_in());
    app.pass(SignedDuration::from_mins(29));
    assert!(idle.is_signed_in(), "activity counts");
    app.pass(SignedDuration::from_mins(31));
    assert!(!idle.is_signed_in());
    let page = idle.get("/account");
    assert_eq!(page.header("location"), "/sign-in?next=%2Faccount&ended=1");
    assert!(idle.get("/sign-in?ended=1").text().contains("Your session has ended"));

    let busy = app.client();
    busy.sign_in("miriam", PASSWORD);
    for _ in 0..23 {
        app.pass(SignedDuration::from_mins(20));
        assert!(busy.is_signed_in());
    }
    app.pass(SignedDuration::from_mins(20));
    assert!(!busy.is_signed_in(), "eight hours are eight hours");
}
on_both!(a_session_ends_after_thirty_idle_minutes_and_after_eight_hours);

fn an_ended_session_is_not_resurrected_by_a_request_in_flight(app: TestApp) {
    let client = app.signed_in("miriam");
    let cookie = client.cookie("claviger").expect("a cookie");
    let id = &cookie[cookie.len() - 64..];
    let state = app.run(app.app.load_session(id)).expect("an answer").expect("alive").0;
    assert_eq!(app.run(app.app.end_session(id)).expect("ended"), 1);
    app.run(app.app.update_session(id, state)).expect("nothing to update is no error");
    assert_eq!(app.database.count("sessions"), 0);
    assert!(!client.is_signed_in());
}
on_both!(an_ended_session_is_not_resurrected_by_a_request_in_flight);

fn what_ends_an_account_ends_its_sessions(app: TestApp) {
    use claviger::domain::accounts::account::Username;
    use claviger::domain::accounts::password::{Password, Proposal};
    let name = Username::parse("miriam").expect("a name");
    let client = app.signed_in("miriam");
    app.run(app.app.deactivate_user(operator(), &name)).expect("deactivated");
    assert!(!client.is_signed_in(), "docs/rules.md, S6");
    app.run(app.app.activate_user(operator(), &name)).expect("activated");
    assert!(!client.is_signed_in(), "activating does not bring sessions back");
    client.sign_in("miriam", PASSWORD);
    assert!(client.is_signed_in());
    let proposal = Proposal::parse("password", "another horse battery staple".into()).expect("long");
    let new = Password::chosen(proposal, &name).expect("good");
    app.run(app.app.set_user_password(operator(), &name, new)).expect("set");
    assert!(!client.is_signed_in());
}
on_both!(what_ends_an_account_ends_its_sessions);

fn the_number_of_sessions_is_bounded_and_old_ones_are_swept(app: TestApp) {
    app.person("miriam");
    for round in 0..25 {
        if round % 9 == 8 {
            app.database.execute("UPDATE accounts SET last_sign_in_address = NULL"); // a fresh bucket of the throttle
        }
        app.client().sign_in("miriam", PASSWORD);
    }
    assert!(app.database.count("sessions") <= 20, "docs/rules.md, S9");
    app.pass(SignedDuration::from_mins(31));
    app.run(app.app.sweep()).expect("swept");
    assert_eq!(app.database.count("sessions"), 0);
}
on_both!(the_number_of_sessions_is_bounded_and_old_ones_are_swept);

fn a_sign_in_with_the_old_password_does_not_survive_a_reset_at_the_same_moment(app: TestApp) {
    use claviger::domain::accounts::account::Username;
    use claviger::domain::accounts::password::{Password, Proposal};
    let name = Username::parse("miriam").expect("a name");
    let chosen =
        |text: &str| Password::chosen(Proposal::parse("password", text.into()).expect("long"), &name).expect("good");
    app.person("miriam");
    for round in 0..6 {
        let client = app.client();
        let signing_in = {
            let client = client.clone();
            std::thread::spawn(move || client.sign_in("miriam", PASSWORD).status)
        };
        // The hash of the new password is made beside that of the sign-in, so they end close to each other.
        app.run(app.app.set_user_password(operator(), &name, chosen("another horse battery staple"))).expect("set");
        signing_in.join().expect("an answer");
        assert!(!client.is_signed_in(), "round {round}");
        app.run(app.app.set_user_password(operator(), &name, chosen(PASSWORD))).expect("set back");
    }
}
on_both!(a_sign_in_with_the_old_password_does_not_survive_a_reset_at_the_same_moment);

fn a_page_that_asks_for_itself_keeps_no_session_awake(app: TestApp) {
    let (away, there) = (app.signed_in("miriam"), app.signed_in("chen"));
    for _ in 0..2 {
        app.pass(SignedDuration::from_mins(16));
        assert_eq!(there.get("/account").status, 200);
        away.get("/account?again");
    }
    assert!(there.is_signed_in() && !away.is_signed_in());
}
on_both!(a_page_that_asks_for_itself_keeps_no_session_awake);
