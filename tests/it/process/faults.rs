//! Faults of what lies below: a full disk, files of another database, a standby that is gone, a pooler, a network that swallows.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::gateways::running::free_port;
use crate::server::{Server, set_up};
use crate::support::database::{Database, Kind};
use crate::support::people::PASSWORD;
use crate::support::{Client, TestApp};

fn status(server: &Server, secret: &str) -> u16 {
    ask(&Client::new(&server.url), secret)
}

fn ask(client: &Client, secret: &str) -> u16 {
    client.get_with("/verify", &[("x-api-key", secret)]).status
}

#[test]
fn a_copy_of_the_file_alone_misses_nothing_once_its_log_was_taken_over() {
    let app = TestApp::start(Kind::Sqlite);
    let miriam = app.signed_in("miriam");
    let secrets: Vec<String> = (0..20).map(|n| miriam.secret(&format!("key {n}"))).collect();
    for secret in &secrets[..10] {
        assert_eq!(miriam.act(secret, "revoke").status, 303);
    }
    app.run(app.app.keep_up()).expect("as each minute");
    let copied = Database::bare(Kind::Sqlite);
    let path = |database: &Database| database.url.strip_prefix("sqlite://").expect("a path").to_owned();
    std::fs::copy(path(&app.database), path(&copied)).expect("copied while it runs");
    let copy = TestApp::start_with(copied, |_| {});
    copy.clock.advance(jiff::SignedDuration::from_mins(1));
    let answers: Vec<u16> = secrets.iter().map(|secret| copy.verify(secret).status).collect();
    assert_eq!(answers, [[401; 10], [200; 10]].concat());
}

#[test]
fn a_log_that_does_not_fit_the_backup_beside_it_is_refused_in_words() {
    let database = Database::bare(Kind::Sqlite);
    let file = database.url.strip_prefix("sqlite://").expect("a path").to_owned();
    let copy = format!("{file}.copy");
    let mut server = Server::start(&database, &[]);
    set_up(&mut server).secret("ci");
    assert_eq!(server.end("-TERM").0, Some(0));
    std::fs::copy(&file, &copy).expect("a backup");
    let more = |name: &str| {
        let server = Server::start(&database, &[]);
        let miriam = Client::new(&server.url);
        assert_eq!(miriam.sign_in("miriam", PASSWORD).status, 303);
        for n in 0..12 {
            miriam.generate_with(&[("name", &format!("{name} {n}")), ("note", &"x".repeat(250))]);
        }
        server
    };
    assert_eq!(more("after").end("-TERM").0, Some(0));
    let mut killed = more("last");
    killed.child.kill().expect("killed");
    killed.child.wait().expect("ended");
    assert!(std::fs::metadata(format!("{file}-wal")).expect("a log").len() > 0);
    std::fs::copy(&copy, &file).expect("put in place");
    let environment = [("DATABASE_URL", database.url.as_str()), ("CLAVIGER_LISTEN", "127.0.0.1:0")];
    let refused = Command::new(env!("CARGO_BIN_EXE_claviger")).env_clear().envs(environment).output().expect("it runs");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains("-wal does not fit") && said.contains("remove it and the file that ends in -shm"), "{said}");
    assert_eq!(std::fs::read(&file).expect("the file"), std::fs::read(&copy).expect("the copy"), "as it was put there");
    for end in ["-wal", "-shm"] {
        std::fs::remove_file(format!("{file}{end}")).expect("removed, as it says");
    }
    assert_eq!(Server::start(&database, &[]).end("-TERM").0, Some(0));
    assert_eq!(database.count("api_keys"), 1);
}

