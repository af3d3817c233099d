//! The tables `key_usage` and `daily_usage`: how often keys were used and refused, by the day.

pub mod kept_counts;
pub mod refusals;
pub mod use_log;

use std::collections::HashMap;

use diesel::prelude::*;
use serde::Serialize;

use crate::domain::ids::KeyId;
use crate::domain::time::clock::Timestamp;
use crate::domain::usage::Counts;
use crate::store::connection::each;
use crate::store::schema::{daily_usage, key_usage};
use crate::store::{Error, ReadTx, Write, WriteTx, dialect, json};

/// Counts by key and day; those without a key are of unknown keys.
pub type ByKeyAndDay = HashMap<(Option<KeyId>, i64), Counts>;

/// Keys whose counts are written in one transaction: others wait no longer than for these, and SQLite binds at most 32,766
/// values in one statement.
pub const BATCH: usize = 1_000;

/// Adds counts to at most [`BATCH`] keys, and to all keys together, on their days. Counts without a key are of unknown keys.
pub fn add(tx: &mut WriteTx, counts: &ByKeyAndDay) -> Result<(), Error> {
    let mut ids: Vec<KeyId> = counts.keys().filter_map(|(key, _)| *key).collect();
    ids.sort_unstable();
    ids.dedup();
    dialect::lock_keys(tx.db(), &ids)?; // before their counts, as a purge does
    let mut days: HashMap<i64, Counts> = HashMap::new();
    for ((_, day), counts) in counts {
        let all = days.entry(*day).or_default();
        all.uses += counts.uses;
        all.refusals += counts.refusals;
    }
    let of_key = |((key, day), counts): (&(Option<KeyId>, i64), &Counts)| {
        Some(Row { key: (*key)?, day: *day, uses: counts.uses, refusals: counts.refusals })
    };
    let rows: Vec<Row> = counts.iter().filter_map(of_key).collect();
    if !rows.is_empty() {
        let rows = json::text(&rows)?;
        tx.write_with(|db| dialect::add_usage(db, &rows))?;
    }
    let mut days: Vec<(i64, Counts)> = days.into_iter().collect();
    days.sort_unstable_by_key(|(day, _)| *day);
    days.into_iter().try_for_each(|(day, counts)| add_to_day(tx, day, counts))
}

/// Two nodes write the first counts of a day at the same moment: the one thing here that is inserted or updated in one.
fn add_to_day(tx: &mut WriteTx, day: i64, counts: Counts) -> Result<(), Error> {
    let row = (daily_usage::day.eq(day), daily_usage::uses.eq(counts.uses), daily_usage::refusals.eq(counts.refusals));
    let more = (
        daily_usage::uses.eq(daily_usage::uses + counts.uses),
        daily_usage::refusals.eq(daily_usage::refusals + counts.refusals),
    );
    let added = tx.write_with(|db| {
        each!(db, c => diesel::insert_into(daily_usage::table)
        .values(row).on_conflict(daily_usage::day).do_update().set(more).execute(c))
    });
    Ok(added.map(drop)?)
}

/// Counts of a key on a day, as the database takes them.
#[derive(Serialize)]
struct Row {
    key: KeyId,
    day: i64,
    uses: i64,
    refusals: i64,
}

/// The days from `first` to `last`, each with its counts, also days without any.
pub fn days(tx: &mut ReadTx, first: i64, last: i64) -> Result<Vec<(i64, Counts)>, Error> {
    let rows: Vec<(i64, i64, i64)> = daily_usage::table
        .filter(daily_usage::day.between(first, last))
        .select((daily_usage::day, daily_usage::uses, daily_usage::refusals))
        .load(tx.db())?;
    Ok(whole(rows, first, last))
}

/// The days from `first` to `last` of one key, each with its counts, also days without any.
pub fn days_of_key(tx: &mut ReadTx, key: KeyId, first: i64, last: i64) -> Result<Vec<(i64, Counts)>, Error> {
    let rows: Vec<(i64, i64, i64)> = key_usage::table
        .filter(key_usage::key.eq(key).and(key_usage::day.between(first, last)))
        .select((key_usage::day, key_usage::uses, key_usage::refusals))
        .load(tx.db())?;
    Ok(whole(rows, first, last))
}

/// Each day of a span with its counts.
fn whole(rows: Vec<(i64, i64, i64)>, first: i64, last: i64) -> Vec<(i64, Counts)> {
    let counts = |(day, uses, refusals)| (day, Counts { uses, refusals });
    let found: HashMap<i64, Counts> = rows.into_iter().map(counts).collect();
    (first..=last).map(|day| (day, found.get(&day).copied().unwrap_or_default())).collect()
}

/// Forgets what keys did on the oldest day, when it lies before a moment; the sums of the days stay. Says whether it did.
pub fn purge_day(tx: &mut WriteTx, before: Timestamp) -> Result<bool, Error> {
    let oldest: Option<i64> = key_usage::table.select(diesel::dsl::min(key_usage::day)).first(tx.db())?;
    let Some(oldest) = oldest.filter(|day| *day < before.day_number()) else { return Ok(false) };
    diesel::delete(key_usage::table.filter(key_usage::day.eq(oldest))).write(tx)?;
    Ok(true)
}

/// Writes whole days of a demo.
pub fn insert_days(tx: &mut WriteTx, days: &[(i64, Counts)]) -> Result<(), Error> {
    for (day, counts) in days {
        diesel::insert_into(daily_usage::table)
            .values((
                daily_usage::day.eq(day),
                daily_usage::uses.eq(counts.uses),
                daily_usage::refusals.eq(counts.refusals),
            ))
            .write(tx)?;
    }
    Ok(())
}
