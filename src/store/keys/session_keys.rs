//! The table `session_keys`: keys that end with the session that made them. The row goes with the session's row.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::domain::accounts::account::Account;
use crate::domain::ids::AccountId;
use crate::domain::keys::secret::{FirstEight, SecretHash};
use crate::domain::keys::session_key::SessionKey;
use crate::domain::time::clock::Timestamp;
use crate::store::accounts::Row as AccountRow;
use crate::store::accounts::sessions::IdHash;
use crate::store::schema::{accounts, session_keys, sessions};
use crate::store::{Error, ReadTx, Write, WriteTx, dialect};

type Columns = (
    session_keys::first_eight,
    session_keys::created_at,
    sessions::expires_at,
    sessions::last_seen_at,
    sessions::user_agent,
);
const COLUMNS: Columns = (
    session_keys::first_eight,
    session_keys::created_at,
    sessions::expires_at,
    sessions::last_seen_at,
    sessions::user_agent,
);

/// As [`COLUMNS`] have it.
type Selected = (String, i64, i64, i64, String);

fn read((first_eight, created_at, expires_at, last_seen_at, user_agent): Selected) -> Result<SessionKey, Error> {
    let first_eight = FirstEight::parse(&first_eight)
        .ok_or_else(|| Error::Internal("a session key has a damaged first eight".into()))?;
    Ok(SessionKey {
        first_eight,
        created_at: Timestamp(created_at),
        expires_at: Timestamp(expires_at),
        last_seen_at: Timestamp(last_seen_at),
        user_agent,
    })
}

/// Adds a key to the session with this id; `None` when that has ended.
pub fn insert(
    tx: &mut WriteTx,
    session: &IdHash,
    first_eight: &FirstEight,
    hash: &SecretHash,
    now: Timestamp,
) -> Result<Option<SessionKey>, Error> {
    let found: Option<(i64, i64, i64, String)> = sessions::table
        .filter(sessions::id_hash.eq(session.bytes()).and(sessions::expires_at.gt(now.0)))
        .select((sessions::id, sessions::expires_at, sessions::last_seen_at, sessions::user_agent))
        .first(tx.db())
        .optional()?;
    let Some((session, expires_at, last_seen_at, user_agent)) = found else { return Ok(None) };
    diesel::insert_into(session_keys::table)
        .values((
            session_keys::first_eight.eq(first_eight.as_str()),
            session_keys::secret_hash.eq(hash.as_bytes()),
            session_keys::session.eq(session),
            session_keys::created_at.eq(now.0),
        ))
        .write(tx)?;
    read((first_eight.as_str().to_owned(), now.0, expires_at, last_seen_at, user_agent)).map(Some)
}

/// The keys whose secrets have these hashes, while their sessions are alive, and whose they are.
pub fn find_all(
    tx: &mut ReadTx,
    hashes: &[SecretHash],
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<HashMap<SecretHash, (SessionKey, Account)>, Error> {
    let presented = dialect::one_of_hashes(tx.kind(), "session_keys.secret_hash", hashes.iter());
    let found: Vec<(Selected, AccountRow, Vec<u8>)> = session_keys::table
        .inner_join(sessions::table.on(sessions::id.eq(session_keys::session)))
        .inner_join(accounts::table.on(accounts::id.eq(sessions::account)))
        .filter(presented)
        .filter(sessions::expires_at.gt(now.0).and(sessions::last_seen_at.gt(idle_since.0)))
        .select((COLUMNS, AccountRow::as_select(), session_keys::secret_hash))
        .load(tx.db())?;
    let damaged = || Error::Unavailable("the index on the secrets of session keys is damaged".into());
    let keyed = |(key, owner, hash): (Selected, AccountRow, Vec<u8>)| {
        let hash = SecretHash::from_bytes(&hash).filter(|hash| hashes.contains(hash)).ok_or_else(damaged)?;
        Ok((hash, (read(key)?, owner.into())))
    };
    found.into_iter().map(keyed).collect()
}

/// The key with this first eight, while its session is alive, whose it is, and the hash of its secret.
pub fn find_named(
    tx: &mut ReadTx,
    first_eight: &FirstEight,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<Option<(SessionKey, AccountId, SecretHash)>, Error> {
    let found: Option<(Selected, AccountId, Vec<u8>)> = session_keys::table
        .inner_join(sessions::table.on(sessions::id.eq(session_keys::session)))
        .filter(session_keys::first_eight.eq(first_eight.as_str()))
        .filter(sessions::expires_at.gt(now.0).and(sessions::last_seen_at.gt(idle_since.0)))
        .select((COLUMNS, sessions::account, session_keys::secret_hash))
        .first(tx.db())
        .optional()?;
    let Some((key, account, hash)) = found else { return Ok(None) };
    let hash = SecretHash::from_bytes(&hash);
    let hash = hash.ok_or_else(|| Error::Internal("a session key has a damaged hash".into()))?;
    Ok(Some((read(key)?, account, hash)))
}

/// The keys of an account's sessions that are alive, newest first.
pub fn list(
    tx: &mut ReadTx,
    account: AccountId,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<Vec<SessionKey>, Error> {
    let found: Vec<Selected> = session_keys::table
        .inner_join(sessions::table.on(sessions::id.eq(session_keys::session)))
        .filter(sessions::account.eq(account))
        .filter(sessions::expires_at.gt(now.0).and(sessions::last_seen_at.gt(idle_since.0)))
        .order(session_keys::id.desc())
        .select(COLUMNS)
        .load(tx.db())?;
    found.into_iter().map(read).collect()
}

/// How many keys of sessions that are alive each of these accounts has; who is not there has none.
pub fn count_of(
    tx: &mut ReadTx,
    owners: &[AccountId],
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<HashMap<AccountId, i64>, Error> {
    let rows: Vec<(AccountId, i64)> = session_keys::table
        .inner_join(sessions::table.on(sessions::id.eq(session_keys::session)))
        .filter(sessions::account.eq_any(owners))
        .filter(sessions::expires_at.gt(now.0).and(sessions::last_seen_at.gt(idle_since.0)))
        .group_by(sessions::account)
        .select((sessions::account, diesel::dsl::count_star()))
        .load(tx.db())?;
    Ok(rows.into_iter().collect())
}

/// How many keys there are of sessions that are alive.
pub fn count(tx: &mut ReadTx, now: Timestamp, idle_since: Timestamp) -> Result<i64, Error> {
    Ok(session_keys::table
        .inner_join(sessions::table.on(sessions::id.eq(session_keys::session)))
        .filter(sessions::expires_at.gt(now.0).and(sessions::last_seen_at.gt(idle_since.0)))
        .count()
        .get_result(tx.db())?)
}

/// Ends all keys of an account.
pub fn delete_all(tx: &mut WriteTx, account: AccountId) -> Result<(), Error> {
    let own = sessions::table.filter(sessions::account.eq(account)).select(sessions::id);
    diesel::delete(session_keys::table.filter(session_keys::session.eq_any(own))).write(tx)?;
    Ok(())
}

/// Ends a key of an account; says whether it was there.
pub fn delete(tx: &mut WriteTx, account: AccountId, first_eight: &FirstEight) -> Result<bool, Error> {
    let own = sessions::table.filter(sessions::account.eq(account)).select(sessions::id);
    let key = session_keys::table.filter(session_keys::first_eight.eq(first_eight.as_str()));
    Ok(diesel::delete(key.filter(session_keys::session.eq_any(own))).write(tx)? == 1)
}
