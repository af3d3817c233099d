//! The process: what it prints, how it ends, that a panic does not end it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use crate::support::database::{Database, Kind};
use crate::support::people::{PASSWORD, eight};
use crate::support::{Client, TestApp};

/// The real binary, listening.
pub struct Server {
    pub child: Child,
    pub url: String,
    out: BufReader<std::process::ChildStdout>,
    /// Reads standard error all the time: a full pipe would stop the server.
    err: Option<JoinHandle<String>>,
}

impl Server {
    pub fn start(database: &Database, environment: &[(&str, &str)]) -> Self {
        Self::start_with(database, environment, Stdio::piped())
    }

    /// With something else for standard error.
    pub fn start_with(database: &Database, environment: &[(&str, &str)], stderr: Stdio) -> Self {
        Self::run(Command::new(env!("CARGO_BIN_EXE_claviger")).env_clear(), database, environment, stderr)
    }

    /// With a command of the test's own.
    pub fn run(command: &mut Command, database: &Database, environment: &[(&str, &str)], stderr: Stdio) -> Self {
        let mut child = command
            .env("DATABASE_URL", &database.url)
            .env("CLAVIGER_LISTEN", "127.0.0.1:0")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("standard output"));
        let err = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut text = String::new();
                stderr.read_to_string(&mut text).expect("text");
                text
            })
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

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// Freezes it: gives when all of its threads stand still.
    pub fn freeze(&self) {
        self.signal("-STOP");
        let state = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        let runs = |stat: String| !stat.is_empty() && !stat.contains(") T ");
        let tasks = format!("/proc/{}/task", self.child.id());
        while std::fs::read_dir(&tasks).expect("its threads").any(|task| runs(state(task.expect("a thread")))) {
            std::thread::yield_now();
        }
    }

    /// Asks it to end, and gives what it printed: exit code, standard output, standard error.
    pub fn end(mut self, signal: &str) -> (Option<i32>, String, String) {
        self.signal(signal);
        let mut out = String::new();
        self.out.read_to_string(&mut out).expect("text");
        let status = self.child.wait().expect("it ends");
        let err = self.err.take().map(|err| err.join().expect("read")).unwrap_or_default();
        (status.code(), out, err)
    }
}

impl Drop for Server {
    /// A test that fails leaves no process behind.
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.child.kill().expect("it can be killed");
            self.child.wait().expect("it ends");
        }
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
fn a_request_in_flight_is_answered_before_the_end() {
    use std::io::Write;
    use std::net::TcpStream;
    let database = Database::bare(Kind::Sqlite);
    let mut server = Server::start(&database, &[]);
    set_up(&mut server);
    let address = server.url.strip_prefix("http://").expect("http").to_owned();
    let body = "username=miriam&password=wrong";
    let mut in_flight = TcpStream::connect(&address).expect("a connection");
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    in_flight.write_all(head.as_bytes()).expect("the head is sent");
    let mut goes_on = [0; 25];
    in_flight.read_exact(&mut goes_on).expect("the server has the head");
    assert_eq!(&goes_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    in_flight.write_all(&body.as_bytes()[..10]).expect("half of the body is sent");
    let ending = std::thread::spawn(move || server.end("-TERM"));
    while TcpStream::connect(&address).is_ok() {
        std::thread::yield_now(); // until the server takes no more connections
    }
    in_flight.write_all(&body.as_bytes()[10..]).expect("the other half is sent");
    let mut answer = String::new();
    in_flight.read_to_string(&mut answer).expect("text");
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    let (code, _, err) = ending.join().expect("it ends");
    assert_eq!(code, Some(0), "{err}");
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

#[test]
fn a_panic_while_answering_is_a_500_with_a_reference_and_the_process_lives() {
    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpResponse, HttpServer, web};
    use claviger::web::{errors, headers, middleware};

    async fn boom() -> HttpResponse {
        panic!("the panic that the test asks for");
    }
    let app = TestApp::start(Kind::Sqlite);
    let data = web::Data::from(std::sync::Arc::clone(&app.app));
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            // The layers of web::server, in its order, around a handler that panics.
            let server = HttpServer::new(move || {
                App::new()
                    .app_data(data.clone())
                    .wrap(from_fn(middleware::catch_panic))
                    .wrap(from_fn(errors::render))
                    .wrap(from_fn(headers::secure))
                    .wrap(from_fn(middleware::request))
                    .route("/boom", web::get().to(boom))
                    .route("/api/boom", web::get().to(boom))
                    .route("/fine", web::get().to(HttpResponse::Ok))
            })
            .workers(1)
            .disable_signals()
            .bind("127.0.0.1:0")
            .expect("a free port");
            let address = server.addrs()[0];
            let server = server.run();
            sender.send((address, server.handle())).expect("the test waits");
            server.await.expect("the server ends well");
        });
    });
    let (address, handle) = receiver.recv().expect("the server starts");
    let client = Client::new(&format!("http://{address}"));
    for _ in 0..3 {
        let page = client.get("/boom");
        assert_eq!(page.status, 500);
        assert_eq!(page.texts("code").first().map(String::len), Some(10), "a reference: {}", page.body);
        assert!(!page.body.contains("the panic") && page.header("content-security-policy").contains("default-src"));
        let problem = client.get("/api/boom");
        assert_eq!((problem.status, problem.json()["status"].as_u64()), (500, Some(500)));
        assert_eq!(client.get("/fine").status, 200, "the process lives");
    }
    app.run(handle.stop(false));
    thread.join().expect("the server's thread ends");
}
