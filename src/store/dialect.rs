//! EVERY difference between SQLite and Postgres, and nothing else. Each function names both behaviours.

use diesel::connection::{AnsiTransactionManager, SimpleConnection};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{Integer, Text};

use super::connection::Db;
use super::schema::accounts;

/// Sets up a fresh connection.
///
/// SQLite: waits for locks, write-ahead log, and `synchronous=FULL`, because with NORMAL a power cut loses acknowledged
/// commits, that is, brings revoked keys back to life.
/// Postgres: limits on how long a statement and a lock may take, so that no request hangs.
pub fn set_up(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(connection) => connection.batch_execute(
            "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
        ),
        Db::Postgres(connection) => connection.batch_execute(
            "SET statement_timeout = '8s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '15s'; \
             SET client_min_messages = warning;",
        ),
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

/// Keeps parallel transactions from counting the keys of `owner` at the same time.
///
/// SQLite: there is one writer anyway. Postgres: a row lock until the end of the transaction.
pub fn lock_account(db: &mut Db, owner: i64) -> QueryResult<bool> {
    let query = accounts::table.find(owner).select(accounts::id);
    let found = match db {
        Db::Sqlite(connection) => query.first::<i64>(connection).optional()?,
        Db::Postgres(connection) => query.for_update().first::<i64>(connection).optional()?,
    };
    Ok(found.is_some())
}

/// Keeps parallel transactions from taking the last two administrators away at the same time.
///
/// SQLite: there is one writer anyway. Postgres: locks on the rows of all active administrators, in one order.
pub fn lock_admins(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(_) => Ok(()),
        Db::Postgres(connection) => accounts::table
            .filter(accounts::role.eq("admin").and(accounts::active.eq(true)))
            .order(accounts::id.asc())
            .select(accounts::id)
            .for_update()
            .load::<i64>(connection)
            .map(drop),
    }
}

/// The rules of uniqueness that people can run into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// A live key of this owner has this name.
    KeyName,
    /// The first eight are taken.
    FirstEight,
    /// The user name is taken.
    Username,
    /// This form was sent before.
    UsedForm,
    /// Another rule.
    Other,
}

/// Which rule was violated. SQLite names the columns in its message, Postgres names the constraint or index.
pub fn violated(information: &dyn DatabaseErrorInformation) -> Unique {
    let named = information.constraint_name().unwrap_or_else(|| information.message());
    let rules = [
        ("api_keys_name_held", "api_keys.owner, api_keys.name", Unique::KeyName),
        ("api_keys_first_eight_key", "api_keys.first_eight", Unique::FirstEight),
        ("accounts_username_key", "accounts.username", Unique::Username),
        ("used_forms_pkey", "used_forms.form_hash", Unique::UsedForm),
    ];
    rules
        .into_iter()
        .find(|(postgres, sqlite, _)| named == *postgres || named.contains(sqlite))
        .map_or(Unique::Other, |(.., rule)| rule)
}

/// Is the database unreachable, too busy or unable to write, rather than the question wrong?
///
/// SQLite says so in words; Postgres by the kind of error, or in words where libpq lost the connection.
pub fn is_outage(error: &DieselError) -> bool {
    match error {
        DieselError::BrokenTransactionManager
        | DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::SerializationFailure
            | DatabaseErrorKind::ReadOnlyTransaction,
            _,
        ) => true,
        DieselError::RollbackErrorOnCommit { commit_error, .. } => is_outage(commit_error),
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, information) => {
            const SIGNS: [&str; 13] = [
                "deadlock detected",
                "database is locked",
                "database table is locked",
                "disk is full",
                "disk I/O error",
                "readonly database",
                "unable to open database file",
                "server closed the connection",
                "terminating connection",
                "connection to server",
                "canceling statement due to",
                "the database system is",
                "no connection to the server",
            ];
            SIGNS.iter().any(|sign| information.message().contains(sign))
        }
        _ => false,
    }
}
