//! Bulk work that the version before left in its tables: drafted, waiting, under way, done and undone. It goes on, and an undo gives
//! back exactly what was there. The rows are those that the version before wrote, see `fixtures/bulk_work.sql`.

use diesel::prelude::*;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use jiff::SignedDuration;

use crate::bulk::{GRID, confirm};
use crate::support::database::{Database, Kind};
use crate::support::people::PASSWORD;
use crate::support::{Client, TestApp};

/// The first migration that the version before does not know.
const TYPED: &str = "2026-11-30-000003";

/// A database as the version before left it.
fn left_by_the_version_before(kind: Kind) -> Database {
    let database = Database::bare(kind);
    let folder = if kind == Kind::Sqlite { "sqlite" } else { "postgres" };
    let path = format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
    let count = std::fs::read_dir(&path)
        .expect("the migrations")
        .map(|entry| entry.expect("a migration").file_name().into_string().expect("a name"))
        .filter(|name| name.as_str() < TYPED)
        .count();
    let migrations = || FileBasedMigrations::from_path(&path).expect("the migrations");
    match kind {
        Kind::Sqlite => {
            let mut db = SqliteConnection::establish(database.url.strip_prefix("sqlite://").expect("a path"))
                .expect("a database");
            for _ in 0..count {
                db.run_next_migration(migrations()).expect("migrated");
            }
        }
        Kind::Postgres => {
            let mut db = PgConnection::establish(&database.url).expect("a database");
            for _ in 0..count {
                db.run_next_migration(migrations()).expect("migrated");
            }
        }
    }
    let all = include_str!("../fixtures/bulk_work.sql");
    let (_, rows) = all.split_once("ends a statement.\n").expect("what it is");
    for statement in rows.split(";\n").filter(|statement| !statement.is_empty()) {
        database.execute(&match kind {
            Kind::Sqlite => statement.replace("{bytes:", "X'").replace(":bytes}", "'"),
            Kind::Postgres => statement.replace("{bytes:", "'\\x").replace(":bytes}", "'"),
        });
    }
    if kind == Kind::Postgres {
        for table in ["accounts", "api_keys", "policies", "permissions", "jobs", "lifetime_rules"] {
            let sequence = format!("pg_get_serial_sequence('{table}', 'id')");
            database.execute(&format!("SELECT setval({sequence}, (SELECT max(id) FROM {table}))"));
        }
    }
    database
}

/// What an undo has to give back of the keys, as `fixtures/bulk_work_before.txt` tells it.
fn keys(app: &TestApp) -> String {
    let columns = "first_eight owner name grant_kind policy expires_at end_limit disabled_at disabled_by disabled_reason revoked_at revoked_by revoked_reason";
    let columns: Vec<String> =
        columns.split(' ').map(|column| format!("COALESCE(CAST({column} AS TEXT), '-')")).collect();
    let keys = format!("SELECT {} AS value FROM api_keys ORDER BY id", columns.join(" || '|' || "));
    let scopes =
        "SELECT CAST(key AS TEXT) || '>' || CAST(permission AS TEXT) AS value FROM key_scopes ORDER BY key, permission";
    let mut lines = app.database.texts(&keys);
    lines.extend(app.database.texts(scopes));
    lines.join("\n") + "\n"
}

const BEFORE: &str = include_str!("../fixtures/bulk_work_before.txt");

fn work(app: &TestApp) {
    app.run(app.app.run_jobs()).expect("work");
}

/// How all jobs are, by number.
fn states(app: &TestApp) -> Vec<String> {
    app.database.texts("SELECT CAST(id AS TEXT) || ' ' || state AS value FROM bulk_jobs ORDER BY id")
}

fn boss(app: &TestApp) -> Client {
    let client = app.client();
    assert_eq!(client.sign_in("boss", PASSWORD).status, 303);
    client
}

