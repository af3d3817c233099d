//! Postgres that goes away and comes back: nobody is let in meanwhile, everything works again by itself.

use crate::support::TestApp;
use crate::support::database::{Database, Kind};

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn cut_connections_are_replaced_and_no_answer_is_invented() {
    let app = TestApp::start(Kind::Postgres);
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    for _ in 0..3 {
        app.database.texts(
            "SELECT CAST(pg_terminate_backend(pid) AS TEXT) AS value FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        let statuses: Vec<u16> = (0..6).map(|_| app.verify(&secret).status).collect();
        assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
        assert_eq!(statuses.last(), Some(&200), "{statuses:?}");
        assert!(miriam.is_signed_in());
    }
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn a_locked_table_makes_writers_wait_and_give_up_while_readers_go_on() {
    use diesel::{Connection, PgConnection, RunQueryDsl};
    let app = TestApp::start(Kind::Postgres);
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let mut db = PgConnection::establish(&app.database.url).expect("a connection");
    diesel::sql_query("BEGIN").execute(&mut db).expect("begun");
    diesel::sql_query("LOCK TABLE api_keys IN EXCLUSIVE MODE").execute(&mut db).expect("locked");
    let waiting = {
        let miriam = miriam.clone();
        let secret = secret.clone();
        std::thread::spawn(move || miriam.act(&secret, "disable").status)
    };
    for _ in 0..20 {
        assert_eq!(app.verify(&secret).status, 200, "reading does not wait for the writer");
    }
    assert_eq!(waiting.join().expect("an answer"), 503, "the writer gives up, and says so");
    diesel::sql_query("ROLLBACK").execute(&mut db).expect("released");
    assert_eq!(app.verify(&secret).status, 200, "nothing was changed");
    assert_eq!(miriam.act(&secret, "disable").status, 303);
    assert_eq!(app.verify(&secret).status, 401);
}

#[test]
fn a_sqlite_file_that_another_process_locks_makes_writers_give_up_while_readers_go_on() {
    use diesel::{Connection, RunQueryDsl, SqliteConnection};
    let app = TestApp::start(Kind::Sqlite);
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let path = app.database.url.strip_prefix("sqlite://").expect("a path");
    let mut db = SqliteConnection::establish(path).expect("a connection");
    diesel::sql_query("BEGIN IMMEDIATE").execute(&mut db).expect("begun");
    let waiting = {
        let miriam = miriam.clone();
        let secret = secret.clone();
        std::thread::spawn(move || miriam.act(&secret, "disable").status)
    };
    for _ in 0..20 {
        assert_eq!(app.verify(&secret).status, 200);
    }
    assert_eq!(waiting.join().expect("an answer"), 503);
    diesel::sql_query("ROLLBACK").execute(&mut db).expect("released");
    assert_eq!(miriam.act(&secret, "disable").status, 303);
    assert_eq!(app.verify(&secret).status, 401);
}

#[test]
fn a_damaged_sqlite_file_is_found_and_makes_the_server_not_ready() {
    let database = Database::new(Kind::Sqlite);
    let path = database.url.strip_prefix("sqlite://").expect("a file").to_owned();
    let app = TestApp::start_with(database, |_| {});
    let miriam = app.signed_in("miriam");
    for n in 0..20 {
        miriam.generate_with(&[("name", &format!("key {n}")), ("note", &"x".repeat(250))]);
    }
    app.run(app.app.check_structure()).expect("looked through");
    assert_eq!(app.client().get("/readyz").status, 200, "a whole one");
    app.database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    // The last page, which is some table's or index's.
    let mut bytes = std::fs::read(&path).expect("the file");
    let last = bytes.len() - 4096;
    bytes[last..last + 64].fill(0xFF);
    let copy = format!("{path}.damaged");
    std::fs::write(&copy, bytes).expect("written");
    let config = |given: &mut claviger::config::Given| given.database_url = Some(format!("sqlite://{copy}"));
    let damaged = TestApp::start_with(Database::new(Kind::Sqlite), config);
    damaged.run(damaged.app.check_structure()).expect("looked through");
    let said = damaged.client().get("/readyz");
    assert_eq!(said.status, 503);
    assert!(said.body.contains("database_damaged"), "{}", said.body);
}
