//! EVERY difference between SQLite and Postgres, and nothing else. Each function names both behaviours.

use diesel::connection::{AnsiTransactionManager, SimpleConnection};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{BigInt, Bool, Integer, Text};

use super::connection::Db;
use super::keys::matching::{Predicate, holding};
use super::schema::{accounts, audit_chain};

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

/// The keys that may hold `text` somewhere, from an index over three characters in a row; `None` when it has fewer. It
/// lets through all that do hold it and some that do not: the caller checks.
///
/// SQLite: a full-text table with the trigram tokenizer, asked for all trigrams at once. Postgres: `pg_trgm`, whose
/// index takes the LIKE pattern itself; there the limit has no meaning.
pub fn may_hold(db: &Db, text: &str, limit: Option<i64>) -> Option<Predicate> {
    let trigrams = trigrams(text)?;
    Some(match db {
        Db::Sqlite(_) => Box::new(
            sql::<Bool>("api_keys.id IN (SELECT key_search.rowid FROM key_search WHERE key_search MATCH ")
                .bind::<Text, _>(trigrams)
                .sql(" LIMIT ")
                .bind::<BigInt, _>(limit.unwrap_or(-1))
                .sql(")"),
        ),
        Db::Postgres(_) => Box::new(
            sql::<Bool>(concat!(
                "((lower(api_keys.first_eight) || E'\\n' || api_keys.name_folded || E'\\n' || api_keys.note_folded ",
                "|| E'\\n' || api_keys.owner_folded) COLLATE \"C\") LIKE ",
            ))
            .bind::<Text, _>(holding(text)),
        ),
    })
}

/// Would the index over trigrams propose more than `limit` keys for `text`?
///
/// SQLite takes in all that it proposes before it looks at the first, so a text that occurs everywhere is better looked
/// for in the rows. Postgres estimates this by itself and needs no such question.
pub fn is_common(db: &mut Db, text: &str, limit: i64) -> QueryResult<bool> {
    let (Db::Sqlite(connection), Some(trigrams)) = (db, trigrams(text)) else { return Ok(false) };
    let row: IntegerValue = diesel::sql_query(
        "SELECT count(*) AS value FROM (SELECT rowid FROM key_search WHERE key_search MATCH $1 LIMIT $2)",
    )
    .bind::<Text, _>(trigrams)
    .bind::<BigInt, _>(limit + 1)
    .get_result(connection)?;
    Ok(i64::from(row.value) > limit)
}

/// The trigrams of a text as a full-text query; `None` when there is none. Of a long text, two dozen spread over it.
fn trigrams(text: &str) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    let quoted = |three: &[char]| format!("\"{}\"", three.iter().collect::<String>().replace('"', "\"\""));
    let all: Vec<String> = characters.windows(3).map(quoted).collect();
    let step = all.len().div_ceil(24).max(1);
    let spread: Vec<String> = all.into_iter().rev().step_by(step).collect();
    (!spread.is_empty()).then(|| spread.join(" AND "))
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

/// A query whose plan is asked for.
struct Explained<Q> {
    query: Q,
    prefix: &'static str,
}

type Any = <Db as Connection>::Backend;

impl<Q: QueryFragment<Any>> QueryFragment<Any> for Explained<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Any>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql(self.prefix);
        self.query.walk_ast(out.reborrow())
    }
}

impl<Q> QueryId for Explained<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// [`Explained`] with the type of the rows that come back.
struct Plan<Q, T>(Explained<Q>, std::marker::PhantomData<T>);

impl<Q: QueryFragment<Any>, T> QueryFragment<Any> for Plan<Q, T> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Any>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}

impl<Q, T> QueryId for Plan<Q, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q, T> Query for Plan<Q, T> {
    type SqlType = T;
}

impl<Q, T> RunQueryDsl<Db> for Plan<Q, T> {}

/// How the database would go about a query, line by line.
///
/// SQLite: `EXPLAIN QUERY PLAN`, four columns of which the last is for people. Postgres: `EXPLAIN`, one column; scans of
/// whole tables and sorts are made unattractive, so that a small table tells what a large one would do.
pub fn explain<Q: QueryFragment<Any>>(db: &mut Db, query: Q) -> QueryResult<Vec<String>> {
    match db {
        Db::Sqlite(_) => {
            let plan = Explained { query, prefix: "EXPLAIN QUERY PLAN " };
            let rows: Vec<(i32, i32, i32, String)> =
                Plan::<Q, (Integer, Integer, Integer, Text)>(plan, std::marker::PhantomData).load(db)?;
            Ok(rows.into_iter().map(|(.., line)| line).collect())
        }
        Db::Postgres(connection) => {
            connection.batch_execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = on",
            )?;
            let plan = Explained { query, prefix: "EXPLAIN (COSTS OFF) " };
            Plan::<Q, Text>(plan, std::marker::PhantomData).load(db)
        }
    }
}

/// Lets the database look at what it holds, so that it plans well: both keep statistics only when they are told to, or in time.
pub fn analyze(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(connection) => {
            connection.batch_execute("PRAGMA analysis_limit = 1000; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);")
        }
        // Statements that are sent together are one transaction, in which Postgres does not vacuum.
        Db::Postgres(connection) => ["SET statement_timeout = 0", "VACUUM ANALYZE", "SET statement_timeout = '8s'"]
            .iter()
            .try_for_each(|statement| connection.batch_execute(statement)),
    }
}

/// Sets a connection up for loading very much.
///
/// SQLite: a cache that holds the inner pages of all indexes. Postgres: its own caches do.
pub fn set_up_load(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(connection) => connection.batch_execute("PRAGMA cache_size = -400000"),
        Db::Postgres(connection) => connection.batch_execute("SET LOCAL statement_timeout = 0"),
    }
}

/// Keeps parallel transactions from appending to the audit log at the same time; gives the number and hash of the latest event.
///
/// SQLite: there is one writer anyway. Postgres: a lock on the one row that knows the end, until the end of the transaction.
pub fn lock_audit_chain(db: &mut Db) -> QueryResult<(i64, Vec<u8>)> {
    let end = audit_chain::table.find(1).select((audit_chain::last_sequence, audit_chain::last_hash));
    match db {
        Db::Sqlite(connection) => end.first(connection),
        Db::Postgres(connection) => end.for_update().first(connection),
    }
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
    /// The account has a view with this name.
    ViewName,
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
        ("saved_views_account_name_key", "saved_views.account, saved_views.name", Unique::ViewName),
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
