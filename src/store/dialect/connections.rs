//! Setting up connections: what each database is told before it is asked anything.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::R2D2Connection;

use super::errors::is_outage;
use super::sqlite_hooks;
use crate::store::connection::Db;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Pages, exports, upkeep.
    Reading,
    /// Verifications: half a second for all.
    Verifying,
    /// Changes.
    Writing,
    /// Statistics, SQLite's log, checks of the structure.
    Upkeep,
}

impl Purpose {
    /// Postgres' limits on how long a statement, a lock and an idle transaction may take, so that no request hangs; and
    /// neither compiled nor parallel plans, which it starts for queries that want twenty rows, since hidden conditions have no
    /// statistics (measured: 36 to 72 ms of 65 to 112). Rows that an index names are taken to be nearly as near as their
    /// neighbours, as they are in memory and on disks without heads: else lists of a few thousand keys read the whole table.
    /// `{local}` is `LOCAL` for one transaction alone.
    fn settings(self, local: &str) -> String {
        let statement = if self == Self::Verifying { "450ms" } else { "8s" };
        format!(
            "SET {local} statement_timeout = '{statement}'; SET {local} lock_timeout = '5s'; \
             SET {local} idle_in_transaction_session_timeout = '15s'; SET {local} client_min_messages = warning; \
             SET {local} jit = off; SET {local} max_parallel_workers_per_gather = 0; \
             SET {local} random_page_cost = 1.1;"
        )
    }
}

/// Lets every SQLite connection that is opened from now on have its hooks. Says whether that succeeded.
pub fn install_hooks() -> bool {
    sqlite_hooks::install()
}

/// Sets up a fresh connection.
///
/// SQLite: waits for locks, write-ahead log, and `synchronous=FULL`, because with NORMAL a power cut loses acknowledged
/// commits, that is, brings revoked keys back to life. What a writing transaction changes stays in memory until its end, since
/// written early, pages that a batch of bulk work changes often are written and read again and again; and its log is taken over
/// by a task of its own (`store/upkeep.rs`), by the writer only when it is very long. A connection that only reads refuses to write.
/// Postgres: see [`Purpose::settings`]; and its messages in English where the user may set that, since some errors have no
/// other name.
pub fn set_up(db: &mut Db, purpose: Purpose) -> QueryResult<()> {
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
            switched?;
            match purpose {
                Purpose::Writing => connection.batch_execute(
                    "PRAGMA cache_spill = OFF; PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 16384",
                ),
                Purpose::Reading | Purpose::Verifying => connection.batch_execute("PRAGMA query_only = ON"),
                Purpose::Upkeep => Ok(()),
            }
        }
        Db::Postgres(connection) => {
            connection.batch_execute(&purpose.settings(""))?;
            if connection.batch_execute("SET lc_messages = 'C'").is_err() {
                tracing::trace!("The database's messages stay in its own language.");
            }
            Ok(())
        }
    }
}

/// Sets up one transaction, behind a pooler that gives it any session. SQLite has none.
pub fn set_up_transaction(db: &mut Db, purpose: Purpose) -> QueryResult<()> {
    match db {
        Db::Sqlite(_) => Ok(()),
        Db::Postgres(connection) => connection.batch_execute(&purpose.settings("LOCAL")),
    }
}

/// Does the connection live? SQLite: it is a file. Postgres: asks.
pub fn ping(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(_) => Ok(()),
        Db::Postgres(connection) => connection.ping(),
    }
}

/// Lets a connection wait a minute for the database's write lock, for migrations at start.
pub fn wait_for_lock(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(connection) => connection.batch_execute("PRAGMA busy_timeout = 60000"),
        Db::Postgres(_) => Ok(()),
    }
}
