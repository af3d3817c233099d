//! The table `key_addresses`: from where each key was used, the latest addresses of each.

use diesel::prelude::*;
use serde::Serialize;

use crate::domain::ids::KeyId;
use crate::domain::time::clock::Timestamp;
use crate::domain::usage::UsedFrom;
use crate::store::schema::key_addresses;
use crate::store::{Error, ReadTx, WriteTx, dialect, json};

/// Addresses that are kept of a key.
const MOST: i64 = 50;

/// Uses of a key from an address, as the database takes them.
#[derive(Serialize)]
struct Row<'a> {
    key: KeyId,
    address: &'a str,
    agent: &'a str,
    uses: i64,
    first_at: i64,
    last_at: i64,
}

impl<'a> Row<'a> {
    fn of((key, from): &'a (KeyId, UsedFrom)) -> Self {
        Self {
            key: *key,
            address: &from.address,
            agent: &from.agent,
            uses: from.uses,
            first_at: from.first_at.0,
            last_at: from.last_at.0,
        }
    }
}

/// Adds uses of keys to what is known of their addresses. The addresses that were used longest ago make way.
pub fn add(tx: &mut WriteTx, used: &[(KeyId, UsedFrom)]) -> Result<(), Error> {
    let rows = json::text(&used.iter().map(Row::of).collect::<Vec<_>>())?;
    tx.write_with(|db| dialect::add_addresses(db, &rows))?;
    tx.write_with(|db| dialect::trim_addresses(db, &rows, MOST))?;
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
