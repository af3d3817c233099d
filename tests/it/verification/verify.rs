//! `/verify` and `/api/v1/whoami`: the forms of a key, the answers, and what must never be one.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;

use crate::support::database::{Database, Kind};
use crate::support::people::eight;
use crate::support::{Answer, TestApp, on_both, operator};

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

/// Status, body and the headers that could tell a difference.
fn seen(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    (answer.status, answer.body.clone(), answer.sorted_headers())
}

/// A well-formed key that no database holds.
pub fn unknown_key(seed: u64) -> String {
    let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(seed);
    let eight = claviger::domain::keys::secret::FirstEight::generate(&mut rng);
    let prefix = claviger::domain::keys::secret::Prefix::default();
    claviger::domain::keys::secret::Secret::generate(&prefix, &eight, &mut rng).reveal().to_owned()
}

fn a_good_key_says_whose_it_is_in_every_form_and_method(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    let forms = [
        ("authorization", format!("Bearer {secret}")),
        ("authorization", format!("bearer {secret}")),
        ("authorization", format!("Apikey {secret}")),
        ("authorization", format!("APIKEY {secret}")),
        ("authorization", basic("apikey", &secret)),
        ("authorization", basic("apikey", &format!("{secret}\n"))),
        ("authorization", basic("apikey", &format!("{secret}\r\n"))),
        ("x-api-key", secret.clone()),
        ("apikey", secret.clone()),
    ];
    for (name, value) in &forms {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"] {
            let answer = app.client().send(method, "/verify", &[(name, value)], None);
            assert_eq!(answer.status, 200, "{method} {name}");
            assert_eq!(answer.header("remote-user"), "miriam");
            assert_eq!(answer.header("remote-name"), "Miriam Example");
            assert_eq!(answer.header("remote-email"), "miriam@example.org");
            assert_eq!(answer.header("x-key-id"), eight(&secret));
            assert_eq!(answer.header("x-key-expires-at"), "2027-02-18T12:00:00Z");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        assert_eq!(app.client().get_with("/api/v1/whoami", &[(name, value)]).status, 200, "A3: {name}");
    }
}
on_both!(a_good_key_says_whose_it_is_in_every_form_and_method);

fn whoami_tells_the_key_and_its_owner_and_no_secret(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    let answer = app.client().get_with("/api/v1/whoami", &[("x-api-key", &secret)]);
    let json = answer.json();
    assert_eq!(json["key"]["first_eight"], eight(&secret));
    assert_eq!(json["key"]["name"], "ci");
    assert_eq!(json["key"]["status"], "active");
    assert_eq!(json["key"]["expires_at"], "2027-02-18T12:00:00Z");
    assert_eq!(json["owner"]["username"], "miriam");
    assert!(!answer.body.contains(&secret) && !answer.body.contains("hash"));
}
on_both!(whoami_tells_the_key_and_its_owner_and_no_secret);

fn rule_5_all_bad_keys_get_the_same_answer(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let [revoked, disabled, expired, good] = ["a", "b", "c", "d"].map(|name| miriam.secret(name));
    let orphaned = app.signed_in("gone").secret("x");
    miriam.act(&revoked, "revoke");
    miriam.act(&disabled, "disable");
    app.deactivate("gone");
    app.database.execute(&format!(
        "UPDATE api_keys SET created_at = 1, expires_at = 2 WHERE first_eight = '{}'",
        eight(&expired)
    ));
    let unknown = unknown_key(1_000_000);
    let expected = seen(&app.verify(&unknown));
    assert_eq!(expected.0, 401);
    let challenges = app.verify(&unknown).all("www-authenticate").join(" ");
    assert!(
        challenges.contains("Bearer realm")
            && challenges.contains("invalid_token")
            && challenges.contains("Basic realm")
    );
    for (why, secret) in
        [("revoked", &revoked), ("disabled", &disabled), ("expired", &expired), ("orphaned", &orphaned)]
    {
        assert_eq!(seen(&app.verify(secret)), expected, "{why}");
    }
    for bad in [&good[..61], &format!("{good}0"), &good.to_lowercase(), "clv_x", "x", &"x".repeat(600), "clv_%00"] {
        assert_eq!(seen(&app.verify(bad)), expected, "{bad}");
    }
    assert_eq!(app.verify(&good).status, 200);
    app.set("accept_keys", "off");
    assert_eq!(seen(&app.verify(&good)), expected, "the panic switch refuses every key");
}
on_both!(rule_5_all_bad_keys_get_the_same_answer);

