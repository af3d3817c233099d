//! Changing many keys in one statement: what a batch of a bulk job does.

use std::collections::{HashMap, HashSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::Row;
use super::predicate::Predicate;
use crate::domain::change::Change;
use crate::domain::ids::{AccountId, KeyId, PolicyId};
use crate::domain::keys::api_key::{ApiKey, KeyName, Stop};
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::store::schema::{api_keys, key_secrets};
use crate::store::{Error, ReadTx, Write, WriteTx, dialect};

diesel::alias! {
    const HOLDERS: Alias<Holders> = api_keys as holders;
}

/// The keys with these ids, held against other transactions that change them.
pub fn lock_for_update(tx: &mut WriteTx, ids: &[KeyId]) -> Result<HashMap<KeyId, ApiKey>, Error> {
    dialect::lock_keys(tx.db(), ids)?;
    find_all(tx, ids)
}

/// The keys with these ids.
fn find_all(tx: &mut ReadTx, ids: &[KeyId]) -> Result<HashMap<KeyId, ApiKey>, Error> {
    let rows: Vec<Row> = api_keys::table.filter(api_keys::id.eq_any(ids)).select(Row::as_select()).load(tx.db())?;
    rows.into_iter().map(|row| Ok((row.id, row.try_into()?))).collect()
}

/// The keys that fulfil a predicate, in the order of their ids.
pub fn find_where(tx: &mut ReadTx, predicate: Predicate) -> Result<Vec<ApiKey>, Error> {
    let keys = api_keys::table.filter(predicate).order(api_keys::id.asc()).select(Row::as_select());
    keys.load::<Row>(tx.db())?.into_iter().map(ApiKey::try_from).collect()
}

/// Revokes all of them: they let go of their names, and their replaced secrets are forgotten.
pub fn revoke_all(tx: &mut WriteTx, ids: &[KeyId], stop: &Stop, now: Timestamp) -> Result<(), Error> {
    tx.changed_keys(ids);
    diesel::update(api_keys::table.filter(api_keys::id.eq_any(ids)))
        .set((
            api_keys::revoked_at.eq(Some(stop.at.0)),
            api_keys::revoked_by.eq(stop.by),
            api_keys::revoked_reason.eq(&stop.reason),
            api_keys::holds_name.eq(false),
            api_keys::changed_at.eq(now.0),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .write(tx)?;
    diesel::delete(key_secrets::table.filter(key_secrets::key.eq_any(ids))).write(tx)?;
    Ok(())
}

/// Pauses all of them, or ends their pauses.
pub fn set_disabled_all(tx: &mut WriteTx, ids: &[KeyId], stop: Option<&Stop>, now: Timestamp) -> Result<(), Error> {
    tx.changed_keys(ids);
    diesel::update(api_keys::table.filter(api_keys::id.eq_any(ids)))
        .set((
            api_keys::disabled_at.eq(stop.map(|stop| stop.at.0)),
            api_keys::disabled_by.eq(stop.and_then(|stop| stop.by)),
            api_keys::disabled_reason.eq(stop.map_or("", |stop| &stop.reason)),
            api_keys::changed_at.eq(now.0),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .write(tx)?;
    Ok(())
}

/// Gives all of them the same end. Those that it ends let go of their names when a new key asks for them; a replaced secret
/// ends with its key, whatever its own end is.
pub fn set_expiry_all(tx: &mut WriteTx, ids: &[KeyId], end: Option<Timestamp>, now: Timestamp) -> Result<(), Error> {
    tx.changed_keys(ids);
    diesel::update(api_keys::table.filter(api_keys::id.eq_any(ids)))
        .set((
            api_keys::expires_at.eq(end.map(|end| end.0)),
            api_keys::changed_at.eq(now.0),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .write(tx)?;
    Ok(())
}

/// As [`set_expiry_all`], and no rotation may go beyond it.
pub fn limit_expiry_all(tx: &mut WriteTx, ids: &[KeyId], end: Option<Timestamp>, now: Timestamp) -> Result<(), Error> {
    diesel::update(api_keys::table.filter(api_keys::id.eq_any(ids)))
        .set(api_keys::end_limit.eq(end.map(|end| end.0)))
        .write(tx)?;
    set_expiry_all(tx, ids, end, now)
}

/// Gives a key another end, as part of a change that counts the version up itself.
pub fn set_end(tx: &mut WriteTx, id: KeyId, end: Option<Timestamp>) -> Result<(), Error> {
    tx.changed(Change::Key(id));
    diesel::update(api_keys::table.find(id)).set(api_keys::expires_at.eq(end.map(|end| end.0))).write(tx)?;
    Ok(())
}

/// Gives all of them another policy.
pub fn set_policy_all(tx: &mut WriteTx, ids: &[KeyId], policy: PolicyId, now: Timestamp) -> Result<(), Error> {
    tx.changed_keys(ids);
    diesel::update(api_keys::table.filter(api_keys::id.eq_any(ids)))
        .set((
            api_keys::policy.eq(Some(policy)),
            api_keys::grant_kind.eq("policy"),
            api_keys::changed_at.eq(now.0),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .write(tx)?;
    Ok(())
}

/// Gives all of them to another owner, each under its name here. A live key whose name another live key of that owner has
/// gets a new one: these are given back. Whoever paused an own key is followed by the new owner in that, too.
pub fn transfer_all(
    tx: &mut WriteTx,
    keys: &[(&ApiKey, String)],
    owner: AccountId,
    now: Timestamp,
) -> Result<Vec<(KeyId, String)>, Error> {
    let ids: Vec<KeyId> = keys.iter().map(|(key, _)| key.id).collect();
    tx.changed_keys(&ids);
    let owner_folded = super::folding::of_owner(tx, owner)?;
    let paused_by_owner = api_keys::disabled_by.eq(api_keys::owner.nullable());
    diesel::update(api_keys::table.filter(api_keys::id.eq_any(&ids)).filter(paused_by_owner))
        .set(api_keys::disabled_by.eq(Some(owner)))
        .write(tx)?;
    diesel::update(api_keys::table.filter(api_keys::id.eq_any(&ids)))
        .set((
            api_keys::owner.eq(owner),
            api_keys::owner_folded.eq(owner_folded),
            api_keys::holds_name.eq(false),
            api_keys::changed_at.eq(now.0),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .write(tx)?;
    for (key, name) in keys.iter().filter(|(key, name)| key.name != *name) {
        diesel::update(api_keys::table.find(key.id))
            .set((api_keys::name.eq(name), api_keys::name_folded.eq(text::folded(name))))
            .write(tx)?;
    }
    let live = keys.iter().filter(|(key, _)| key.revoked.is_none() && !key.is_past_expiry(now));
    let moved: Vec<ApiKey> = live.map(|(key, name)| ApiKey { owner, name: name.clone(), ..(*key).clone() }).collect();
    let live_ids: Vec<KeyId> = moved.iter().map(|key| key.id).collect();
    let renamed = rename_where_taken(tx, &moved.iter().collect::<Vec<_>>(), now)?;
    let live = api_keys::table.filter(api_keys::id.eq_any(&live_ids));
    diesel::update(live).set(api_keys::holds_name.eq(true)).write(tx)?;
    Ok(renamed)
}

/// The ids of some keys that fulfil a predicate.
pub fn some_of(tx: &mut ReadTx, predicate: Predicate, most: i64) -> Result<Vec<KeyId>, Error> {
    Ok(api_keys::table.filter(predicate).select(api_keys::id).limit(most).load(tx.db())?)
}

/// Those of these keys that fulfil a predicate.
pub fn those_of(tx: &mut ReadTx, ids: &[KeyId], predicate: Predicate) -> Result<Vec<KeyId>, Error> {
    Ok(api_keys::table.filter(api_keys::id.eq_any(ids)).filter(predicate).select(api_keys::id).load(tx.db())?)
}

/// Keys that were revoked, or expired, before a moment. A revoked key is kept its time from its revocation on, also when it
/// expired before that.
pub fn ended_before(before: Timestamp) -> Predicate {
    let revoked = sql::<Bool>("COALESCE(api_keys.revoked_at < ").bind::<BigInt, _>(before.0).sql(", FALSE)");
    let expired = sql::<Bool>("(api_keys.standing < 2 AND api_keys.ends_at < ").bind::<BigInt, _>(before.0).sql(")");
    Box::new(revoked.or(expired))
}

/// Removes keys for good.
pub fn purge(tx: &mut WriteTx, ids: &[KeyId]) -> Result<(), Error> {
    tx.changed_keys(ids);
    diesel::delete(api_keys::table.filter(api_keys::id.eq_any(ids))).write(tx)?;
    Ok(())
}

/// Brings revoked keys back, each with this end. A key whose name another live key of its owner has by now gets a new one: these
/// are given back.
pub fn restore_all(
    tx: &mut WriteTx,
    keys: &[(&ApiKey, Option<Timestamp>)],
    now: Timestamp,
) -> Result<Vec<(KeyId, String)>, Error> {
    let ids: Vec<KeyId> = keys.iter().map(|(key, _)| key.id).collect();
    tx.changed_keys(&ids);
    for (key, end) in keys.iter().filter(|(key, end)| key.expires_at != *end) {
        set_end(tx, key.id, *end)?;
    }
    let live: Vec<&ApiKey> =
        keys.iter().filter(|(_, end)| end.is_none_or(|end| end > now)).map(|(key, _)| *key).collect();
    let live_ids: Vec<KeyId> = live.iter().map(|key| key.id).collect();
    let renamed = rename_where_taken(tx, &live, now)?;
    diesel::update(api_keys::table.filter(api_keys::id.eq_any(&ids)))
        .set((
            api_keys::revoked_at.eq(None::<i64>),
            api_keys::revoked_by.eq(None::<i64>),
            api_keys::revoked_reason.eq(""),
            api_keys::holds_name.eq(api_keys::id.eq_any(&live_ids)),
            api_keys::changed_at.eq(now.0),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .write(tx)?;
    Ok(renamed)
}

/// Gives keys back an end and the limit of it, and what lives again its name.
pub fn give_ends_back(
    tx: &mut WriteTx,
    keys: &[(&ApiKey, Option<Timestamp>, Option<Timestamp>)],
    now: Timestamp,
) -> Result<Vec<(KeyId, String)>, Error> {
    let lives = |key: &ApiKey, end: Option<Timestamp>| key.revoked.is_none() && end.is_none_or(|end| end > now);
    let live: Vec<&ApiKey> = keys.iter().filter(|(key, end, _)| lives(key, *end)).map(|(key, ..)| *key).collect();
    let live_ids: Vec<KeyId> = live.iter().map(|key| key.id).collect();
    let renamed = rename_where_taken(tx, &live, now)?;
    for (key, end, limit) in keys {
        set_expiry_all(tx, &[key.id], *end, now)?;
        diesel::update(api_keys::table.find(key.id))
            .set(api_keys::end_limit.eq(limit.map(|limit| limit.0)))
            .write(tx)?;
    }
    let nameless = api_keys::table.filter(api_keys::id.eq_any(&live_ids).and(api_keys::holds_name.eq(false)));
    diesel::update(nameless).set(api_keys::holds_name.eq(true)).write(tx)?;
    Ok(renamed)
}

/// Makes way for keys that are to hold their names again: one whose name another live key of its owner has by now gets a
/// new one. These are given back.
fn rename_where_taken(tx: &mut WriteTx, keys: &[&ApiKey], now: Timestamp) -> Result<Vec<(KeyId, String)>, Error> {
    let ids: Vec<KeyId> = keys.iter().map(|key| key.id).collect();
    let held: Vec<KeyId> = api_keys::table
        .inner_join(
            HOLDERS.on(HOLDERS
                .field(api_keys::owner)
                .eq(api_keys::owner)
                .and(HOLDERS.field(api_keys::name).eq(api_keys::name))
                .and(HOLDERS.field(api_keys::id).ne(api_keys::id))
                // As the index on held names has it: a value that is bound would not reach a partial index.
                .and(sql::<Bool>("holders.holds_name"))),
        )
        .filter(api_keys::id.eq_any(&ids))
        .select(api_keys::id)
        .load(tx.db())?;
    let held: HashSet<KeyId> = held.into_iter().collect();
    let mut taken: HashSet<(AccountId, String)> = HashSet::new();
    let mut renamed = Vec::new();
    for key in keys {
        if held.contains(&key.id) || !taken.insert((key.owner, key.name.clone())) {
            let name = free_name(tx, key, &taken, now)?;
            taken.insert((key.owner, name.0.clone()));
            tx.changed(Change::Key(key.id));
            diesel::update(api_keys::table.find(key.id))
                .set((api_keys::name.eq(&name.0), api_keys::name_folded.eq(text::folded(&name.0))))
                .write(tx)?;
            renamed.push((key.id, name.0));
        }
    }
    Ok(renamed)
}

/// A name like the key's that neither a live key of its owner nor one of this batch has.
fn free_name(
    tx: &mut WriteTx,
    key: &ApiKey,
    taken: &HashSet<(AccountId, String)>,
    now: Timestamp,
) -> Result<KeyName, Error> {
    for attempt in 2..10_000 {
        let suffix = format!(" ({attempt})");
        let kept: String = key.name.chars().take(100 - suffix.len()).collect();
        let name = KeyName(format!("{kept}{suffix}"));
        let here = taken.contains(&(key.owner, name.0.clone()));
        if !here && !super::name_is_held(tx, key.owner, &name, now)? {
            return Ok(name);
        }
    }
    Err(Error::Internal("no name is free".into()))
}
