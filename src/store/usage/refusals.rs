//! The table `refusals`: how often keys were refused, by the day, key, reason, address and what was asked for.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::domain::ids::KeyId;
use crate::domain::time::clock::Timestamp;
use crate::domain::usage::{Counted, Sums};
use crate::store::connection::each;
use crate::store::schema::{api_keys, refusals};
use crate::store::{Error, ReadTx, Write, WriteTx};

/// Adds to what was counted before. Several nodes may write the first of a kind at the same moment: inserted or updated in one.
pub fn add(tx: &mut WriteTx, counted: &[Counted]) -> Result<(), Error> {
    for one in counted {
        let row = (
            refusals::day.eq(one.day),
            refusals::key.eq(one.key),
            refusals::reason.eq(&one.reason),
            refusals::address.eq(&one.address),
            refusals::asked.eq(&one.asked),
            refusals::times.eq(one.times),
            refusals::last_at.eq(one.last_at.0),
        );
        let kind = (refusals::day, refusals::key, refusals::reason, refusals::address, refusals::asked);
        let more = (refusals::times.eq(refusals::times + one.times), refusals::last_at.eq(one.last_at.0));
        tx.write_with(|db| {
            each!(db, c => diesel::insert_into(refusals::table)
            .values(row).on_conflict(kind).do_update().set(more).execute(c))
        })?;
    }
    Ok(())
}

/// As the columns are selected.
type Row = (i64, KeyId, String, String, String, i64, i64);

fn read((day, key, reason, address, asked, times, last_at): Row) -> Counted {
    Counted { day, key, reason, address, asked, times, last_at: Timestamp(last_at) }
}

type Columns = (
    refusals::day,
    refusals::key,
    refusals::reason,
    refusals::address,
    refusals::asked,
    refusals::times,
    refusals::last_at,
);
const COLUMNS: Columns = (
    refusals::day,
    refusals::key,
    refusals::reason,
    refusals::address,
    refusals::asked,
    refusals::times,
    refusals::last_at,
);

/// The latest kinds of refusals of a key.
pub fn of_key(tx: &mut ReadTx, key: KeyId, most: i64) -> Result<Vec<Counted>, Error> {
    let rows: Vec<Row> = refusals::table
        .filter(refusals::key.eq(key))
        .order(refusals::last_at.desc())
        .limit(most)
        .select(COLUMNS)
        .load(tx.db())?;
    Ok(rows.into_iter().map(read).collect())
}

/// The sums from one day to another, with at most so many keys and addresses.
pub fn sums(tx: &mut ReadTx, first: i64, last: i64, most: i64) -> Result<Sums, Error> {
    use diesel::dsl::max;

    let days = || refusals::table.filter(refusals::day.between(first, last));
    // Postgres sums up to numeric, SQLite to an integer.
    let times = || sql::<BigInt>("CAST(SUM(refusals.times) AS BIGINT)");
    let by_reason: Vec<(String, i64)> = days()
        .group_by(refusals::reason)
        .select((refusals::reason, times()))
        .order((times().desc(), refusals::reason.asc()))
        .load(tx.db())?;
    let by_key: Vec<(KeyId, i64, Option<i64>)> = days()
        .group_by(refusals::key)
        .select((refusals::key, times(), max(refusals::last_at)))
        .order(times().desc())
        .limit(most)
        .load(tx.db())?;
    let ids: Vec<KeyId> = by_key.iter().map(|(key, ..)| *key).collect();
    let named: Vec<(KeyId, String)> = api_keys::table
        .filter(api_keys::id.eq_any(&ids))
        .select((api_keys::id, api_keys::first_eight))
        .load(tx.db())?;
    let name = |key: KeyId| named.iter().find(|(id, _)| *id == key).map(|(_, first_eight)| first_eight.clone());
    let by_address: Vec<(String, i64, Option<i64>)> = days()
        .group_by(refusals::address)
        .select((refusals::address, times(), max(refusals::last_at)))
        .order(times().desc())
        .limit(most)
        .load(tx.db())?;
    let moment = |at: Option<i64>| Timestamp(at.unwrap_or(0));
    Ok(Sums {
        total: by_reason.iter().map(|(_, times)| times).sum(),
        by_reason,
        by_key: by_key.into_iter().map(|(key, times, at)| (name(key), times, moment(at))).collect(),
        by_address: by_address.into_iter().map(|(address, times, at)| (address, times, moment(at))).collect(),
    })
}

/// Removes what happened before a day.
pub fn purge(tx: &mut WriteTx, before: i64) -> Result<(), Error> {
    diesel::delete(refusals::table.filter(refusals::day.lt(before))).write(tx)?;
    Ok(())
}
