//! One transaction: begins, works, commits; rolls back on an error.

use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::TransactionManager;
use diesel::result::QueryResult;

use crate::store::{Db, Error, dialect};

/// A commit that takes longer may have waited for a standby, and somebody may have ended the wait.
const SLOW_COMMIT: Duration = Duration::from_millis(500);

/// Begins, works, commits; rolls back on an error. `lost` says what it means when the database goes away while it commits:
/// of a write nobody knows whether it was done.
pub fn transact<T, E: From<Error>>(
    db: &mut Db,
    begin: impl FnOnce(&mut Db) -> QueryResult<()>,
    lost: fn(String) -> Error,
    work: impl FnOnce(&mut Db) -> Result<T, E>,
) -> Result<T, E> {
    type Transactions = <Db as Connection>::TransactionManager;
    begin(db).map_err(Error::from)?;
    match work(db) {
        Ok(done) => {
            let asked = Instant::now();
            Transactions::commit_transaction(db).map_err(|error| match Error::from(error) {
                Error::Unavailable(reason) => lost(reason),
                error => error,
            })?;
            if asked.elapsed() > SLOW_COMMIT && dialect::waits_for_standby(db).map_err(Error::from)? {
                return Err(lost("the commit waited for a standby; it may not be there".into()).into());
            }
            Ok(done)
        }
        Err(error) => {
            if let Err(rollback) = Transactions::rollback_transaction(db) {
                tracing::warn!(error = %rollback, "A transaction could not be rolled back; its connection is dropped.");
            }
            Err(error)
        }
    }
}
