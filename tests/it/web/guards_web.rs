//! Guards at the front door, each seen to matter: with one taken out, its test fails (docs/contributing.md has the list).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use claviger::web::PAGES;
use jiff::SignedDuration;

use crate::rights::site;
use crate::server::{Server, set_up};
use crate::support::database::{Database, Kind};
use crate::support::people::{PASSWORD, eight};
use crate::support::{Client, TestApp, on_both, operator};

/// Pages of administrators that ask for no password again: they show, search, draft what is confirmed later, or end a session.
const OPEN: [&str; 25] = [
    "/admin/api-keys",
    "/admin/api-keys/search",
    "/admin/api-keys/export.{format}",
    "/admin/api-keys/filter",
    "/admin/api-keys/views",
    "/admin/api-keys/views/{id}/delete",
    "/admin/api-keys/bulk",
    "/admin/api-keys/{first_eight}",
    "/admin/api-keys/{first_eight}/would-allow",
    "/admin/api-keys/{first_eight}/{operation}",
    "/admin/users",
    "/admin/users/{username}",
    "/admin/users/{username}/sessions/{id}/end",
    "/admin/service-accounts",
    "/admin/service-accounts/{username}",
    "/admin/policies",
    "/admin/resources",
    "/admin/resources/{resource}",
    "/admin/overview",
    "/admin/refusals",
    "/admin/why-refused",
    "/admin/audit-log",
    "/admin/audit-log/export.csv",
    "/admin/jobs",
    "/admin/jobs/{id}/stop",
];
/// Those that are open for reading alone: what they send changes something.
const OPEN_TO_READ: [&str; 7] = [
    "/admin/users/{username}/sessions/{id}/end",
    "/admin/lifetime-rules",
    "/admin/settings",
    "/admin/policies/{policy}",
    "/admin/permissions",
    "/admin/resource-kinds/{kind}",
    "/admin/jobs/{id}",
];

