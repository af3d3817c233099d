//! What the databases promise about what they acknowledged, and how each is administered.

use std::path::Path;
use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use percent_encoding::{AsciiSet, utf8_percent_encode};

use super::{BigIntValue, Deadline, IntegerValue, TextValue};
use crate::domain::time::clock::Timestamp;
use crate::store::connection::Db;

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
        Db::Postgres(connection) => Ok(if setting(connection, "fsync")? == "off" {
            Durability::None("Postgres runs with fsync=off: a crash destroys the database. Set fsync=on")
        } else if setting(connection, "synchronous_commit")? == "off" {
            Durability::Recent(
                "Postgres runs with synchronous_commit=off: after a crash, a key revoked in the last moment may be valid again",
            )
        } else {
            Durability::Full
        }),
    }
}

/// Does a commit wait for a standby? Who cancels the wait (a statement's time limit, an administrator) makes Postgres answer
/// "committed" with a warning that Diesel does not hand on; so after a wait nobody knows.
///
/// SQLite: never. Postgres: where `synchronous_standby_names` is set.
pub fn waits_for_standby(db: &mut Db) -> QueryResult<bool> {
    match db {
        Db::Sqlite(_) => Ok(false),
        Db::Postgres(connection) => Ok(!setting(connection, "synchronous_standby_names")?.is_empty()),
    }
}

fn setting(connection: &mut PgConnection, name: &str) -> QueryResult<String> {
    let row: TextValue =
        diesel::sql_query("SELECT current_setting($1) AS value").bind::<Text, _>(name).get_result(connection)?;
    Ok(row.value)
}

/// Takes what stands in the log over into the database, so far as no reader needs the old pages.
///
/// SQLite: until then the file alone is not the database. Postgres: does so by itself.
pub fn checkpoint(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(connection) => connection.batch_execute("PRAGMA wal_checkpoint(PASSIVE)"),
        Db::Postgres(_) => Ok(()),
    }
}

/// What is wrong with the structure of the database, if anything is.
///
/// SQLite: `quick_check`, which reads all pages. Postgres: its own tools do that.
pub fn structural_damage(db: &mut Db) -> QueryResult<Option<String>> {
    match db {
        Db::Sqlite(connection) => first_damage(connection),
        Db::Postgres(_) => Ok(None),
    }
}

/// What a log that a process left behind would damage, if it were taken over into a database file; `None` when nothing is wrong,
/// or the look took longer than `until`. Reads alone: nothing is taken over by it.
///
/// SQLite: `quick_check` on a connection that only reads.
pub fn damage_by_log(path: &Path, until: Instant) -> Option<String> {
    /// What means something in SQLite's file URIs.
    const SPECIAL: &AsciiSet = &AsciiSet::EMPTY.add(b'%').add(b'?').add(b'#');
    let path = path.display().to_string();
    let path = utf8_percent_encode(&path, SPECIAL);
    let mut connection = SqliteConnection::establish(&format!("file:{path}?mode=ro")).ok()?;
    let _deadline = Deadline::at(until);
    first_damage(&mut connection).unwrap_or_else(|error| {
        Some(error.to_string()).filter(|text| text.contains("malformed") || text.contains("not a database"))
    })
}

fn first_damage(connection: &mut SqliteConnection) -> QueryResult<Option<String>> {
    let first = "SELECT quick_check AS value FROM pragma_quick_check LIMIT 1";
    let found: TextValue = diesel::sql_query(first).get_result(connection)?;
    Ok((found.value != "ok").then_some(found.value))
}

/// What time it is by the database's clock.
///
/// SQLite: has none, it is part of this process. Postgres: all nodes share its.
pub fn current_time(db: &mut Db) -> QueryResult<Option<Timestamp>> {
    match db {
        Db::Sqlite(_) => Ok(None),
        Db::Postgres(connection) => {
            let query = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS value";
            let row: BigIntValue = diesel::sql_query(query).get_result(connection)?;
            Ok(Some(Timestamp(row.value)))
        }
    }
}
