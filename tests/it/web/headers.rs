//! Headers of every answer (docs/rules.md, W4, W5, W9, W10), and static files.

use crate::support::database::{Database, Kind};
use crate::support::people::PASSWORD;
use crate::support::{Client, TestApp};

/// Answers of every kind: pages, redirects, errors, JSON, static files.
const PATHS: [(&str, u16); 10] = [
    ("/sign-in", 200),
    ("/external-tool-access", 303),
    ("/nowhere", 404),
    ("/verify", 401),
    ("/api/v1/whoami", 401),
    ("/api/nowhere", 404),
    ("/healthz", 200),
    ("/readyz", 200),
    ("/static/nowhere.css", 404),
    ("/setup?token=x", 404),
];

fn app() -> TestApp {
    TestApp::start_with(Database::new(Kind::Sqlite), |given| given.public_url = Some("https://keys.example.org".into()))
}

#[test]
fn every_answer_carries_them() {
    let app = app();
    let css = claviger::web::assets::path("app.css");
    for (path, status) in PATHS.into_iter().chain([(css, 200)]) {
        let answer = app.client().get(path);
        assert_eq!(answer.status, status, "{path}");
        assert_headers(&answer, path);
    }
    for answer in [app.client().post("/sign-in", &[]), app.client().send("PUT", "/account", &[], None)] {
        assert_headers(&answer, "an error");
    }
}

fn assert_headers(answer: &crate::support::Answer, path: &str) {
    let policy = answer.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    ] {
        assert!(policy.contains(part), "{path}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{path}: {policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
    assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
    assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
    assert!(answer.header("strict-transport-security").starts_with("max-age=63072000"), "{path}");
    assert!(answer.all("access-control-allow-origin").is_empty(), "{path}");
    assert!(answer.all("server").is_empty() && answer.all("x-powered-by").is_empty(), "{path}");
    if !answer.body.is_empty() {
        let kind = answer.header("content-type");
        assert!(
            kind.contains("charset=utf-8") || kind == "application/json" || kind.starts_with("image/"),
            "{path}: {kind}"
        );
    }
}

#[test]
fn a_forged_host_stands_nowhere() {
    let app = app();
    app.person("miriam");
    let client = app.client();
    client.sign_in("miriam", PASSWORD);
    let forged =
        [("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example"), ("x-forwarded-proto", "gopher")];
    for (path, _) in PATHS.into_iter().chain([("/external-tool-access", 200), ("/account", 200)]) {
        let answer = client.get_with(path, &forged);
        assert!(!answer.body.contains("evil.example") && !answer.header("location").contains("evil.example"), "{path}");
    }
    let app = TestApp::start(Kind::Sqlite);
    let page = signed_in(&app).get_with("/external-tool-access", &[("host", "evil.example")]);
    assert_eq!(page.status, 421, "a host that is not this server's");
    assert!(!page.body.contains("evil.example"), "W10");
}

fn signed_in(app: &TestApp) -> Client {
    app.signed_in("miriam")
}

#[test]
fn static_files_have_hashed_names_and_are_kept_for_a_year() {
    let app = app();
    for name in ["app.css", "app.js", "grid.js", "icons.svg", "fonts/inter-latin-wght-normal.woff2"] {
        let path = claviger::web::assets::path(name);
        let answer = app.client().send("HEAD", path, &[("accept-encoding", "gzip")], None);
        assert_eq!(
            (answer.status, answer.header("cache-control")),
            (200, "public, max-age=31536000, immutable"),
            "{name}"
        );
        assert_eq!(answer.header("content-encoding") == "gzip", !name.ends_with("woff2"), "{name}");
    }
    let css = app.client().get(claviger::web::assets::path("app.css")).body;
    let bootstrap = include_str!("../../../static/vendor/bootstrap-5.3.8.min.css");
    let own = css.strip_prefix(bootstrap).expect("in one file with what they build on");
    for font in own.split("url(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert_eq!(app.client().send("HEAD", font, &[], None).status, 200, "{font}");
    }
    assert!(own.len() < 45_000, "own styles are {} bytes", own.len());
    for licence in [
        "/static/vendor/bootstrap-LICENSE.txt",
        "/static/app.css",
        "/static/../Cargo.toml",
        "/static/%2e%2e/Cargo.toml",
    ] {
        assert_eq!(app.client().get(licence).status, 404, "{licence}");
    }
}
