//! The process under signals and faults: what it passes over, how it ends, and that it says what is wrong.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::server::{Server, set_up};
use crate::support::Client;
use crate::support::database::{Database, Kind};
use crate::support::people::eight;

fn uses(database: &Database, secret: &str) -> i64 {
    database.count(&format!("api_keys WHERE first_eight = '{}' AND use_count > 0", eight(secret)))
}

#[test]
fn signals_that_ask_for_nothing_end_nothing() {
    let database = Database::bare(Kind::Sqlite);
    let mut server = Server::start(&database, &[]);
    let secret = set_up(&mut server).secret("ci");
    let client = Client::new(&server.url);
    for signal in ["-HUP", "-USR1", "-USR2"] {
        server.signal(signal);
        assert_eq!(client.get_with("/verify", &[("x-api-key", &secret)]).status, 200, "{signal}");
    }
    let (code, _, err) = server.end("-TERM");
    assert_eq!((code, err.matches("A signal was passed over").count()), (Some(0), 3), "{err}");
    assert_eq!(uses(&database, &secret), 1, "its uses are written down");
}

#[test]
fn a_closed_terminal_ends_it_gracefully() {
    let database = Database::bare(Kind::Sqlite);
    let command =
        format!("env -i DATABASE_URL={} CLAVIGER_LISTEN=127.0.0.1:0 {}", database.url, env!("CARGO_BIN_EXE_claviger"));
    // `script` gives it a terminal.
    let mut terminal = std::process::Command::new("script")
        .args(["-qfec", &format!("echo pid $$; exec {command}"), "/dev/null"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script runs");
    let mut lines = BufReader::new(terminal.stdout.take().expect("standard output")).lines().map_while(Result::ok);
    let pid = lines.next().expect("a line").trim().strip_prefix("pid ").expect("a process id").to_owned();
    assert!(lines.any(|line| line.contains("Set it up here")));
    let sent = std::process::Command::new("kill").args(["-HUP", &pid]).status().expect("kill runs");
    assert!(sent.success());
    let rest: Vec<String> = lines.collect();
    assert!(terminal.wait().expect("it ends").success(), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("the latest uses are written down")), "{rest:?}");
}

/// Asks over one connection after the other until the server says that it closes them; gives how many answers there were, and
/// how many requests were sent that got none.
fn ask_until_the_end(address: &str, ending: &AtomicBool) -> (usize, usize) {
    let (mut answered, mut lost) = (0, 0);
    let Ok(mut stream) = TcpStream::connect(address) else { return (0, 0) };
    loop {
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let was_ending = ending.load(Ordering::SeqCst);
        if stream.write_all(request.as_bytes()).is_err() {
            return (answered, lost + usize::from(!was_ending));
        }
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return (answered, lost + 1),
            }
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let length: usize =
            head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok()).expect("a length");
        stream.read_exact(&mut vec![0; length]).expect("a body");
        answered += 1;
        if head.contains("connection: close") {
            return (answered, lost);
        }
        lost += usize::from(!head.starts_with("http/1.1 200"));
    }
}

#[test]
fn under_load_every_request_in_flight_is_answered_before_the_end() {
    for _ in 0..3 {
        let database = Database::bare(Kind::Sqlite);
        let server = Server::start(&database, &[]);
        let address = server.url.strip_prefix("http://").expect("http").to_owned();
        let (ending, begun) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let asking: Vec<_> = (0..24)
            .map(|_| {
                let (address, ending, begun) = (address.clone(), Arc::clone(&ending), Arc::clone(&begun));
                std::thread::spawn(move || {
                    begun.fetch_add(1, Ordering::SeqCst);
                    ask_until_the_end(&address, &ending)
                })
            })
            .collect();
        while begun.load(Ordering::SeqCst) < 24 {
            std::thread::yield_now();
        }
        let client = Client::new(&server.url);
        while client.get("/healthz").status != 200 {}
        let (code, _, err) = server.end("-TERM");
        ending.store(true, Ordering::SeqCst);
        let sums =
            asking.into_iter().map(|one| one.join().expect("no panic")).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        assert_eq!((code, sums.1), (Some(0), 0), "{} were answered: {err}", sums.0);
    }
}

#[test]
fn a_server_that_is_to_end_says_so_for_as_long_as_it_is_told_to() {
    let database = Database::bare(Kind::Sqlite);
    let server = Server::start(&database, &[("CLAVIGER_SHUTDOWN_DELAY", "2")]);
    let client = Client::new(&server.url);
    assert_eq!(client.get("/readyz").status, 200);
    server.signal("-TERM");
    let unready = loop {
        let ready = client.get("/readyz");
        if ready.status != 200 {
            break ready;
        }
    };
    assert_eq!((unready.status, unready.json()["problems"][0].as_str()), (503, Some("ending")));
    assert_eq!(client.get("/verify").status, 401, "it answers until then");
    assert_eq!(server.end("-TERM").0, Some(0));
}

