//! How the databases plan: asking them, and keeping their statistics fresh.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Integer, Text};

use crate::store::connection::Db;

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

/// Runs a query that stops when it has enough: walked along the index of its order, and what it joins looked up row by row.
///
/// SQLite does so when nothing else has an index. Postgres has to be kept from reading a whole table before the first row, to sort
/// it or to join it: it takes conditions that no index has for rarer than they are.
pub fn walking<T>(db: &mut Db, query: impl FnOnce(&mut Db) -> QueryResult<T>) -> QueryResult<T> {
    if let Db::Postgres(connection) = db {
        connection.batch_execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off",
        )?;
    }
    let found = query(db)?;
    if let Db::Postgres(connection) = db {
        connection.batch_execute(
            "SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on",
        )?;
    }
    Ok(found)
}

/// Lets the database look at what it holds, so that it plans well: both keep statistics only when they are told to, or in
/// time. Waits for nobody.
///
/// SQLite: looks at a thousand rows of each index. Postgres: samples each table; vacuums nothing, which it does by itself.
pub fn analyze(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(connection) => connection.batch_execute("PRAGMA analysis_limit = 1000; ANALYZE"),
        Db::Postgres(connection) => connection.batch_execute("ANALYZE"),
    }
}

/// What a database wants after very much was loaded.
///
/// SQLite: statistics, and its log in the file. Postgres: the space of dead rows back, and its maps of visible pages.
pub fn settle(db: &mut Db) -> QueryResult<()> {
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