fn goes_on_and_is_given_back(kind: Kind) {
    let app = TestApp::start_with(left_by_the_version_before(kind), |_| {});
    work(&app);
    assert_eq!(states(&app), Vec::<String>::new(), "a server of that version may be at job 19 still");
    app.pass(SignedDuration::from_mins(2));
    work(&app);
    let done = |id: i64| format!("{id} done");
    let mut expected: Vec<String> = (1..=14).map(done).collect();
    expected.extend(["16 draft".into(), "18 draft".into(), done(19), done(20)]);
    assert_eq!(states(&app), expected, "what waited and what was under way is done; drafts wait");
    assert_eq!((app.database.count("jobs"), app.database.count("job_keys")), (0, 0));

    let boss = boss(&app);
    let list = boss.get("/admin/jobs").text();
    for said in ["2 API keys restored", "3 API keys given another policy", "2 API keys transferred to another owner"] {
        assert!(list.contains(said), "{said}: {list}");
    }
    assert!(boss.get("/admin/jobs/8").text().contains("This was undone"), "{}", boss.get("/admin/jobs/8").text());
    assert!(boss.get("/admin/jobs/9").text().contains("Undoes job 8"));
    assert!(boss.get("/admin/jobs/10").text().contains("short"), "by a filter");
    assert!(boss.get("/admin/lifetime-rules/impact/16").text().contains("1 API key would expire sooner"));

    let draft = "/admin/api-keys/bulk/18";
    assert!(boss.get(draft).texts("h1") == ["Delete 2 API keys?"]);
    assert_eq!(confirm(&boss, draft, &[]).status, 303);
    work(&app);
    assert!(keys(&app) != BEFORE, "much has changed");

    // What was shortened comes back when the rules allow it again.
    app.database.execute("UPDATE lifetime_rules SET longest_days = 365, longest_seconds = NULL");
    for job in [20, 19, 18, 14, 13, 12, 11, 10, 7, 6, 5, 4, 3] {
        let undone = boss.submit("/admin/jobs", &format!("/admin/jobs/{job}/undo"), &[]);
        assert_eq!(undone.status, 303);
        work(&app);
        let page = boss.get(undone.header("location")).text();
        assert!(page.contains(&format!("Undoes job {job}")), "job {job}: {page}");
        // Job 13 changed one of the keys of job 11 after it, and gave it back as job 11 had left it.
        let skipped = page.contains("1 key was left in place because somebody changed them after this list was made.");
        assert_eq!((skipped, page.contains(" left ")), (job == 11, job == 11), "job {job}: {page}");
    }
    let expected = BEFORE.replace("|by policy|policy|1|", "|by policy|policy|2|");
    assert_eq!(keys(&app), expected, "exactly what was there");
    let next = boss.submit(GRID, "/admin/api-keys/bulk", &[("key", "IcTNRUxN"), ("do", "delete")]);
    let number: i64 = next.header("location").rsplit('/').next().expect("a number").parse().expect("a number");
    assert!((21..100).contains(&number), "{number}: numbers go on where they were");
}

/// The columns of a job that say how it stands.
const STANDING: &str = "state, frozen_at, filter, created_by, created_name, address, request, reason, expires_at, total, people, services, recent, own, done, left_count, stop_asked, confirmed_at, finished_at, lease_until, source, is_frozen, frozen_up_to, shortened";

fn what_cannot_be_read_keeps_nothing_waiting(kind: Kind) {
    let database = left_by_the_version_before(kind);
    // Job 15 is of no operation that there is; job 17 undid it.
    for (id, verb, parameter) in [(15, "fly", ""), (17, "undo", "delete")] {
        database.execute(&format!(
            "INSERT INTO jobs (id, verb, parameter, {STANDING}) SELECT {id}, '{verb}', '{parameter}', {STANDING} FROM jobs WHERE id = 3"
        ));
    }
    database.execute("UPDATE jobs SET undoes = 15 WHERE id = 17");
    database.execute("UPDATE jobs SET undone_by = 17 WHERE id = 15");
    // Job 10 left keys for each reason, more than one transaction carries over, and had a filter that no index could hold.
    database.execute("UPDATE jobs SET left_count = 5203 WHERE id = 10");
    database
        .execute("INSERT INTO job_keys (job, key, version, outcome, why) VALUES (10, 1, 1, 'left', 'ends earlier')");
    database.execute("INSERT INTO job_keys (job, key, version, outcome, why) VALUES (10, 2, 1, 'left', 'rules')");
    database.execute(
        "WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 5300) \
         INSERT INTO job_keys (job, key, version, outcome, why) SELECT 10, i, 1, 'left', 'gone' FROM n",
    );
    let names: Vec<String> = (1_u64..=200).map(|n| format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    database.execute(&format!("UPDATE jobs SET filter = 'name~in={}' WHERE id = 10", names.join(";")));

    let app = TestApp::start_with(database, |_| {});
    app.pass(SignedDuration::from_mins(2));
    work(&app);
    let stayed = app.database.texts("SELECT CAST(id AS TEXT) || ' ' || verb AS value FROM jobs");
    assert_eq!(stayed, ["15 fly"]);
    assert_eq!(states(&app).len(), 19, "all others: {:?}", states(&app));
    let boss = boss(&app);
    let page = boss.get("/admin/jobs/10").text();
    for said in [
        "1 key was left in place because they end earlier anyway.",
        "1 key was left as it was because the lifetime rules allow no later end.",
        "5,201 keys were left because they had been purged.",
        &names[199],
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert_eq!((boss.get("/admin/jobs/17").status, boss.get("/admin/jobs").status), (200, 200));
}

#[test]
fn what_the_version_before_left_and_nobody_can_read_keeps_nothing_waiting_on_sqlite() {
    what_cannot_be_read_keeps_nothing_waiting(Kind::Sqlite);
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn what_the_version_before_left_and_nobody_can_read_keeps_nothing_waiting_on_postgres() {
    what_cannot_be_read_keeps_nothing_waiting(Kind::Postgres);
}

#[test]
fn bulk_work_of_the_version_before_goes_on_and_is_given_back_on_sqlite() {
    goes_on_and_is_given_back(Kind::Sqlite);
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn bulk_work_of_the_version_before_goes_on_and_is_given_back_on_postgres() {
    goes_on_and_is_given_back(Kind::Postgres);
}
