//! The table `purge_marks`: keys whose time to be kept is over. They are marked first and removed days later, and only if they
//! are still to be removed: a clock that was wrong for a moment removes nothing.

use std::collections::HashSet;

use diesel::dsl::{exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use crate::domain::ids::KeyId;
use crate::domain::time::clock::Timestamp;
use crate::store::connection::{Db, each};
use crate::store::keys::change::{ended_before, those_of};
use crate::store::keys::predicate::Predicate;
use crate::store::schema::{api_keys, purge_marks};
use crate::store::{Error, ReadTx, Write, WriteTx, dialect};

type Ids = api_keys::BoxedQuery<'static, <Db as Connection>::Backend, BigInt>;

/// Marks the next keys that ended before a moment; says how many.
pub fn mark(tx: &mut WriteTx, ended: Timestamp, most: i64, now: Timestamp) -> Result<usize, Error> {
    let mut found: Vec<KeyId> = Vec::new();
    for query in unmarked(ended, most) {
        found.extend(query.load::<KeyId>(tx.db())?);
    }
    found.sort_unstable(); // one order of locks on every node: no deadlock
    found.dedup();
    let rows: Vec<_> = found.iter().map(|key| (purge_marks::key.eq(*key), purge_marks::marked_at.eq(now.0))).collect();
    tx.write_with(|db| each!(db, c => diesel::insert_into(purge_marks::table).values(rows).execute(c)))?;
    Ok(found.len())
}

/// The keys that ended before a moment and are not marked: two questions, each answered by an index. Of both in one, joined by
/// OR, neither database makes use of either.
fn unmarked(ended: Timestamp, most: i64) -> [Ids; 2] {
    let revoked: Predicate = Box::new(sql::<Bool>("api_keys.revoked_at < ").bind::<BigInt, _>(ended.0));
    let expired: Predicate =
        Box::new(sql::<Bool>("api_keys.standing IN (0, 1) AND api_keys.ends_at < ").bind::<BigInt, _>(ended.0));
    [revoked, expired].map(|predicate| {
        let marked = purge_marks::table.filter(purge_marks::key.eq(api_keys::id)).select(purge_marks::key);
        api_keys::table.filter(predicate).filter(not(exists(marked))).select(api_keys::id).limit(most).into_boxed()
    })
}

/// How the databases go about that, in their own words.
pub fn explain(tx: &mut ReadTx, ended: Timestamp) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    for query in unmarked(ended, 1_000) {
        lines.extend(dialect::explain(tx.db(), query)?);
    }
    Ok(lines)
}

/// Up to `most` marks above a key, in the order of keys: how far this got, and those of them that are wrong. A clock made them
/// that was ahead, or their keys are not to be removed any more: restored, or kept longer by now.
pub fn wrong(
    tx: &mut ReadTx,
    above: KeyId,
    ended: Timestamp,
    most: i64,
    now: Timestamp,
) -> Result<(Option<KeyId>, Vec<KeyId>), Error> {
    let marks: Vec<(KeyId, i64)> = purge_marks::table
        .filter(purge_marks::key.gt(above))
        .order(purge_marks::key.asc())
        .limit(most)
        .select((purge_marks::key, purge_marks::marked_at))
        .load(tx.db())?;
    let keys: Vec<KeyId> = marks.iter().map(|(key, _)| *key).collect();
    let right: HashSet<KeyId> = those_of(tx, &keys, ended_before(ended))?.into_iter().collect();
    let is_wrong = |(key, at): &&(KeyId, i64)| *at > now.0 || !right.contains(key);
    Ok((keys.last().copied(), marks.iter().filter(is_wrong).map(|(key, _)| *key).collect()))
}

/// Takes marks back.
pub fn take_back(tx: &mut WriteTx, keys: &[KeyId]) -> Result<(), Error> {
    diesel::delete(purge_marks::table.filter(purge_marks::key.eq_any(keys))).write(tx)?;
    Ok(())
}

/// The next keys that were marked before a moment.
pub fn marked_before(tx: &mut ReadTx, marked: Timestamp, most: i64) -> Result<Vec<KeyId>, Error> {
    Ok(purge_marks::table
        .filter(purge_marks::marked_at.le(marked.0))
        .order(purge_marks::key.asc())
        .select(purge_marks::key)
        .limit(most)
        .load(tx.db())?)
}
