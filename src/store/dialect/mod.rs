//! EVERY difference between SQLite and Postgres, and nothing else. Each function names both behaviours.

mod errors;
mod locks;
mod plans;
mod search;

use diesel::connection::{AnsiTransactionManager, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};

use super::connection::Db;

pub use errors::{Unique, is_outage, violated};
pub use locks::{
    lift_statement_timeout, lock_account, lock_admins, lock_audit_chain, lock_catalogue, lock_keys, lock_policy,
    lock_server_keys,
};
pub use plans::{analyze, explain, set_up_load, walking};
pub use search::{is_common, may_hold};

/// Sets up a fresh connection.
///
/// SQLite: waits for locks, write-ahead log, and `synchronous=FULL`, because with NORMAL a power cut loses acknowledged
/// commits, that is, brings revoked keys back to life.
/// Postgres: limits on how long a statement and a lock may take, so that no request hangs.
pub fn set_up(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(connection) => {
            connection
                .batch_execute("PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
            // Switching a new file to the write-ahead log does not wait for others who do the same at this moment.
            let mut switched = connection.batch_execute("PRAGMA journal_mode = WAL");
            for _ in 0..100 {
                if switched.as_ref().err().is_none_or(|error| !is_outage(error)) {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(50));
                switched = connection.batch_execute("PRAGMA journal_mode = WAL");
            }
            switched
        }
        Db::Postgres(connection) => connection.batch_execute(
            "SET statement_timeout = '8s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '15s'; \
             SET client_min_messages = warning;",
        ),
    }
}

/// Sets up a connection that writes.
///
/// SQLite: what a transaction changes stays in memory until its end, since written early, pages that a batch of bulk work
/// changes often are written and read again and again; and the log is taken over into the database after 64 MB, so that
/// pages that many batches change are written there once.
/// Postgres: nothing; its server is set up for both.
pub fn set_up_writing(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(connection) => connection
            .batch_execute("PRAGMA cache_spill = OFF; PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 16384"),
        Db::Postgres(_) => Ok(()),
    }
}

#[derive(QueryableByName)]
struct IntegerValue {
    #[diesel(sql_type = Integer)]
    value: i32,
}

#[derive(QueryableByName)]
struct TextValue {
    #[diesel(sql_type = Text)]
    value: String,
}

/// What durability the database promises.
pub enum Durability {
    /// A commit that was acknowledged survives a power cut.
    Full,
    /// The last moments before a crash may be lost: worth a warning.
    Recent(&'static str),
    /// The database may be destroyed by a crash: refuse to start.
    None(&'static str),
}

/// Reads back what was set. SQLite: `synchronous` and `journal_mode`; Postgres: `fsync` and `synchronous_commit`.
pub fn durability(db: &mut Db) -> QueryResult<Durability> {
    match db {
        Db::Sqlite(connection) => {
            let synchronous: IntegerValue =
                diesel::sql_query("SELECT synchronous AS value FROM pragma_synchronous").get_result(connection)?;
            let journal: TextValue =
                diesel::sql_query("SELECT journal_mode AS value FROM pragma_journal_mode").get_result(connection)?;
            Ok(if synchronous.value >= 2 && journal.value == "wal" {
                Durability::Full
            } else {
                Durability::None(
                    "SQLite did not accept journal_mode=WAL and synchronous=FULL. Use a local disk, not a network share",
                )
            })
        }
        Db::Postgres(connection) => {
            let mut setting = |name: &str| -> QueryResult<String> {
                let row: TextValue = diesel::sql_query("SELECT current_setting($1) AS value")
                    .bind::<Text, _>(name)
                    .get_result(connection)?;
                Ok(row.value)
            };
            Ok(if setting("fsync")? == "off" {
                Durability::None("Postgres runs with fsync=off: a crash destroys the database. Set fsync=on")
            } else if setting("synchronous_commit")? == "off" {
                Durability::Recent(
                    "Postgres runs with synchronous_commit=off: after a crash, a key revoked in the last moment may be valid again",
                )
            } else {
                Durability::Full
            })
        }
    }
}

/// Begins a transaction that will write.
///
/// SQLite takes its one write lock at once; begun as a plain `BEGIN`, a transaction that reads and then writes fails
/// with "database is locked" when another wrote in between. Postgres locks rows as it goes.
pub fn begin_write(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(connection) => AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE"),
        Db::Postgres(connection) => AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN"),
    }
}

/// Begins a transaction that reads one unchanging state.
///
/// SQLite: every transaction does. Postgres: only from REPEATABLE READ up.
pub fn begin_read(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(connection) => AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN DEFERRED"),
        Db::Postgres(connection) => {
            AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        }
    }
}

/// Holds other migrating processes off until the end of the transaction.
///
/// SQLite: the write lock of `BEGIN IMMEDIATE` already does, for as long as the busy timeout allows (here: a minute).
/// Postgres: an advisory lock; the statement timeout is lifted, since a migration may take long.
pub fn lock_migrations(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(_) => Ok(()),
        Db::Postgres(connection) => connection.batch_execute(
            "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(7234810011);",
        ),
    }
}

/// Lets a connection wait a minute for the database's write lock, for migrations at start.
pub fn wait_for_lock(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(connection) => connection.batch_execute("PRAGMA busy_timeout = 60000"),
        Db::Postgres(_) => Ok(()),
    }
}
