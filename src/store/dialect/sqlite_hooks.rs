//! What SQLite lets only its C interface set on a connection: a stable query plan, and a deadline for its statements.
//!
//! Diesel does not hand out a connection's handle. SQLite calls an *automatic extension* for every connection that this
//! process opens, so both are set there. This is the one file of the crate with `unsafe` (`tests/it/tidy.rs`).

#![expect(unsafe_code, reason = "SQLite's C interface; each call is justified beside it")]

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::sync::OnceLock;
use std::time::Instant;

use libsqlite3_sys::{
    SQLITE_DBCONFIG_ENABLE_QPSG, SQLITE_ERROR, SQLITE_OK, sqlite3, sqlite3_api_routines, sqlite3_auto_extension,
    sqlite3_db_config, sqlite3_progress_handler,
};

/// Instructions of SQLite's virtual machine between two looks at the clock: a fraction of a millisecond.
const INSTRUCTIONS: c_int = 10_000;

thread_local! {
    /// When the statements of this thread are interrupted.
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Interrupts the SQLite statements of this thread at a moment, for as long as this value lives. An interrupted statement
/// fails with "interrupted". Postgres has `statement_timeout` instead.
pub struct Deadline {
    before: Option<Instant>,
}

impl Deadline {
    /// From now on.
    pub fn at(moment: Instant) -> Self {
        Self { before: DEADLINE.replace(Some(moment)) }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        DEADLINE.set(self.before);
    }
}

/// Has every connection that is opened from now on set up. A second call changes nothing. Says whether it succeeded.
pub fn install() -> bool {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    *INSTALLED.get_or_init(|| {
        // SAFETY: `set_up` has the signature that SQLite documents for an entry point, and lives as long as the process.
        unsafe { sqlite3_auto_extension(Some(set_up)) == SQLITE_OK }
    })
}

/// Sets a fresh connection up: the query planner stability guarantee, read back, and the deadline.
///
/// Without the guarantee SQLite parses and plans a query with a bound `LIMIT` anew at each use, since it looks at the value;
/// Diesel always binds it. With it, a plan never depends on bound values (sqlite.org/queryplanner-ng.html, section 3).
extern "C" fn set_up(db: *mut sqlite3, _: *mut *mut c_char, _: *const sqlite3_api_routines) -> c_int {
    let (on, mut is_on): (c_int, c_int) = (1, 0);
    // SAFETY: SQLite passes a valid handle, which no other thread has yet. The flag takes an int and a pointer to an int
    // (sqlite.org/c3ref/c_dbconfig_defensive.html), which outlives the call. The handler is called with a null argument, and
    // never after the connection is closed.
    unsafe {
        if sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_QPSG, on, &raw mut is_on) != SQLITE_OK || is_on != 1 {
            return SQLITE_ERROR;
        }
        sqlite3_progress_handler(db, INSTRUCTIONS, Some(is_over), std::ptr::null_mut());
    }
    SQLITE_OK
}

/// Not zero interrupts the statement. SQLite calls this on the thread that runs it, also while it plans.
extern "C" fn is_over(_: *mut c_void) -> c_int {
    c_int::from(DEADLINE.get().is_some_and(|deadline| Instant::now() >= deadline))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use diesel::prelude::*;
    use diesel::sql_types::BigInt;
    use libsqlite3_sys::{
        SQLITE_ROW, SQLITE_STMTSTATUS_REPREPARE, sqlite3_bind_int, sqlite3_close, sqlite3_finalize, sqlite3_open,
        sqlite3_prepare_v2, sqlite3_reset, sqlite3_step, sqlite3_stmt_status,
    };

    use super::*;

    /// How often SQLite planned a query with a bound limit anew in three uses with three values.
    fn replanned() -> c_int {
        let (mut db, mut statement) = (std::ptr::null_mut(), std::ptr::null_mut());
        let query = c"WITH n (x) AS (VALUES (1), (2), (3), (4)) SELECT x FROM n ORDER BY x LIMIT ?1";
        // SAFETY: all pointers come from SQLite, are checked by its result codes, and are freed once.
        unsafe {
            assert_eq!(sqlite3_open(c":memory:".as_ptr(), &raw mut db), SQLITE_OK);
            let prepared = sqlite3_prepare_v2(db, query.as_ptr(), -1, &raw mut statement, std::ptr::null_mut());
            assert_eq!(prepared, SQLITE_OK);
            for limit in [1, 2, 3] {
                sqlite3_bind_int(statement, 1, limit);
                assert_eq!(sqlite3_step(statement), SQLITE_ROW);
                sqlite3_reset(statement);
            }
            let again = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_REPREPARE, 0);
            sqlite3_finalize(statement);
            sqlite3_close(db);
            again
        }
    }

    #[test]
    fn a_query_with_a_bound_limit_is_planned_once() {
        assert!(install());
        assert_eq!(replanned(), 0);
    }

    #[test]
    fn a_statement_is_interrupted_at_the_deadline() {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            value: i64,
        }
        assert!(install());
        let mut db = SqliteConnection::establish(":memory:").unwrap();
        let count = |upto: i64| {
            diesel::sql_query(format!(
                "WITH RECURSIVE n (x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < {upto}) SELECT max(x) AS value FROM n"
            ))
        };
        let limited = {
            let _deadline = Deadline::at(Instant::now() + Duration::from_millis(50));
            count(i64::MAX).get_result::<Row>(&mut db).map(|row| row.value)
        };
        assert_eq!(limited.unwrap_err().to_string(), "interrupted");
        assert_eq!(count(1_000).get_result::<Row>(&mut db).unwrap().value, 1_000, "afterwards there is none");
    }
}