/// A file system that lets no file grow further says the same to SQLite as one that is full.
#[test]
fn when_the_files_cannot_grow_changes_are_refused_and_keys_stay_as_they_are() {
    let database = Database::bare(Kind::Sqlite);
    let mut server = Server::start(&database, &[]);
    let miriam = set_up(&mut server);
    let (good, revoked) = (miriam.secret("good"), miriam.secret("revoked"));
    assert_eq!(miriam.act(&revoked, "revoke").status, 303);
    let limit = |bytes: &str| {
        let pid = server.child.id().to_string();
        let done = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={bytes}:unlimited")]).status();
        assert!(done.expect("prlimit runs").success());
    };
    let path = "/external-tool-access/generate";
    let forms: Vec<_> = (0..5).map(|_| miriam.get(path).hidden_fields(path)).collect();
    limit("8192");
    let generate = |form: &HashMap<String, String>| {
        let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        miriam.post(path, &fields).status
    };
    assert_eq!(forms.iter().map(generate).collect::<Vec<u16>>(), [503; 5]);
    assert_eq!((status(&server, &good), status(&server, &revoked)), (200, 401));
    let ready = Client::new(&server.url).get("/readyz");
    assert_eq!((ready.status, ready.json()["problems"][0].as_str()), (503, Some("database_not_writable")));
    limit("unlimited");
    assert_eq!(miriam.act(&good, "revoke").status, 303, "it goes on by itself");
    assert_eq!((status(&server, &good), Client::new(&server.url).get("/readyz").status), (401, 200));
    let (code, ..) = server.end("-TERM");
    assert_eq!(code, Some(0));
    assert_eq!(database.count("api_keys"), 2, "what was refused is not there");
    assert_eq!(database.texts("SELECT integrity_check AS value FROM pragma_integrity_check"), ["ok"]);
}

/// A Postgres of a test's own: what is changed is the whole cluster's.
struct Cluster {
    folder: tempfile::TempDir,
    url: String,
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let open = Command::new("chmod").arg("755").arg(folder.path()).status().expect("chmod runs");
        assert!(open.success());
        let (script, home) = (concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres"), folder.path().join("postgres"));
        let started = Command::new(script).arg("start").arg(home).stderr(Stdio::inherit()).output().expect("it runs");
        let url = String::from_utf8(started.stdout).expect("text").trim().to_owned();
        assert!(url.starts_with("postgres://"), "{url}");
        Self { folder, url }
    }