fn ambiguous_and_unreadable_credentials_are_told_apart_from_bad_keys(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let (one, two) = (miriam.secret("a"), miriam.secret("b"));
    let ask = |headers: &[(&str, &str)]| app.client().get_with("/verify", headers);
    let bearer = |secret: &str| format!("Bearer {secret}");
    let (bearer_one, basic_of_another) = (bearer(&one), basic("miriam", "her password"));
    for (why, ambiguous) in [
        ("two different keys", [("authorization", bearer_one.as_str()), ("x-api-key", &two)]),
        ("two different keys", [("x-api-key", &one), ("apikey", &two)]),
        ("two different keys", [("x-api-key", &one), ("x-api-key", &two)]),
        ("docs/rules.md, V10", [("authorization", &bearer_one), ("authorization", &bearer_one)]),
        ("one cannot be read", [("authorization", &basic_of_another), ("x-api-key", &one)]),
        ("one is empty", [("apikey", ""), ("x-api-key", &one)]),
    ] {
        // A gateway would turn any other status into a fault of its own; a program reads what it did wrong.
        let (gateway, program) = (ask(&ambiguous), app.client().get_with("/api/v1/whoami", &ambiguous));
        assert_eq!((gateway.status, program.status), (401, 400), "{why}: {ambiguous:?}");
        assert!(
            gateway.text().contains("more than one credential") && program.text().contains("more than one credential")
        );
    }
    assert_eq!(ask(&[("authorization", &bearer(&one)), ("x-api-key", &one)]).status, 200, "the same key twice");
    for bad in [
        basic("miriam", &one),
        format!("Digest {one}"),
        format!("Token {one}"),
        one.clone(),
        "Bearer".into(),
        "Bearer ".into(),
        "Basic !!!".into(),
        "Basic ".into(),
        basic("apikey", ""),
        BASE64_STANDARD.encode("x"),
    ] {
        assert_eq!(ask(&[("authorization", &bad)]).status, 401, "{bad}");
    }
    let nothing = ask(&[]);
    assert_eq!((nothing.status, nothing.json()["detail"].as_str()), (401, Some("No API key was sent.")));
}
on_both!(ambiguous_and_unreadable_credentials_are_told_apart_from_bad_keys);

fn a_key_in_the_url_is_refused_everywhere(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    for path in [
        format!("/verify?api_key={secret}"),
        "/verify?api_key=anything".to_owned(),
        format!("/api/v1/whoami?x={secret}"),
        format!("/external-tool-access/keys/{secret}"),
        format!("/external-tool-access?q={secret}"),
        format!("/nowhere/{secret}"),
        format!("/static/{secret}"),
        format!("/external-tool-access/keys/{}", secret.replace('_', "%5F")),
        format!("/external-tool-access/generate?like={}", secret.replace('_', "%5f")),
        "/verify?api%5Fkey=x".to_owned(),
        "/verify?a=b&API_KEY=x".to_owned(),
    ] {
        let answer = miriam.get(&path);
        let expected = if path.starts_with("/verify") { 401 } else { 400 };
        assert_eq!(answer.status, expected, "docs/rules.md, K8: {path}");
        assert!(!answer.body.contains(&secret));
        assert!(answer.text().contains("rotate this key"), "{}", answer.text());
    }
}
on_both!(a_key_in_the_url_is_refused_everywhere);

fn unknown_keys_from_one_address_are_slowed_down_and_good_ones_never_are(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let good = miriam.secret("ci");
    let bad = app.client();
    let ask = |seed: u64| bad.get_with("/verify", &[("x-api-key", &unknown_key(2_000_000 + seed))]);
    for seed in 0..100 {
        assert_eq!(ask(seed).status, 401, "{seed}");
    }
    let slowed = ask(100);
    assert_eq!((slowed.status, slowed.header("retry-after")), (429, "2"), "{}", slowed.text());
    assert!(slowed.header("content-type").starts_with("application/problem+json"));
    assert_eq!(app.verify(&good).status, 200, "from the same address");
    miriam.act(&good, "revoke");
    assert_eq!(app.verify(&good).status, 401, "a key that is known is told as before");
    app.pass(SignedDuration::from_secs(2));
    assert_eq!((ask(101).status, ask(102).status, ask(103).status), (401, 401, 429), "one a second");
    // Nothing is written at once; the flush leaves one event for the address, with how often.
    assert_eq!(app.database.count("audit_events WHERE action = 'key.refuse'"), 0);
    app.run(app.app.flush_uses()).expect("flushed");
    let events = app.database.texts("SELECT CAST(details AS TEXT) AS value FROM audit_events WHERE action = 'key.refuse' AND target = '(unknown key)' AND address = '127.0.0.1'");
    assert!(events.len() == 1 && events[0].contains("104"), "{events:?}");
}
on_both!(unknown_keys_from_one_address_are_slowed_down_and_good_ones_never_are);

