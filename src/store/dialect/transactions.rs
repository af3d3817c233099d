//! How transactions begin.

use diesel::connection::{AnsiTransactionManager, SimpleConnection};
use diesel::prelude::*;

use crate::store::connection::Db;

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