fn everything_sensitive_asks_for_the_password_again_and_leads_back_to_this_site(app: TestApp) {
    let boss = site(&app);
    let secret = boss.secret("ci");
    let token = boss.get("/account").hidden_fields("/sign-out").remove("csrf").unwrap_or_default();
    app.pass(SignedDuration::from_mins(6));
    let events = app.database.count("audit_events");
    let mut wrong = Vec::new();
    for row in PAGES.iter().filter(|row| row.path.starts_with("/admin/")) {
        let reads = row.methods.starts_with("GET");
        if OPEN.contains(&row.path) || reads && OPEN_TO_READ.contains(&row.path) {
            continue;
        }
        let path = crate::permissions::filled(row.path, eight(&secret), "1");
        let referer = format!("{}/admin/overview?x=1", app.url);
        let answer = if reads {
            boss.get(&path)
        } else {
            let mut fields = crate::permissions::whole(&path);
            fields.push(("csrf", &token));
            boss.post_with(&path, &fields, &[("sec-fetch-site", "same-origin"), ("referer", &referer)])
        };
        let expected = if reads { path.clone() } else { "/admin/overview?x=1".into() };
        let mut query = url_encoded(&expected);
        query.insert_str(0, "/confirm-password?next=");
        if (answer.status, answer.header("location")) != (303, query.as_str()) {
            wrong.push(format!("{} {}: {} {}", row.methods, row.path, answer.status, answer.header("location")));
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!(app.database.count("audit_events"), events, "nothing was done");
    // A page of another site is not where it leads.
    for referer in ["http://evil.example/admin/users/add", "https://127.0.0.1.evil.example/x", "nonsense"] {
        let fields = [("csrf", token.as_str()), ("username", "x"), ("display_name", "x")];
        let answer =
            boss.post_with("/admin/users/add", &fields, &[("sec-fetch-site", "same-origin"), ("referer", referer)]);
        assert_eq!(answer.header("location"), "/confirm-password?next=%2Fadmin%2Fusers%2Fadd", "{referer}");
    }
}
on_both!(everything_sensitive_asks_for_the_password_again_and_leads_back_to_this_site);

fn url_encoded(text: &str) -> String {
    text.replace('/', "%2F").replace('?', "%3F").replace('=', "%3D").replace(':', "%3A")
}

fn a_proof_from_the_future_is_none(app: TestApp) {
    let boss = site(&app);
    assert_eq!(boss.get("/admin/users/add").status, 200);
    let (number, later) = ("2026-11-20", "1795262400000000"); // an hour ahead of the test's clock
    assert_eq!(app.clock.now().day(), number);
    let state = app.database.text("SELECT state AS value FROM sessions");
    let proved =
        state.split("\"proved_at\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a proof").to_owned();
    assert_eq!(app.database.execute(&format!("UPDATE sessions SET state = REPLACE(state, '{proved}', '{later}')")), 1);
    assert!(boss.get("/admin/users/add").header("location").starts_with("/confirm-password"));
}
on_both!(a_proof_from_the_future_is_none);

#[test]
fn only_the_address_of_the_connection_makes_a_gateway() {
    let app = TestApp::start_with(Database::new(Kind::Sqlite), |given| {
        given.gateway_networks = Some("10.0.0.0/8".into());
        given.trusted_proxies = Some("127.0.0.1".into());
    });
    let secret = app.signed_in("miriam").secret("ci");
    for forwarded in ["10.0.0.1", "10.0.0.1, 10.0.0.2"] {
        let answer = app.client().get_with("/verify", &[("x-api-key", &secret), ("x-forwarded-for", forwarded)]);
        assert_eq!(answer.status, 403, "{forwarded}");
    }
}

fn a_header_that_is_longer_than_any_key_is_none(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    let padded = |spaces: usize| format!("Bearer{}{secret}", " ".repeat(spaces));
    let ask = |value: &str| app.client().get_with("/verify", &[("authorization", value)]).status;
    assert_eq!((ask(&padded(1)), ask(&padded(10)), ask(&padded(600))), (200, 200, 401));
}
on_both!(a_header_that_is_longer_than_any_key_is_none);

fn pages_stand_in_no_frame(app: TestApp) {
    let client = app.signed_in("miriam");
    for path in ["/sign-in", "/external-tool-access", "/nowhere"] {
        let page = client.get(path);
        assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
    }
}
on_both!(pages_stand_in_no_frame);

fn signing_out_is_in_the_audit_log(app: TestApp) {
    let miriam = app.signed_in("miriam");
    miriam.submit("/account", "/sign-out", &[]);
    assert_eq!(app.database.count("audit_events WHERE action = 'session.sign_out' AND actor_name = 'miriam'"), 1);
}
on_both!(signing_out_is_in_the_audit_log);

fn a_key_stands_in_no_name_note_or_description_of_a_program_either(app: TestApp) {
    let boss = site(&app);
    app.set("key_may_create", "on");
    crate::rights::project(&boss, "read:data");
    boss.submit("/admin/resources/project:abc", "/admin/resources/project:abc/administrators", &[("username", "boss")]);
    let program = boss.generate_with(&[("name", "program"), ("resource", "project:abc")]).secret();
    let registering = boss
        .generate_with(&[("name", "deploy"), ("access", "scopes"), ("scope", "claviger:permissions:register")])
        .secret();
    let put = |secret: &str, path: &str, body: String| {
        app.client().send("PUT", path, &[("x-api-key", secret), ("content-type", "application/json")], Some(body))
    };
    for field in ["name", "note"] {
        let body = format!(r#"{{"scopes": ["read:data"], "{field}": "see {program}"}}"#);
        assert_eq!(put(&program, "/api/v1/resources/project:abc/api_key", body).status, 400, "{field}");
    }
    let body = format!(r#"{{"permissions": [{{"name": "plate.read", "description": "{program}"}}]}}"#);
    assert_eq!(put(&registering, "/api/v1/services/plates/permissions", body).status, 400);
    assert_eq!(app.database.count("permissions WHERE service = 'plates'"), 0);
    assert_eq!(app.database.count("api_keys"), 2);
}
on_both!(a_key_stands_in_no_name_note_or_description_of_a_program_either);

/// Writes this, waits until the server closes the connection, and gives what it said and how long that took.
fn until_closed(address: &str, sent: &str) -> (String, Duration) {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a limit");
    stream.write_all(sent.as_bytes()).expect("sent");
    let (since, mut said) = (Instant::now(), Vec::new());
    let mut buffer = [0; 4096];
    while let Ok(read) = stream.read(&mut buffer) {
        if read == 0 {
            break;
        }
        said.extend_from_slice(&buffer[..read]);
    }
    (String::from_utf8_lossy(&said).into_owned(), since.elapsed())
}

#[test]
fn a_head_and_a_body_that_do_not_arrive_are_not_waited_for() {
    let app = TestApp::start(Kind::Sqlite);
    let address = app.url.strip_prefix("http://").expect("http").to_owned();
    let miriam = app.signed_in("miriam");
    let cookie = miriam.cookie("claviger").expect("signed in");
    let head = {
        let address = address.clone();
        std::thread::spawn(move || until_closed(&address, "GET /sign-in HTTP/1.1\r\nHost: x\r\nX-Slow: "))
    };
    let body = format!(
        "POST /account/profile HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: claviger={cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ndisplay_name="
    );
    let (said, lasted) = until_closed(&address, &body);
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(lasted < Duration::from_secs(30), "{lasted:?}");
    let (said, lasted) = head.join().expect("no panic");
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(lasted < Duration::from_secs(30), "{lasted:?}");
}

#[test]
fn more_connections_than_files_wait_instead_of_failing() {
    let database = Database::bare(Kind::Sqlite);
    let command = format!(
        "ulimit -n 120; exec env -i DATABASE_URL={} CLAVIGER_LISTEN=127.0.0.1:0 {}",
        database.url,
        env!("CARGO_BIN_EXE_claviger")
    );
    let mut child = Command::new("sh")
        .args(["-c", &command])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sh runs");
    let mut out = std::io::BufReader::new(child.stdout.take().expect("standard output"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut out, &mut line).expect("a line");
    let address = line.trim().rsplit("http://").next().expect("an address").to_owned();
    let mut first = TcpStream::connect(&address).expect("a connection");
    let mut ask = || {
        first.write_all(format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).expect("sent");
        let mut buffer = [0; 2048];
        let read = first.read(&mut buffer).expect("an answer");
        let said = String::from_utf8_lossy(&buffer[..read]).into_owned();
        assert!(said.contains("200 OK"), "{said}");
    };
    ask(); // it has its place
    let open: Vec<TcpStream> = (0..150).filter_map(|_| TcpStream::connect(&address).ok()).collect();
    assert_eq!(open.len(), 150, "they wait in the system's queue");
    for _ in 0..20 {
        ask();
    }
    drop(open);
    drop(Command::new("kill").arg(child.id().to_string()).status());
    let mut err = String::new();
    child.stderr.take().expect("standard error").read_to_string(&mut err).expect("text");
    child.wait().expect("it ends");
    assert!(!err.contains("Too many open files"), "{err}");
}

/// Another user than root, where the tests run as root: root owns the memory of its own processes anyway.
const SOMEBODY: &str = "65534";

#[test]
fn no_core_dump_and_no_way_to_the_memory() {
    let database = Database::bare(Kind::Sqlite);
    // A copy that anybody may run: the folder of the build may be closed to others.
    let binary = database.folder.path().join("claviger");
    std::fs::copy(env!("CARGO_BIN_EXE_claviger"), &binary).expect("a copy");
    let mut command = if runs_as_root() {
        std::os::unix::fs::chown(database.folder.path(), SOMEBODY.parse().ok(), None)
            .expect("the folder is given away");
        let mut command = Command::new("setpriv");
        command.args(["--reuid", SOMEBODY, "--clear-groups", "--"]).arg(&binary);
        command
    } else {
        Command::new(&binary)
    };
    let mut server = Server::run(command.env_clear(), &database, &[], Stdio::piped());
    set_up(&mut server);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.child.id())).expect("its limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let owner = |path: &str| std::fs::metadata(path).expect("it is there").uid();
    assert_ne!(
        owner(&format!("{}", database.folder.path().join("claviger.db").display())),
        0,
        "it does not run as root"
    );
    assert_eq!(owner(&format!("/proc/{}/mem", server.child.id())), 0, "what is not dumpable belongs to root");
}

/// Do the tests run as root? Then what they make belongs to root.
fn runs_as_root() -> bool {
    tempfile::tempfile().and_then(|file| file.metadata()).expect("a file").uid() == 0
}

fn four_exports_at_once_are_two_too_many(app: TestApp) {
    let boss = site(&app);
    boss.secret("ci");
    let list = claviger::actions::keys::browse::List {
        filter: claviger::domain::key_filter::KeyFilter::default(),
        sort: claviger::domain::key_filter::Sort::default(),
        size: 50,
        cursor: None,
        count_limit: 100,
    };
    let begin = || app.run(app.app.begin_export(operator().administrator(), &list, "csv", i64::MAX));
    let (first, second) = (begin().expect("one"), begin().expect("two"));
    let path = "/admin/api-keys/export.csv?view=all";
    assert_eq!((boss.get(path).status, begin().is_err()), (429, true));
    drop(first);
    assert_eq!(boss.get(path).status, 200);
    drop(second);
}
on_both!(four_exports_at_once_are_two_too_many);

fn wildcards_and_quotes_are_letters_in_a_search(app: TestApp) {
    let miriam = app.signed_in("miriam");
    for name in ["a_b", "axb", "50% off", "500 off", "say \"plate\" now", "say plate now", "back\\slash"] {
        miriam.secret(name);
    }
    let boss = site(&app);
    let found = |query: &str| {
        let page = boss.get(&format!("/admin/api-keys/export.jsonl?{query}&cols=name"));
        assert_eq!(page.status, 200, "{query}: {}", page.text());
        let mut names: Vec<String> = page
            .body
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).expect("JSON")["name"]
                    .as_str()
                    .expect("a name")
                    .to_owned()
            })
            .collect();
        names.sort();
        names
    };
    assert_eq!(found("name~contains=a_b"), ["a_b"]);
    assert_eq!(found("name~contains=50%25"), ["50% off"]);
    assert_eq!(found("name~contains=k%5Cs"), ["back\\slash"]);
    assert_eq!(found("q=%22plate%22"), ["say \"plate\" now"]);
    assert_eq!(found("q=a_b"), ["a_b"]);
    assert_eq!(found("q=0%25+off"), ["50% off"]);
    assert_eq!(found("q=%22"), ["say \"plate\" now"]);
}
on_both!(wildcards_and_quotes_are_letters_in_a_search);

/// Somebody who signs in from very many places.
#[test]
fn sessions_of_one_person_are_bounded() {
    let app = TestApp::start(Kind::Sqlite);
    let first = app.signed_in("miriam");
    let others: Vec<Client> = (0..20)
        .map(|_| {
            app.pass(SignedDuration::from_secs(91)); // the throttle gives a try back
            let client = app.client();
            assert_eq!(client.sign_in("miriam", PASSWORD).status, 303);
            client
        })
        .collect();
    assert_eq!(app.database.count("sessions"), 20);
    assert!(!first.is_signed_in() && others[19].is_signed_in());
}
