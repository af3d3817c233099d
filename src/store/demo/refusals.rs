//! The refusals of a demo.

use diesel::prelude::*;
use jiff::SignedDuration;

use crate::domain::ids::KeyId;
use crate::domain::time::clock::Timestamp;
use crate::domain::usage::Counted;
use crate::domain::usage::Counts;
use crate::domain::verdict::Refusal;
use crate::store::schema::api_keys;
use crate::store::usage::refusals;
use crate::store::{Error, WriteTx};

/// Tells apart what was refused on these days: keys that have ended and are still tried, and texts that are no key here.
pub fn insert_refusals(tx: &mut WriteTx, days: &[(i64, Counts)]) -> Result<(), Error> {
    let ended: Vec<(KeyId, Option<i64>)> = api_keys::table
        .filter(api_keys::revoked_at.is_not_null().or(api_keys::disabled_at.is_not_null()))
        .order(api_keys::id.asc())
        .limit(12)
        .select((api_keys::id, api_keys::revoked_at))
        .load(tx.db())?;
    let tried = i64::try_from(ended.len()).unwrap_or(0);
    for (day, counts) in days.iter().filter(|(_, counts)| counts.refusals > 0) {
        let each = counts.refusals / (2 * tried.max(1));
        let row = |key, reason: Refusal, times, last: i64| Counted {
            day: *day,
            key,
            reason: reason.as_str().into(),
            address: format!("10.20.{}.{}", last % 5, 10 + last),
            asked: String::new(),
            times,
            last_at: Timestamp::of_day(*day).plus(SignedDuration::from_hours(last)),
        };
        let mut rows: Vec<Counted> = (0..)
            .zip(&ended)
            .map(|(n, (key, revoked))| {
                let reason = if revoked.is_some() { Refusal::Revoked } else { Refusal::Disabled };
                row(*key, reason, each, n)
            })
            .filter(|row| row.times > 0)
            .collect();
        let rest = counts.refusals - rows.iter().map(|row| row.times).sum::<i64>();
        rows.push(row(KeyId(0), Refusal::Unknown, rest, 11));
        refusals::add(tx, &rows)?;
    }
    Ok(())
}
