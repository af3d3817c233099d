//! The table `kept_counts`: numbers that take long to count, counted by the sweep, with the moment at which they were right.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::domain::time::clock::Timestamp;
use crate::store::schema::kept_counts;
use crate::store::{Error, ReadTx, Write, WriteTx};

/// A number, and when it was counted.
pub type Kept = (i64, Timestamp);

/// Replaces numbers.
pub fn put(tx: &mut WriteTx, counts: &[(String, i64)], now: Timestamp) -> Result<(), Error> {
    for (name, number) in counts {
        diesel::delete(kept_counts::table.find(name)).write(tx)?;
        diesel::insert_into(kept_counts::table)
            .values((kept_counts::name.eq(name), kept_counts::number.eq(number), kept_counts::counted_at.eq(now.0)))
            .write(tx)?;
    }
    Ok(())
}

/// All of them, by name.
pub fn all(tx: &mut ReadTx) -> Result<HashMap<String, Kept>, Error> {
    let rows: Vec<(String, i64, i64)> =
        kept_counts::table.select((kept_counts::name, kept_counts::number, kept_counts::counted_at)).load(tx.db())?;
    Ok(rows.into_iter().map(|(name, number, at)| (name, (number, Timestamp(at)))).collect())
}
