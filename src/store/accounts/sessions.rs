//! The table `sessions`: who is signed in from where. Only hashes of session ids are here.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::domain::accounts::account::Account;
use crate::domain::accounts::session::ListedSession;
use crate::domain::ids::{AccountId, SessionId};
use crate::domain::time::clock::Timestamp;
use crate::store::accounts::Row as AccountRow;
use crate::store::schema::{accounts, sessions};
use crate::store::{Error, ReadTx, Write, WriteTx};

/// SHA-256 of a session id.
#[derive(Clone)]
pub struct IdHash([u8; 32]);

impl IdHash {
    /// Of the id that the cookie carries.
    pub fn of(id: &str) -> Self {
        Self(Sha256::digest(id.as_bytes()).into())
    }

    pub(in crate::store) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A session to be.
pub struct NewSession {
    /// Whose.
    pub account: AccountId,
    /// What the pages keep in it, as JSON.
    pub state: String,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
    /// Where the sign-in came from.
    pub address: String,
    /// With which browser.
    pub user_agent: String,
}

/// Adds a session.
pub fn insert(tx: &mut WriteTx, id: &IdHash, new: &NewSession, now: Timestamp) -> Result<(), Error> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id_hash.eq(id.bytes()),
            sessions::account.eq(new.account),
            sessions::state.eq(&new.state),
            sessions::created_at.eq(now.0),
            sessions::last_seen_at.eq(now.0),
            sessions::expires_at.eq(new.expires_at.0),
            sessions::address.eq(&new.address),
            sessions::user_agent.eq(&new.user_agent),
        ))
        .write(tx)?;
    Ok(())
}

/// The state of a session that has not ended and was seen after `idle_since`, with the moment it was last seen.
pub fn find(
    tx: &mut ReadTx,
    id: &IdHash,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<Option<(String, Timestamp)>, Error> {
    let row: Option<(String, i64)> = sessions::table
        .filter(sessions::id_hash.eq(id.bytes()))
        .filter(sessions::expires_at.gt(now.0).and(sessions::last_seen_at.gt(idle_since.0)))
        .select((sessions::state, sessions::last_seen_at))
        .first(tx.db())
        .optional()?;
    Ok(row.map(|(state, seen)| (state, Timestamp(seen))))
}

/// The account of a session that has not ended and was seen after `idle_since`.
pub fn account(tx: &mut ReadTx, id: &IdHash, now: Timestamp, idle_since: Timestamp) -> Result<Option<Account>, Error> {
    let row: Option<AccountRow> = sessions::table
        .inner_join(accounts::table.on(accounts::id.eq(sessions::account)))
        .filter(sessions::id_hash.eq(id.bytes()))
        .filter(sessions::expires_at.gt(now.0).and(sessions::last_seen_at.gt(idle_since.0)))
        .select(AccountRow::as_select())
        .first(tx.db())
        .optional()?;
    Ok(row.map(Account::from))
}

/// Gives a session another id.
pub fn renew(tx: &mut WriteTx, old: &IdHash, new: &IdHash) -> Result<bool, Error> {
    let session = sessions::table.filter(sessions::id_hash.eq(old.bytes()));
    Ok(diesel::update(session).set(sessions::id_hash.eq(new.bytes())).write(tx)? == 1)
}

/// Notes that a session is in use.
pub fn touch(tx: &mut WriteTx, id: &IdHash, now: Timestamp) -> Result<(), Error> {
    diesel::update(sessions::table.filter(sessions::id_hash.eq(id.bytes())))
        .set(sessions::last_seen_at.eq(now.0))
        .write(tx)?;
    Ok(())
}

/// Replaces the state. A session that was ended meanwhile stays ended: this never inserts.
pub fn set_state(tx: &mut WriteTx, id: &IdHash, state: &str) -> Result<(), Error> {
    diesel::update(sessions::table.filter(sessions::id_hash.eq(id.bytes())))
        .set(sessions::state.eq(state))
        .write(tx)?;
    Ok(())
}

/// Ends one session by its id.
pub fn delete(tx: &mut WriteTx, id: &IdHash) -> Result<usize, Error> {
    Ok(diesel::delete(sessions::table.filter(sessions::id_hash.eq(id.bytes()))).write(tx)?)
}

/// Ends one session out of an account's list.
pub fn delete_listed(tx: &mut WriteTx, account: AccountId, id: SessionId) -> Result<usize, Error> {
    Ok(diesel::delete(sessions::table.filter(sessions::id.eq(id).and(sessions::account.eq(account)))).write(tx)?)
}

/// Ends all sessions of an account.
pub fn delete_all(tx: &mut WriteTx, account: AccountId) -> Result<usize, Error> {
    Ok(diesel::delete(sessions::table.filter(sessions::account.eq(account))).write(tx)?)
}

/// Ends all sessions of an account but one.
pub fn delete_others(tx: &mut WriteTx, account: AccountId, keep: &IdHash) -> Result<usize, Error> {
    let others = sessions::account.eq(account).and(sessions::id_hash.ne(keep.bytes()));
    Ok(diesel::delete(sessions::table.filter(others)).write(tx)?)
}

/// Ends the oldest sessions of an account beyond the newest `keep`.
pub fn bound(tx: &mut WriteTx, account: AccountId, keep: i64) -> Result<(), Error> {
    let oldest: Vec<SessionId> = sessions::table
        .filter(sessions::account.eq(account))
        .order(sessions::id.desc())
        .offset(keep)
        .limit(1000)
        .select(sessions::id)
        .load(tx.db())?;
    if !oldest.is_empty() {
        diesel::delete(sessions::table.filter(sessions::id.eq_any(oldest))).write(tx)?;
    }
    Ok(())
}

/// The sessions of an account that are alive, newest activity first.
pub fn list(
    tx: &mut ReadTx,
    account: AccountId,
    current: Option<&IdHash>,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<Vec<ListedSession>, Error> {
    let rows: Vec<(SessionId, Vec<u8>, i64, i64, String, String)> = sessions::table
        .filter(sessions::account.eq(account))
        .filter(sessions::expires_at.gt(now.0).and(sessions::last_seen_at.gt(idle_since.0)))
        .order((sessions::last_seen_at.desc(), sessions::id.desc()))
        .select((
            sessions::id,
            sessions::id_hash,
            sessions::created_at,
            sessions::last_seen_at,
            sessions::address,
            sessions::user_agent,
        ))
        .load(tx.db())?;
    let listed = |(id, hash, created_at, last_seen_at, address, user_agent): (_, Vec<u8>, _, _, _, _)| ListedSession {
        id,
        created_at: Timestamp(created_at),
        last_seen_at: Timestamp(last_seen_at),
        address,
        user_agent,
        is_current: current.is_some_and(|current| hash == current.bytes()),
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// Removes the rows of sessions that are over.
pub fn purge(tx: &mut WriteTx, now: Timestamp, idle_since: Timestamp) -> Result<usize, Error> {
    let over = sessions::expires_at.le(now.0).or(sessions::last_seen_at.le(idle_since.0));
    Ok(diesel::delete(sessions::table.filter(over)).write(tx)?)
}