fn verify_has_one_path_and_one_host(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    let ask = |path: &str, host: &str| app.client().get_with(path, &[("x-api-key", &secret), ("host", host)]).status;
    let own = app.url.strip_prefix("http://").expect("http");
    assert_eq!(ask("/verify", own), 200);
    for path in ["/%76erify", "/verif%79", "/verify/", "//verify", "/verify%2F", "/VERIFY", "/./verify"] {
        assert_eq!(ask(path, own), 404, "{path}");
    }
    // A name that somebody registered may point here for a moment (DNS rebinding): its pages are not of this origin.
    for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example"] {
        assert_eq!(ask("/verify", host), 421, "{host}");
        let page = app.client().get_with("/sign-in", &[("host", host)]);
        assert!(page.status == 421 && page.text().contains("CLAVIGER_HOSTS"), "{}", page.text());
        let form = app.client().post_with(
            "/sign-in",
            &[("username", "miriam"), ("password", "x")],
            &[("host", host), ("origin", &format!("http://{host}"))],
        );
        assert_eq!(form.status, 421);
    }
    for host in ["localhost", "claviger:8080", "[::1]"] {
        assert_eq!(ask("/verify", host), 200, "{host}");
    }
}
on_both!(verify_has_one_path_and_one_host);

#[test]
fn a_request_without_a_path_is_answered_like_any_other() {
    use std::io::{Read, Write};
    let app = TestApp::start(Kind::Sqlite);
    let address = app.url.strip_prefix("http://").expect("http");
    let ask = |rest: &str| {
        let mut stream = std::net::TcpStream::connect(address).expect("it listens");
        stream.write_all(format!("OPTIONS * HTTP/1.1\r\nHost: {address}\r\n{rest}").as_bytes()).expect("sent");
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer[..read]).to_lowercase()
    };
    for rest in ["\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"] {
        let answer = ask(rest);
        assert!(answer.starts_with("http/1.1 404") && answer.contains("x-content-type-options: nosniff"), "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
}

fn rule_8_every_revocation_holds_on_the_next_request(app: TestApp) {
    let miriam = app.signed_in("miriam");
    for round in 0..5 {
        let secret = miriam.secret(&format!("key {round}"));
        assert_eq!(app.verify(&secret).status, 200);
        miriam.act(&secret, "revoke");
        assert_eq!(app.verify(&secret).status, 401);
    }
}
on_both!(rule_8_every_revocation_holds_on_the_next_request);

fn rule_2_and_3_an_owners_state_counts_at_each_use(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    let name = claviger::domain::accounts::account::Username::parse("miriam").expect("a name");
    app.run(app.app.deactivate_user(operator(), &name)).expect("deactivated");
    assert_eq!(app.verify(&secret).status, 401);
    app.run(app.app.activate_user(operator(), &name)).expect("activated");
    assert_eq!(app.verify(&secret).status, 200);
}
on_both!(rule_2_and_3_an_owners_state_counts_at_each_use);

fn time_ends_a_key_to_the_microsecond(app: TestApp) {
    let secret = app.signed_in("miriam").generate_with(&[("expires", "7")]).secret();
    app.pass(SignedDuration::from_hours(7 * 24) - SignedDuration::from_micros(1));
    assert_eq!(app.verify(&secret).status, 200);
    app.pass(SignedDuration::from_micros(1));
    assert_eq!(app.verify(&secret).status, 401);
}
on_both!(time_ends_a_key_to_the_microsecond);

#[test]
fn only_gateways_may_ask_verify_but_everybody_may_ask_who_they_are() {
    let app =
        TestApp::start_with(Database::new(Kind::Sqlite), |given| given.gateway_networks = Some("10.9.0.0/16".into()));
    let secret = app.signed_in("miriam").secret("ci");
    assert_eq!(app.verify(&secret).status, 403);
    assert_eq!(app.client().get_with("/api/v1/whoami", &[("x-api-key", &secret)]).status, 200);
}

#[test]
fn other_prefixes_stay_good_when_a_new_one_makes_keys() {
    let database = Database::new(Kind::Sqlite);
    let app = TestApp::start_with(database, |given| given.key_prefix = Some("acme,clv".into()));
    let secret = app.signed_in("miriam").generate("ci").texts("#new-key")[0].clone();
    assert!(secret.starts_with("acme_"), "{}", &secret[..5]);
    assert_eq!(app.verify(&secret).status, 200);
    assert_eq!(app.verify(&secret.replace("acme_", "evil_")).status, 401);
}

#[test]
fn a_display_name_reaches_the_gateway_in_utf_8() {
    let app = TestApp::start(Kind::Sqlite);
    let client = app.signed_in("miriam");
    client.submit("/account", "/account/profile", &[("display_name", "Tomás Ørsted 田中")]);
    let answer = app.verify(&client.secret("ci"));
    assert_eq!(answer.header("remote-name"), "Tomás Ørsted 田中");
    app.database.execute("UPDATE accounts SET email = NULL");
    assert_eq!(
        app.verify(&client.secret("x")).all("remote-email"),
        [""],
        "empty, so that a gateway overwrites what the client sent"
    );
}
