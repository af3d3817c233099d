//! One binary, two databases: ordinary queries are written once against [`Db`]; [`each!`] runs one expression on the
//! concrete connection where Diesel's multi-connection cannot (row locks, batch inserts).

use diesel::{PgConnection, SqliteConnection};

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum Db {
    /// Postgres.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}

/// Runs the same Diesel expression on the concrete connection.
macro_rules! each {
    ($db:expr, $connection:ident => $body:expr) => {
        match $db {
            $crate::store::connection::Db::Postgres($connection) => $body,
            $crate::store::connection::Db::Sqlite($connection) => $body,
        }
    };
}
pub(super) use each;
