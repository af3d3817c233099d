//! Locks against parallel transactions. SQLite has one writer at a time and needs none; Postgres locks rows, until the end of
//! the transaction, always in one order. Locks on accounts let others refer to them: a foreign key needs no more.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::domain::ids::{AccountId, KeyId, PolicyId};
use crate::store::connection::Db;
use crate::store::schema::{accounts, api_keys, audit_chain, policies};

/// Keeps parallel transactions from counting the keys of `owner` at the same time.
///
/// SQLite: there is one writer anyway. Postgres: a row lock until the end of the transaction.
pub fn lock_account(db: &mut Db, owner: AccountId) -> QueryResult<bool> {
    let query = accounts::table.find(owner).select(accounts::id);
    let found = match db {
        Db::Sqlite(connection) => query.first::<i64>(connection).optional()?,
        Db::Postgres(connection) => query.for_no_key_update().first::<i64>(connection).optional()?,
    };
    Ok(found.is_some())
}

/// As [`lock_account`], for several: in one order, so that two transactions that want the same ones take turns.
pub fn lock_accounts(db: &mut Db, owners: &[AccountId]) -> QueryResult<()> {
    let query = accounts::table.filter(accounts::id.eq_any(owners)).order(accounts::id.asc()).select(accounts::id);
    match db {
        Db::Sqlite(_) => Ok(()),
        Db::Postgres(connection) => query.for_no_key_update().load::<i64>(connection).map(drop),
    }
}

/// Keeps parallel transactions from appending to the audit log at the same time; gives the number and hash of the latest
/// event, the number of the latest change, and up to which event changes were published.
///
/// SQLite: there is one writer anyway. Postgres: a lock on the one row that knows the end, until the end of the transaction.
pub fn lock_audit_chain(db: &mut Db) -> QueryResult<(i64, Vec<u8>, i64, i64)> {
    let end = audit_chain::table.find(1).select((
        audit_chain::last_sequence,
        audit_chain::last_hash,
        audit_chain::last_change,
        audit_chain::fed_sequence,
    ));
    match db {
        Db::Sqlite(connection) => end.first(connection),
        Db::Postgres(connection) => end.for_update().first(connection),
    }
}

/// Keeps parallel transactions from changing these keys.
///
/// SQLite: there is one writer anyway. Postgres: locks on their rows, in one order.
pub fn lock_keys(db: &mut Db, ids: &[KeyId]) -> QueryResult<()> {
    match db {
        Db::Sqlite(_) => Ok(()),
        Db::Postgres(connection) => api_keys::table
            .filter(api_keys::id.eq_any(ids))
            .order(api_keys::id.asc())
            .select(api_keys::id)
            .for_update()
            .load::<i64>(connection)
            .map(drop),
    }
}

/// Keeps parallel transactions from counting the server keys of all service accounts at the same time.
///
/// SQLite: there is one writer anyway. Postgres: an advisory lock until the end of the transaction.
pub fn lock_server_keys(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(_) => Ok(()),
        Db::Postgres(connection) => connection.batch_execute("SELECT pg_advisory_xact_lock(7234810012)"),
    }
}

/// Keeps parallel transactions from changing, deleting or giving a policy at the same time.
///
/// SQLite: there is one writer anyway. Postgres: a lock on its row until the end of the transaction.
pub fn lock_policy(db: &mut Db, id: PolicyId) -> QueryResult<()> {
    match db {
        Db::Sqlite(_) => Ok(()),
        Db::Postgres(connection) => {
            policies::table.find(id).select(policies::id).for_update().load::<i64>(connection).map(drop)
        }
    }
}

/// Keeps parallel transactions from changing the catalogue of permissions at the same time.
///
/// SQLite: there is one writer anyway. Postgres: an advisory lock until the end of the transaction.
pub fn lock_catalogue(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(_) => Ok(()),
        Db::Postgres(connection) => connection.batch_execute("SELECT pg_advisory_xact_lock(7234810013)"),
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
            .for_no_key_update()
            .load::<i64>(connection)
            .map(drop),
    }
}
