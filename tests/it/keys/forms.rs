//! What a form has to bring (docs/rules.md, W2 and W3): the origin, and the session's token.

use crate::support::{TestApp, on_both};

const PROFILE: &str = "/account/profile";

fn a_form_from_elsewhere_changes_nothing(app: TestApp) {
    let client = app.signed_in("miriam");
    let token = client.get("/account").hidden_fields(PROFILE).remove("csrf").expect("a token");
    let other = app.signed_in("chen").get("/account").hidden_fields(PROFILE).remove("csrf").expect("a token");
    let host = app.url.strip_prefix("http://").expect("http").to_owned();
    let (own, own_https) = (app.url.as_str(), format!("https://{host}"));
    let send = |token: &str, headers: &[(&str, &str)]| {
        client.post_with(PROFILE, &[("csrf", token), ("display_name", "Changed")], headers).status
    };
    let refused: [&[(&str, &str)]; 9] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", own)],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "")],
        &[("origin", &format!("{own}.evil.example"))],
    ];
    for headers in refused {
        assert_eq!(send(&token, headers), 403, "{headers:?}");
    }
    for bad in ["", "x", &other, &token[1..], &token.to_uppercase()] {
        assert_eq!(send(bad, &[("sec-fetch-site", "same-origin")]), 403, "{bad}");
    }
    assert!(!client.get("/account").text().contains("Changed"));
    let accepted: [&[(&str, &str)]; 3] =
        [&[("sec-fetch-site", "same-origin")], &[("origin", own)], &[("origin", &own_https)]];
    for headers in accepted {
        assert_eq!(send(&token, headers), 303, "{headers:?}");
    }
}
on_both!(a_form_from_elsewhere_changes_nothing);

fn signing_in_and_out_from_elsewhere_is_refused(app: TestApp) {
    let client = app.signed_in("miriam");
    let cross = [("sec-fetch-site", "cross-site")];
    let fields = [("username", "miriam"), ("password", crate::support::people::PASSWORD)];
    assert_eq!(app.client().post_with("/sign-in", &fields, &cross).status, 403, "login CSRF");
    assert_eq!(app.client().post_with("/sign-in", &fields, &[]).status, 403);
    assert_eq!(client.post_with("/sign-out", &[], &cross).status, 403);
    assert!(client.is_signed_in());
}
on_both!(signing_in_and_out_from_elsewhere_is_refused);

fn a_form_that_was_open_for_too_long_keeps_its_entries_but_no_password(app: TestApp) {
    let client = app.signed_in("miriam");
    let page = "/external-tool-access/generate";
    let mut fields = client.get(page).hidden_fields(page);
    client.sign_in("miriam", crate::support::people::PASSWORD); // a new session in another tab
    fields.extend([("name".into(), "kept".into()), ("note".into(), "<kept> too".into())]);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let again = client.post(page, &fields);
    assert_eq!(again.status, 403);
    assert!(again.text().contains("This page was open for too long, so nothing was changed."));
    let hidden = again.hidden_fields(page);
    assert_eq!((hidden["name"].as_str(), hidden["note"].as_str()), ("kept", "<kept> too"));
    let fields: Vec<(&str, &str)> = hidden.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(client.post(page, &fields).status, 200, "sending it again works");

    let stale = client.post(
        "/account/password",
        &[("csrf", "old"), ("present", "secret one"), ("password", "secret two"), ("again", "secret two")],
    );
    assert!(!stale.body.contains("secret"), "passwords are not repeated");
}
on_both!(a_form_that_was_open_for_too_long_keeps_its_entries_but_no_password);

#[test]
fn other_bodies_are_refused() {
    let app = TestApp::start(crate::support::database::Kind::Sqlite);
    let client = app.signed_in("miriam");
    let send = |content_type: &str, body: String| {
        client
            .send("POST", PROFILE, &[("content-type", content_type), ("sec-fetch-site", "same-origin")], Some(body))
            .status
    };
    assert_eq!(send("application/json", "{}".into()), 415);
    assert_eq!(send("text/plain", "csrf=x".into()), 415);
    assert_eq!(send("multipart/form-data; boundary=x", "--x--".into()), 415);
    assert_eq!(send("application/x-www-form-urlencoded", format!("display_name={}", "x".repeat(70_000))), 413);
    assert_eq!(send("application/x-www-form-urlencoded", "%ff%fe=%00&=&&&".into()), 403, "read, and without a token");
}
