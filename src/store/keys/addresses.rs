//! The table `key_addresses`: from where each key was used, the latest addresses of each.

use diesel::prelude::*;

use crate::domain::ids::KeyId;
use crate::domain::time::clock::Timestamp;
use crate::domain::usage::UsedFrom;
use crate::store::connection::each;
use crate::store::schema::key_addresses;
use crate::store::{Error, ReadTx, Write, WriteTx};

/// Addresses that are kept of a key.
const MOST: i64 = 50;

/// Adds uses of a key to what is known of the address. The addresses that were used longest ago make way.
pub fn add(tx: &mut WriteTx, key: KeyId, from: &UsedFrom) -> Result<(), Error> {
    let known = key_addresses::table.find((key, &from.address)).select(key_addresses::uses);
    let is_new = known.first::<i64>(tx.db()).optional()?.is_none();
    if is_new {
        make_room(tx, key)?;
    }
    let row = (
        key_addresses::key.eq(key),
        key_addresses::address.eq(&from.address),
        key_addresses::agent.eq(&from.agent),
        key_addresses::uses.eq(from.uses),
        key_addresses::first_at.eq(from.first_at.0),
        key_addresses::last_at.eq(from.last_at.0),
    );
    let more = (
        key_addresses::agent.eq(&from.agent),
        key_addresses::uses.eq(key_addresses::uses + from.uses),
        key_addresses::last_at.eq(from.last_at.0),
    );
    let kind = (key_addresses::key, key_addresses::address);
    let added = tx.write_with(|db| {
        each!(db, c => diesel::insert_into(key_addresses::table)
        .values(row).on_conflict(kind).do_update().set(more).execute(c))
    });
    Ok(added.map(drop)?)
}

fn make_room(tx: &mut WriteTx, key: KeyId) -> Result<(), Error> {
    let over: Vec<String> = key_addresses::table
        .filter(key_addresses::key.eq(key))
        .order(key_addresses::last_at.desc())
        .offset(MOST - 1)
        .select(key_addresses::address)
        .load(tx.db())?;
    for address in over {
        diesel::delete(key_addresses::table.find((key, address))).write(tx)?;
    }
    Ok(())
}

/// Where a key was used, the latest first.
pub fn of_key(tx: &mut ReadTx, key: KeyId, most: i64) -> Result<Vec<UsedFrom>, Error> {
    let rows: Vec<(String, String, i64, i64, i64)> = key_addresses::table
        .filter(key_addresses::key.eq(key))
        .order(key_addresses::last_at.desc())
        .limit(most)
        .select((
            key_addresses::address,
            key_addresses::agent,
            key_addresses::uses,
            key_addresses::first_at,
            key_addresses::last_at,
        ))
        .load(tx.db())?;
    let used = |(address, agent, uses, first_at, last_at)| UsedFrom {
        address,
        agent,
        uses,
        first_at: Timestamp(first_at),
        last_at: Timestamp(last_at),
    };
    Ok(rows.into_iter().map(used).collect())
}
