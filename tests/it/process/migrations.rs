//! Bringing a database to the form that this binary needs.

use std::thread;

use claviger::actions::site::start::migrate;
use claviger::config::{Config, make_home};

use crate::support::database::{Database, Kind};

/// The names of all migrations, oldest first.
fn migrations() -> Vec<String> {
    let folder = format!("{}/migrations/sqlite", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    names
}

fn two_at_once(kind: Kind) {
    let database = Database::bare(kind);
    make_home(&database.config().database).expect("a home");
    let migrating: Vec<_> = (0..4)
        .map(|_| {
            let config = database.config();
            thread::spawn(move || migrate(&config).expect("migrated"))
        })
        .collect();
    let mut ran: Vec<usize> = migrating.into_iter().map(|one| one.join().expect("no panic")).collect();
    ran.sort_unstable();
    assert_eq!(ran, [0, 0, 0, migrations().len()], "one migrates, the others wait and find nothing to do");
    assert_eq!(database.count("lifetime_rules"), 1);
}

#[test]
fn of_several_processes_at_once_one_migrates_sqlite() {
    two_at_once(Kind::Sqlite);
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn of_several_processes_at_once_one_migrates_postgres() {
    two_at_once(Kind::Postgres);
}

fn newer(kind: Kind) {
    let database = Database::bare(kind);
    make_home(&database.config().database).expect("a home");
    migrate(&database.config()).expect("migrated");
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000001')");
    let refused = migrate(&database.config()).expect_err("refused").to_string();
    assert!(refused.contains("a newer version of Claviger"), "{refused}");
}

#[test]
fn a_newer_sqlite_database_is_refused() {
    newer(Kind::Sqlite);
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn a_newer_postgres_database_is_refused() {
    newer(Kind::Postgres);
}

pub const TABLES: [&str; 32] = [
    "account_policies",
    "accounts",
    "api_keys",
    "asked_permissions",
    "audit_chain",
    "audit_events",
    "bulk_job_keys",
    "bulk_jobs",
    "changes",
    "daily_usage",
    "job_keys",
    "jobs",
    "kept_counts",
    "key_addresses",
    "key_scopes",
    "key_secrets",
    "key_usage",
    "lifetime_rules",
    "permissions",
    "policies",
    "policy_permissions",
    "refusals",
    "resource_administrators",
    "resource_kind_permissions",
    "resource_kinds",
    "resources",
    "saved_views",
    "session_keys",
    "sessions",
    "settings",
    "sign_in_links",
    "used_forms",
];

/// Tables and columns, and what may not be null.
fn shape(database: &Database) -> Vec<String> {
    TABLES
        .iter()
        .flat_map(|table| database.columns(table).into_iter().map(move |column| format!("{table}.{column}")))
        .collect()
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn both_databases_have_the_same_shape() {
    let (sqlite, postgres) = (Database::bare(Kind::Sqlite), Database::bare(Kind::Postgres));
    make_home(&sqlite.config().database).expect("a home");
    for database in [&sqlite, &postgres] {
        migrate(&database.config()).expect("migrated");
    }
    assert_eq!(shape(&sqlite), shape(&postgres));
    assert!(shape(&sqlite).len() > 50);
}

fn down_and_up(kind: Kind) {
    let database = Database::bare(kind);
    make_home(&database.config().database).expect("a home");
    migrate(&database.config()).expect("migrated");
    let folder = if kind == Kind::Sqlite { "sqlite" } else { "postgres" };
    for name in migrations().into_iter().rev() {
        let down = format!("{}/migrations/{folder}/{name}/down.sql", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(down).expect("down.sql");
        for statement in text.split(';').filter(|text| !text.trim().is_empty()) {
            database.execute(statement);
        }
    }
    database.execute("DELETE FROM __diesel_schema_migrations");
    assert_eq!(migrate(&database.config()).expect("migrated again"), migrations().len());
}

#[test]
fn down_undoes_up_on_sqlite() {
    down_and_up(Kind::Sqlite);
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn down_undoes_up_on_postgres() {
    down_and_up(Kind::Postgres);
}

#[test]
fn the_folder_and_the_file_of_a_database_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data/deep/claviger.db");
    let given =
        claviger::config::Given { database_url: Some(format!("sqlite://{}", path.display())), ..Default::default() };
    let config = Config::parse(&given).unwrap_or_else(|errors| panic!("{errors:?}"));
    make_home(&config.database).expect("made");
    let mode = |path: &std::path::Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(path.parent().expect("a folder")), mode(&path)), (0o700, 0o600));
}

#[test]
fn sqlite_keeps_what_it_acknowledges() {
    let database = Database::bare(Kind::Sqlite);
    let config = database.config();
    make_home(&config.database).expect("a home");
    migrate(&config).expect("migrated");
    assert_eq!(database.text("SELECT journal_mode AS value FROM pragma_journal_mode"), "wal", "write-ahead logging");
    assert!(claviger::store::Store::open(&config.database).is_ok(), "WAL and FULL were read back");
}

/// Accounts from before addresses were one person's, two of which share one.
fn shared_addresses(kind: Kind) {
    let database = Database::bare(kind);
    make_home(&database.config().database).expect("a home");
    migrate(&database.config()).expect("migrated");
    let name = "2026-11-22-000002_decisions_that_stay";
    let folder = if kind == Kind::Sqlite { "sqlite" } else { "postgres" };
    let down = format!("{}/migrations/{folder}/{name}/down.sql", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(down).expect("down.sql");
    for statement in text.split(';').filter(|text| !text.trim().is_empty()) {
        database.execute(statement);
    }
    assert_eq!(database.execute("DELETE FROM __diesel_schema_migrations WHERE version = '20261122000002'"), 1);
    for (id, username, email) in
        [(1, "first", "shared@example.org"), (2, "second", "Shared@Example.org"), (3, "third", "own@example.org")]
    {
        database.execute(&format!(
            "INSERT INTO accounts (id, kind, username, display_name, email, role, active, appearance, created_at, name_folded) \
             VALUES ({id}, 'user', '{username}', '{username}', '{email}', 'user', TRUE, 'auto', 0, '{username}')"
        ));
    }
    assert_eq!(migrate(&database.config()).expect("migrated"), 1);
    let kept =
        database.texts("SELECT username || ' ' || COALESCE(email_folded, '-') AS value FROM accounts ORDER BY id");
    assert_eq!(kept, ["first shared@example.org", "second -", "third own@example.org"], "the oldest has it");
}

#[test]
fn accounts_that_shared_an_address_are_migrated_on_sqlite() {
    shared_addresses(Kind::Sqlite);
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn accounts_that_shared_an_address_are_migrated_on_postgres() {
    shared_addresses(Kind::Postgres);
}
