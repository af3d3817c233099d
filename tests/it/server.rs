//! The process: what it prints, how it ends, that a panic does not end it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use crate::support::database::{Database, Kind};
use crate::support::people::{PASSWORD, eight};
use crate::support::{Client, on_both};

/// The real binary, listening.
pub struct Server {
    pub child: Child,
    pub url: String,
    out: BufReader<std::process::ChildStdout>,
    /// Reads standard error all the time: a full pipe would stop the server.
    err: JoinHandle<String>,
}

impl Server {
    pub fn start(database: &Database, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_claviger"))
            .env_clear()
            .env("DATABASE_URL", &database.url)
            .env("CLAVIGER_LISTEN", "127.0.0.1:0")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("standard output"));
        let mut stderr = child.stderr.take().expect("standard error");
        let err = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("text");
            text
        });
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        let url = line.trim().rsplit(' ').next().expect("an address").to_owned();
        assert!(line.starts_with("Claviger listens on 127.0.0.1:"), "{line}");
        Self { child, url, out, err }
    }

    /// The line with the set-up link.
    pub fn set_up_link(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("a line");
        line.trim().rsplit(' ').next().expect("a link").to_owned()
    }

    /// Asks it to end, and gives what it printed: exit code, standard output, standard error.
    pub fn end(mut self, signal: &str) -> (Option<i32>, String, String) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
        let mut out = String::new();
        self.out.read_to_string(&mut out).expect("text");
        let status = self.child.wait().expect("it ends");
        (status.code(), out, self.err.join().expect("read"))
    }
}

/// Follows the set-up link of a server and is signed in afterwards.
pub fn set_up(server: &mut Server) -> Client {
    let link = server.set_up_link();
    let client = Client::new(&server.url);
    let token = link.split("token=").nth(1).expect("a token").to_owned();
    let fields = [
        ("token", token.as_str()),
        ("username", "miriam"),
        ("display_name", "Miriam"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    assert_eq!(client.post("/setup", &fields).status, 303);
    client
}

fn ends_well(kind: Kind, signal: &str) {
    let database = Database::bare(kind);
    let mut server = Server::start(&database, &[]);
    let client = set_up(&mut server);
    let secret = client.secret("ci");
    assert_eq!(client.get_with("/verify", &[("x-api-key", &secret)]).status, 200);
    let (code, out, err) = server.end(signal);
    assert_eq!(code, Some(0), "{err}");
    assert!(!out.contains(&secret) && !err.contains(&secret));
    let used = format!("api_keys WHERE first_eight = '{}' AND use_count = 1", eight(&secret));
    assert_eq!(database.count(&used), 1, "what was noted in memory is written down at the end");
}

#[test]
fn sigterm_and_ctrl_c_end_it_gracefully_on_sqlite() {
    ends_well(Kind::Sqlite, "-TERM");
    ends_well(Kind::Sqlite, "-INT");
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn sigterm_ends_it_gracefully_on_postgres() {
    ends_well(Kind::Postgres, "-TERM");
}

#[test]
fn a_port_in_use_is_explained() {
    let (one, two) = (Database::bare(Kind::Sqlite), Database::bare(Kind::Sqlite));
    let first = Server::start(&one, &[]);
    let taken = first.url.strip_prefix("http://").expect("http");
    let output = Command::new(env!("CARGO_BIN_EXE_claviger"))
        .env_clear()
        .envs([("DATABASE_URL", two.url.as_str()), ("CLAVIGER_LISTEN", taken)])
        .output()
        .expect("the binary ends");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && err.contains("CLAVIGER_LISTEN") && err.contains("in use"), "{err}");
    first.end("-TERM");
}

#[test]
fn json_log_lines_are_json() {
    let database = Database::bare(Kind::Sqlite);
    let mut server = Server::start(&database, &[("CLAVIGER_LOG", "debug"), ("CLAVIGER_LOG_FORMAT", "json")]);
    set_up(&mut server);
    let (_, _, err) = server.end("-TERM");
    assert!(err.lines().count() > 3);
    for line in err.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

on_both! { fn a_panic_while_answering_is_a_500_with_a_reference_and_the_process_lives(app) {
    // A moment that no calendar holds is made by hand; whatever it does to a page, the next request is answered.
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    app.database.execute(&format!("UPDATE api_keys SET created_at = {}, expires_at = {}", i64::MIN / 2, i64::MAX));
    let page = miriam.key_page(&secret);
    assert!([200, 500].contains(&page.status));
    assert_eq!(app.client().get("/healthz").status, 200);
} }
