//! Error pages and JSON problems: words, a way back, nothing of the inside (docs/rules.md, L9).

use crate::support::database::Kind;
use crate::support::people::PASSWORD;
use crate::support::{TestApp, on_both};

const INSIDE: [&str; 8] = ["diesel", "src/", "panicked", "at line", "actix", "SELECT", "sqlite", "postgres"];

fn pages_have_a_way_back_and_programs_get_problem_json(app: TestApp) {
    let page = app.client().get("/nowhere");
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
    assert_eq!(
        (page.texts("h1"), page.attribute(".sign-in__panel a", "href")),
        (vec!["Not found".into()], "/external-tool-access".into())
    );
    let problem = app.client().get("/api/v1/nowhere");
    assert_eq!(problem.header("content-type"), "application/problem+json; charset=utf-8", "RFC 9457");
    assert_eq!((problem.json()["status"].as_u64(), problem.json()["title"].as_str()), (Some(404), Some("Not found")));
    assert_eq!(problem.json()["reference"].as_str().map(str::len), Some(10));
    let method = app.client().send("DELETE", "/api/v1/whoami", &[], None);
    assert_eq!((method.status, method.json()["status"].as_u64()), (405, Some(405)));
}
on_both!(pages_have_a_way_back_and_programs_get_problem_json);

fn a_broken_database_is_503_on_every_path_and_never_an_answer(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    for table in ["api_keys", "sessions", "accounts"] {
        app.tell_changes(); // so that memory cannot answer
        app.database.execute(&format!("ALTER TABLE {table} RENAME TO hidden"));
        let verify = app.verify(&secret);
        let page = miriam.get("/external-tool-access");
        app.database.execute(&format!("ALTER TABLE hidden RENAME TO {table}"));
        if table != "sessions" {
            assert_eq!(verify.status, 503, "docs/rules.md, V4: without {table} it cannot be known");
            assert_eq!(verify.header("retry-after"), "2");
        }
        assert!([500, 503].contains(&page.status), "{table}: {}", page.status);
        for answer in [verify, page] {
            for word in INSIDE {
                assert!(!answer.body.to_lowercase().contains(&word.to_lowercase()), "{word}: {}", answer.body);
            }
        }
    }
    assert_eq!(app.verify(&secret).status, 200, "it comes back by itself");
    assert!(miriam.is_signed_in(), "and nobody was signed out by it");
}
on_both!(a_broken_database_is_503_on_every_path_and_never_an_answer);

fn an_internal_error_shows_a_reference_and_the_process_lives(app: TestApp) {
    let miriam = app.signed_in("miriam");
    app.database.execute("ALTER TABLE lifetime_rules RENAME TO hidden");
    let page = miriam.get("/external-tool-access");
    assert_eq!(page.status, 500);
    let reference = page.texts("code").pop().expect("a reference");
    assert_eq!(reference.len(), 10);
    assert!(page.text().contains("Something went wrong on the server. Nothing was changed."));
    app.database.execute("ALTER TABLE hidden RENAME TO lifetime_rules");
    assert_eq!(miriam.get("/external-tool-access").status, 200);
}
on_both!(an_internal_error_shows_a_reference_and_the_process_lives);

#[test]
fn malformed_requests_get_one_clear_answer() {
    use std::io::{Read, Write};
    let app = TestApp::start(Kind::Sqlite);
    let address = app.url.strip_prefix("http://").expect("http");
    let raw = |request: &str| {
        let mut stream = std::net::TcpStream::connect(address).expect("a connection");
        stream.write_all(request.as_bytes()).expect("sent");
        stream.shutdown(std::net::Shutdown::Write).expect("the end");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        answer
    };
    for bad in [
        "GET /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET /verify HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
        "GET /verify HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        "GARBAGE\r\n\r\n",
    ] {
        let answer = raw(bad);
        assert!(answer.starts_with("HTTP/1.1 400"), "{bad:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{bad:?}");
    }
    for path in [
        "/%ff",
        "/external-tool-access/keys/%ff%fe",
        "/account/sessions/99999999999999999999/end",
        "/sign-in?next=%ff",
        "/external-tool-access?show[]=x&show=y&show=z",
    ] {
        let answer = raw(&format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"));
        let status: u16 = answer[9..12].parse().expect("a status");
        assert!(status < 500, "{path}: {status}");
    }
}

#[test]
fn rule_10_no_query_of_a_page_leads_to_a_500() {
    let app = TestApp::start(Kind::Sqlite);
    let client = app.client();
    app.person("miriam");
    client.sign_in("miriam", PASSWORD);
    for query in [
        "show=ended&show=x",
        "show=%00",
        "like=%00%ff",
        "like=clv_short",
        "like=00000000",
        "next=%0d%0aSet-Cookie:x",
        "ended=&ended=",
    ] {
        for path in ["/external-tool-access", "/external-tool-access/generate", "/sign-in", "/account"] {
            let status = client.get(&format!("{path}?{query}")).status;
            assert!(status < 500, "{path}?{query}: {status}");
        }
    }
}

#[test]
fn a_body_that_never_ends_does_not_hold_its_connection() {
    use std::io::{Read, Write};
    let app = TestApp::start(Kind::Sqlite);
    let address = app.url.strip_prefix("http://").expect("http").to_owned();
    let kinds = ["Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "Content-Length: 100000\r\n\r\nabc"];
    let held: Vec<_> = [
        "/verify",
        "/verify?api_key=x",
        "/healthz",
        "/nowhere",
        "/static/x",
        "/external-tool-access/generate",
    ]
    .into_iter()
    .flat_map(|path| kinds.map(|kind| (path, kind)))
    .map(|(path, kind)| {
        let address = address.clone();
        std::thread::spawn(move || {
            let mut stream = std::net::TcpStream::connect(&address).expect("a connection");
            stream.set_read_timeout(Some(std::time::Duration::from_secs(25))).expect("a limit to waiting");
            let content_type = "Content-Type: application/x-www-form-urlencoded";
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n{content_type}\r\n{kind}"
            );
            stream.write_all(head.as_bytes()).expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("the server closes the connection");
            assert!(answer.starts_with("HTTP/1.1 "), "{path}: {answer}");
        })
    })
    .collect();
    for one in held {
        one.join().expect("closed");
    }
    let form = app.client().send(
        "POST",
        "/sign-in",
        &[("transfer-encoding", "chunked"), ("sec-fetch-site", "same-origin")],
        Some("x".into()),
    );
    assert_eq!(form.status, 411, "forms say how long they are");
}

#[test]
fn a_change_whose_message_could_not_be_kept_is_not_called_undone() {
    let app = TestApp::start(Kind::Sqlite);
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    app.database.execute(
        "CREATE TRIGGER no_message BEFORE UPDATE OF state ON sessions BEGIN SELECT RAISE(ABORT, 'not now'); END",
    );
    let answer = miriam.act(&secret, "disable");
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("may have been done, or not: look before you try again."), "{}", answer.text());
    assert_eq!(app.verify(&secret).status, 401, "it was done");
}