/// A server whose standard error cannot be written.
fn with_a_dead_log(stderr: Stdio) {
    let database = Database::bare(Kind::Sqlite);
    let mut server = Server::start_with(&database, &[("CLAVIGER_LOG", "debug")], stderr);
    let miriam = set_up(&mut server);
    let secret = miriam.secret("ci");
    let client = Client::new(&server.url);
    for _ in 0..50 {
        assert_eq!(
            client.get_with("/verify", &[("x-api-key", &secret)]).status,
            200,
            "who logs never waits and never fails"
        );
    }
    let bulk = "/admin/api-keys";
    let draft = miriam.submit(
        bulk,
        "/admin/api-keys/bulk",
        &[("key", eight(&secret)), ("do", "disable"), ("state", "view=all")],
    );
    let draft = draft.header("location").to_owned();
    let job = miriam.submit(&draft, &draft, &[]).header("location").to_owned();
    while !miriam.get(&job).text().contains("disabled") {
        std::thread::yield_now(); // the background works
    }
    let ready = client.get("/readyz");
    assert_eq!((ready.status, ready.json()["problems"][0].as_str()), (503, Some("log_not_written")));
    let (code, ..) = server.end("-TERM");
    assert_eq!(code, Some(0));
    assert_eq!(uses(&database, &secret), 1, "uses are written down");
}

#[test]
fn a_log_on_a_full_disk_stops_nothing() {
    let full = OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    with_a_dead_log(full.into());
}

#[test]
fn a_log_into_a_dead_pipe_stops_nothing() {
    let mut reader = std::process::Command::new("true").stdin(Stdio::piped()).spawn().expect("it runs");
    let pipe = reader.stdin.take().expect("a pipe");
    reader.wait().expect("it ended");
    with_a_dead_log(pipe.into());
}

#[test]
fn a_log_that_can_be_written_again_tells_what_it_lost() {
    let database = Database::bare(Kind::Sqlite);
    let folder = database.folder.path().join("small");
    std::fs::create_dir(&folder).expect("a folder");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=8k", "tmpfs", &folder.display().to_string()])
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        return; // only root can make a small disk; /dev/full stands for it elsewhere
    }
    let log = folder.join("log");
    let file = OpenOptions::new().create(true).append(true).open(&log).expect("a log");
    let server = Server::start_with(&database, &[("CLAVIGER_LOG", "debug")], file.into());
    let client = Client::new(&server.url);
    while client.get("/readyz").json()["problems"][0] != "log_not_written" {}
    OpenOptions::new().write(true).truncate(true).open(&log).expect("there is room again");
    while client.get("/readyz").status != 200 {}
    server.end("-TERM");
    let text = std::fs::read_to_string(&log).expect("text");
    std::process::Command::new("umount").arg(&folder).status().expect("unmounted");
    assert!(text.contains("Log lines were lost"), "{text}");
}

#[test]
fn a_newer_binary_that_has_migrated_does_not_make_a_running_one_unready() {
    let database = Database::bare(Kind::Sqlite);
    let server = Server::start(&database, &[]);
    let client = Client::new(&server.url);
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000001')");
    assert_eq!(client.get("/readyz").status, 200, "what it needs is there");
    database.execute(
        "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT min(version) FROM __diesel_schema_migrations)",
    );
    let ready = client.get("/readyz");
    assert_eq!((ready.status, ready.json()["problems"][0].as_str()), (503, Some("migrations_missing")));
    assert!(!ready.header("retry-after").is_empty());
    server.end("-TERM");
}

#[test]
fn a_database_file_that_is_replaced_is_not_written_any_more() {
    for what in ["", "-wal"] {
        let database = Database::bare(Kind::Sqlite);
        let mut server = Server::start(&database, &[]);
        let miriam = set_up(&mut server);
        let secret = miriam.secret("ci");
        let path = format!("{}{what}", database.url.strip_prefix("sqlite://").expect("a path"));
        std::fs::rename(&path, format!("{path}.away")).expect("moved");
        if what.is_empty() {
            std::fs::copy(format!("{path}.away"), &path).expect("another file");
        }
        let refused =
            miriam.post(&format!("/external-tool-access/keys/{}/revoke", eight(&secret)), &[("csrf", &miriam.token())]);
        assert_eq!((refused.status, refused.header("retry-after")), (503, "2"), "{what}: {}", refused.text());
        let ready = miriam.get("/readyz");
        assert_eq!((ready.status, ready.json()["problems"][0].as_str()), (503, Some("database_file_replaced")));
        let (_, _, err) = server.end("-TERM");
        assert!(err.contains("Restart Claviger"), "it says what to do: {err}");
    }
}