    fn sql(&self, statements: &[&str]) -> String {
        let mut psql = Command::new("psql");
        psql.args(["--quiet", "--no-psqlrc", "--tuples-only", "--no-align"]);
        for statement in statements {
            psql.args(["--command", statement]);
        }
        let done = psql.arg(format!("{}/postgres", self.url)).output().expect("psql runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("text").trim().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres");
        let stopped = Command::new(script).arg("stop").arg(self.folder.path().join("postgres")).status();
        assert!(stopped.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn a_commit_that_no_standby_confirmed_shows_no_secret() {
    let cluster = Cluster::start();
    cluster.sql(&["ALTER DATABASE postgres SET synchronous_commit = on"]);
    let (database, url) = (Database::bare(Kind::Sqlite), format!("{}/postgres", cluster.url));
    let mut server = Server::start(&database, &[("DATABASE_URL", &url)]);
    let miriam = set_up(&mut server);
    let before = miriam.secret("before");
    cluster.sql(&["ALTER SYSTEM SET synchronous_standby_names = 'gone'", "SELECT pg_reload_conf()"]);
    let path = "/external-tool-access/generate";
    let asking = {
        let miriam = miriam.clone();
        std::thread::spawn(move || miriam.submit(path, path, &[("name", "after")]))
    };
    // An administrator ends each wait, as one who wants to get on would.
    let waits = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
                 WHERE wait_event = 'SyncRep' AND clock_timestamp() - state_change > interval '800 milliseconds'";
    while !asking.is_finished() {
        cluster.sql(&[waits]);
    }
    let answer = asking.join().expect("an answer");
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.text().contains("may have been done, or not"), "{}", answer.text());
    assert!(!answer.body.contains("clv_"));
    assert_eq!(status(&server, &before), 200, "who only asks goes on");
    cluster.sql(&["ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"]);
    let after = miriam.generate("with it again");
    assert!(after.body.contains("clv_"), "{}", after.text());
}

/// PgBouncer in transaction mode, before the tests' Postgres.
struct Bouncer {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Bouncer {
    fn start(url: &str) -> Self {
        let address = url.rsplit('@').next().and_then(|rest| rest.split('/').next()).expect("an address");
        let (host, port_behind) = address.split_once(':').expect("a port");
        let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
        let file = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={host} port={port_behind} user=claviger\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 8\n"
        );
        std::fs::write(&file, text).expect("written");
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
        let open = Command::new("chmod").arg("-R").arg("a+rX").arg(folder.path()).status().expect("chmod runs");
        assert!(open.success());
        // It refuses to be root.
        let mut command = Command::new(if is_root { "setpriv" } else { "pgbouncer" });
        if is_root {
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--", "pgbouncer"]);
        }
        let child = command.arg("-q").arg(&file).stderr(Stdio::null()).spawn().expect("pgbouncer starts");
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        Self { child, port, _folder: folder }
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        assert!(ended.is_ok() || std::thread::panicking());
    }
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn behind_pgbouncer_in_transaction_mode_everything_works() {
    let database = Database::bare(Kind::Postgres);
    let bouncer = Bouncer::start(&database.url);
    let name = database.url.rsplit('/').next().expect("a name");
    let url = format!("postgres://claviger@127.0.0.1:{}/{name}", bouncer.port);
    let environment = [("DATABASE_URL", url.as_str()), ("CLAVIGER_DATABASE_POOLER", "transaction")];
    let mut server = Server::start(&database, &environment);
    let miriam = set_up(&mut server);
    let secrets: Vec<String> = (0..12).map(|n| miriam.secret(&format!("key {n}"))).collect();
    std::thread::scope(|scope| {
        for secret in &secrets {
            let server = &server;
            scope.spawn(move || {
                let answers: Vec<u16> = (0..20).map(|_| status(server, secret)).collect();
                assert_eq!(answers, [200; 20]);
            });
        }
    });
    let pages = ["/external-tool-access", "/admin/api-keys?view=all", "/admin/audit-log", "/admin/users", "/account"];
    assert_eq!(pages.map(|page| miriam.get(page).status), [200; 5]);
    assert!(secrets.iter().all(|secret| miriam.act(secret, "revoke").status == 303));
    assert_eq!(secrets.iter().map(|secret| status(&server, secret)).max(), Some(401));
    let (code, _, err) = server.end("-TERM");
    assert_eq!((code, err.matches("ERROR").count()), (Some(0), 0), "{err}");
}

/// A way to Postgres on which what was connected before can fall silent, without a word to either end.
struct Way {
    port: u16,
    silent_before: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl Way {
    fn to(url: &str) -> Self {
        let address = url.rsplit('@').next().and_then(|rest| rest.split('/').next()).expect("an address").to_owned();
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = socket.local_addr().expect("an address").port();
        let way = Self { port, silent_before: Arc::default(), connections: Arc::default() };
        let (silent_before, connections) = (Arc::clone(&way.silent_before), Arc::clone(&way.connections));
        std::thread::spawn(move || {
            for near in socket.incoming().map_while(Result::ok) {
                let number = connections.fetch_add(1, Ordering::SeqCst);
                let far = TcpStream::connect(&address).expect("Postgres is there");
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"));
                    let silent_before = Arc::clone(&silent_before);
                    std::thread::spawn(move || carry(from, to, || number < silent_before.load(Ordering::SeqCst)));
                }
            }
        });
        way
    }

    /// What is connected now is carried no further.
    fn fall_silent(&self) {
        self.silent_before.store(self.connections.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

/// Carries bytes until either end closes. What comes while it is silent is lost, also a close.
fn carry(mut from: TcpStream, mut to: TcpStream, is_silent: impl Fn() -> bool) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        if !is_silent() && to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    if !is_silent() {
        let closed = to.shutdown(std::net::Shutdown::Both);
        drop(closed); // the other end may have closed it
    }
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn connections_that_die_without_a_word_are_replaced() {
    let database = Database::bare(Kind::Postgres);
    let way = Way::to(&database.url);
    let name = database.url.rsplit('/').next().expect("a name");
    let url = format!("postgres://claviger@127.0.0.1:{}/{name}", way.port);
    let mut server = Server::start(&database, &[("DATABASE_URL", &url)]);
    let miriam = set_up(&mut server);
    let secret = miriam.secret("ci");
    let gateway = Client::new(&server.url);
    assert_eq!(ask(&gateway, &secret), 200);
    for _ in 0..2 {
        way.fall_silent();
        let mut seen = 503;
        while seen != 200 {
            seen = ask(&gateway, &secret);
            assert!([200, 503].contains(&seen), "{seen}");
        }
    }
    let mut page = 503;
    while page != 200 {
        page = miriam.get("/external-tool-access").status;
        assert!([200, 503].contains(&page), "{page}");
    }
}
