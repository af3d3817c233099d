//! Several servers on one database, as processes of their own: a change on one counts on all.

use std::time::{Duration, Instant};

use crate::command_line::claviger;
use crate::server::{Server, set_up};
use crate::support::Client;
use crate::support::database::{Database, Kind};
use crate::support::people::PASSWORD;

/// What `/verify` of a server says of a key.
fn ask(server: &Server, secret: &str) -> u16 {
    Client::new(&server.url).get_with("/verify", &[("x-api-key", secret)]).status
}

/// Asks until a server says this.
fn until(server: &Server, secret: &str, status: u16) {
    let began = Instant::now();
    while ask(server, secret) != status {
        assert!(began.elapsed() < Duration::from_mins(1), "it never says {status}");
    }
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn rule_8_what_one_server_revokes_all_refuse() {
    let database = Database::bare(Kind::Postgres);
    let mut first = Server::start(&database, &[]);
    let miriam = set_up(&mut first);
    let others = [Server::start(&database, &[]), Server::start(&database, &[])];
    for round in 0..5 {
        let secret = miriam.secret(&format!("key {round}"));
        for server in &others {
            assert_eq!(ask(server, &secret), 200);
            assert_eq!(ask(server, &secret), 200, "from memory");
        }
        miriam.act(&secret, "revoke");
        assert_eq!(ask(&first, &secret), 401, "at once");
        for server in &others {
            until(server, &secret, 401);
        }
    }
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn rule_8_a_server_that_was_frozen_past_the_bound_allows_nothing_that_was_revoked() {
    let database = Database::bare(Kind::Postgres);
    let mut first = Server::start(&database, &[]);
    let miriam = set_up(&mut first);
    let bound = Duration::from_millis(100);
    let sleeper = Server::start(&database, &[("CLAVIGER_REVOCATION_BOUND_MS", "100")]);
    for round in 0..5 {
        let secret = miriam.secret(&format!("key {round}"));
        assert_eq!(ask(&sleeper, &secret), 200);
        sleeper.freeze();
        let frozen = Instant::now();
        miriam.act(&secret, "revoke");
        while frozen.elapsed() < bound {
            assert_eq!(ask(&first, &secret), 401);
        }
        sleeper.signal("-CONT");
        assert_eq!(ask(&sleeper, &secret), 401, "its first answer");
    }
}

#[test]
fn rule_8_what_the_command_line_changes_a_server_on_the_same_file_learns() {
    let database = Database::bare(Kind::Sqlite);
    let mut server = Server::start(&database, &[]);
    let miriam = set_up(&mut server);
    assert!(miriam.is_signed_in());
    let run = |arguments: &[&str], input: &str| {
        let output = claviger(&database.url, arguments, input);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    };
    run(&["user", "create", "ana", "--password-stdin"], PASSWORD);
    let ana = Client::new(&server.url);
    assert_eq!(ana.post("/sign-in", &[("username", "ana"), ("password", PASSWORD)]).status, 303);
    let secret = ana.secret("ci");
    assert_eq!(ask(&server, &secret), 200);
    run(&["user", "deactivate", "ana"], "");
    until(&server, &secret, 401);
    run(&["user", "activate", "ana"], "");
    until(&server, &secret, 200);
}
