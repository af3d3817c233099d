//! What holds for every route: nobody is waited for before it is known who asks, and reading changes nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use claviger::web::routes;

use crate::migrations::TABLES;
use crate::permissions::filled;
use crate::support::database::Kind;
use crate::support::people::{PASSWORD, eight};
use crate::support::{TestApp, on_both};

/// Promises a body of 200,000 bytes and sends one: the answer has to come all the same (S10).
#[test]
fn no_route_waits_for_the_body_of_a_stranger() {
    let app = TestApp::start(Kind::Sqlite);
    let address = app.url.strip_prefix("http://").expect("http");
    let kinds = [
        ("application/x-www-form-urlencoded", ""),
        ("application/json", ""),
        ("application/json", "X-API-Key: clv_nothing\r\n"),
        ("multipart/form-data; boundary=x", "Cookie: claviger=nothing\r\nSec-Fetch-Site: same-origin\r\n"),
    ];
    let mut waited = Vec::new();
    for row in routes() {
        let path = filled(row.path, "00000000", "1");
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            for (kind, headers) in kinds {
                let mut stream = TcpStream::connect(address).expect("a connection");
                stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a limit");
                let head = format!(
                    "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {kind}\r\n{headers}Content-Length: 200000\r\n\r\n{{"
                );
                stream.write_all(head.as_bytes()).expect("sent");
                let mut first = [0; 12];
                if stream.read_exact(&mut first).is_err() || !first.starts_with(b"HTTP/1.1 ") {
                    waited.push(format!("{method} {path} {kind}"));
                }
            }
        }
    }
    assert_eq!(waited, [""; 0]);
}

/// Everything in the database but what a visit notes of itself: when a session was last there, and who took what away as a file.
fn state(app: &TestApp) -> Vec<(String, Vec<String>)> {
    let noted = |table: &str, line: &String| match table {
        "sessions" | "audit_chain" => true, // the chain follows the events
        "audit_events" => line.contains("export"),
        _ => false,
    };
    let rows = |table: &str| -> Vec<String> {
        let all = app.database.dump(table);
        all.into_iter().filter(|line| !noted(table, line)).collect()
    };
    TABLES.iter().map(|table| ((*table).to_owned(), rows(table))).collect()
}

fn no_get_and_no_head_changes_anything(app: TestApp) {
    app.admin("boss");
    let boss = app.client();
    boss.sign_in("boss", PASSWORD);
    app.person("nobody");
    let secret = boss.secret("ci");
    boss.submit("/admin/policies/new", "/admin/policies/new", &[("name", "x")]);
    boss.submit("/admin/permissions", "/admin/permissions", &[("service", "x"), ("name", "x")]);
    boss.submit(
        "/admin/resources/new",
        "/admin/resources/new",
        &[("kind", "project"), ("external_id", "x"), ("title", "X")],
    );
    boss.submit(
        "/admin/service-accounts/new",
        "/admin/service-accounts/new",
        &[("username", "x"), ("display_name", "X")],
    );
    let draft =
        boss.submit("/admin/api-keys?view=all", "/admin/api-keys/bulk", &[("key", eight(&secret)), ("do", "disable")]);
    let id = draft.header("location").rsplit('/').next().expect("an id").to_owned();
    boss.secret("another");
    let before = state(&app);
    let mut seen = Vec::new();
    for row in routes() {
        let path = filled(row.path, eight(&secret), &id).replace(".exe", ".csv");
        for method in ["GET", "HEAD"] {
            let key = if row.path.starts_with("/api") || row.path == "/verify" { secret.as_str() } else { "" };
            let headers: &[(&str, &str)] = if key.is_empty() { &[] } else { &[("x-api-key", key)] };
            let status = boss.send(method, &path, headers, None).status;
            assert!(status < 500, "{method} {path}: {status}");
            seen.push((status, path.clone()));
        }
    }
    assert!(seen.iter().filter(|(status, _)| *status == 200).count() > 60, "they are real pages: {seen:?}");
    for ((table, before), (_, after)) in before.into_iter().zip(state(&app)) {
        assert_eq!(before, after, "{table}");
    }
}
on_both!(no_get_and_no_head_changes_anything);
