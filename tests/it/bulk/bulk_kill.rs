//! The real process, killed in the middle of bulk work: after a restart it finishes, and nothing is done twice.

use std::process::Command;

use crate::server::Server;
use crate::support::Client;
use crate::support::database::{Database, Kind};

fn demo(database: &Database) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_claviger"))
        .args(["demo", "--keys", "12000", "--seed", "3"])
        .env("DATABASE_URL", &database.url)
        .env("CLAVIGER_LOG", "error")
        .output()
        .expect("the binary runs");
    let said = String::from_utf8(out.stdout).expect("text");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    said.split_whitespace().last().expect("a password").to_owned()
}

fn count(database: &Database, what: &str) -> i64 {
    database.count(what)
}

fn killed_in_the_middle(kind: Kind) {
    let database = Database::bare(kind);
    let password = demo(&database);
    let second = Command::new(env!("CARGO_BIN_EXE_claviger"))
        .args(["demo"])
        .env("DATABASE_URL", &database.url)
        .output()
        .expect("it runs");
    assert!(!second.status.success(), "a database with accounts is refused");
    assert!(String::from_utf8_lossy(&second.stderr).contains("This database has accounts."));

    let server = Server::start(&database, &[]);
    let boss = Client::new(&server.url);
    assert_eq!(boss.sign_in("miriam", &password).status, 303);
    let grid = "/admin/api-keys?view=all";
    let revoked = count(&database, "api_keys WHERE revoked_at IS NOT NULL");
    let draft =
        boss.submit(grid, "/admin/api-keys/bulk", &[("scope", "matching"), ("do", "delete"), ("state", "view=all")]);
    let path = draft.header("location").to_owned();
    let total = boss.get(&path).attribute("#number", "data-confirm-match");
    let job = boss.submit(&path, &path, &[("number", &total)]).header("location").to_owned();
    let total: i64 = total.parse().expect("a number");
    while count(&database, "api_keys WHERE revoked_at IS NOT NULL") == revoked {
        std::thread::yield_now(); // until the first batch is committed
    }
    server.end("-KILL");
    let done = count(&database, "api_keys WHERE revoked_at IS NOT NULL") - revoked;
    assert!(done > 0, "{done} of {total}");

    let again = Server::start(&database, &[]);
    let boss = Client::new(&again.url);
    boss.sign_in("miriam", &password);
    // The lease of the killed process runs out first.
    while count(&database, "bulk_jobs WHERE state = 'done'") == 0 {
        std::thread::yield_now();
    }
    assert_eq!(count(&database, "api_keys WHERE revoked_at IS NULL"), 0);
    let number = job.rsplit('/').next().expect("a number");
    let of_job = format!("audit_events WHERE action = 'key.revoke' AND details LIKE '%\"job\":{number},%'");
    assert_eq!(count(&database, &of_job), total, "one event for each key");
    boss.submit(grid, &format!("{job}/undo"), &[]);
    while count(&database, "bulk_jobs WHERE state = 'done'") < 2 {
        std::thread::yield_now();
    }
    assert_eq!(count(&database, "api_keys WHERE revoked_at IS NOT NULL"), revoked, "undo brings all back");
    let verified = Command::new(env!("CARGO_BIN_EXE_claviger"))
        .args(["audit", "verify"])
        .env("DATABASE_URL", &database.url)
        .output()
        .expect("it runs");
    assert!(verified.status.success() && String::from_utf8_lossy(&verified.stdout).contains("The audit log is whole"));
    let broken = Command::new(env!("CARGO_BIN_EXE_claviger"))
        .args(["audit", "verify", "--noted", &format!("1:{}", "00".repeat(32))])
        .env("DATABASE_URL", &database.url)
        .output()
        .expect("it runs");
    again.end("-TERM");
    assert!(!broken.status.success() && String::from_utf8_lossy(&broken.stderr).contains("the log was rewritten"));
}

#[test]
fn a_killed_process_loses_no_bulk_work_on_sqlite() {
    killed_in_the_middle(Kind::Sqlite);
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn a_killed_process_loses_no_bulk_work_on_postgres() {
    killed_in_the_middle(Kind::Postgres);
}
