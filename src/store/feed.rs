//! The table `changes`: the change feed. Each node that keeps facts in memory asks it what changed since it asked last.
//!
//! A row is written under the lock of the audit log, which every change takes last: the order of the numbers is the order of the
//! commits, so whoever has seen one number has seen all before it.

use diesel::prelude::*;

use crate::domain::change::Change;
use crate::store::connection::Db;
use crate::store::schema::{audit_chain, changes};
use crate::store::{Error, ReadTx, json};

/// Transactions whose changes are kept. Who is further behind takes everything for changed.
const KEPT: i64 = 256;

/// How far somebody has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    change: i64,
    /// The tag of that change: a database that lost its latest commits gives the number anew. `None` where the change is not kept.
    tag: Option<i64>,
    /// The latest event of the audit log, if a server of a version wrote it that publishes no changes.
    unpublished: Option<i64>,
}

/// Publishes the changes of a transaction, and removes what is too old.
pub fn append(db: &mut Db, number: i64, changed: &[Change]) -> Result<(), Error> {
    let text = json::text(&changed)?;
    diesel::insert_into(changes::table).values((changes::id.eq(number), changes::changed.eq(text))).execute(db)?;
    diesel::delete(changes::table.filter(changes::id.le(number - KEPT))).execute(db)?;
    Ok(())
}

/// Where the feed is now, and what has changed since `seen`; everything for whoever has seen nothing yet, was away for too long, or has
/// seen what the database has lost since.
pub fn since(tx: &mut ReadTx, seen: Option<Position>) -> Result<(Position, Vec<Change>), Error> {
    let (change, sequence, fed_sequence, tag): (i64, i64, i64, Option<i64>) = audit_chain::table
        .left_join(changes::table.on(changes::id.eq(audit_chain::last_change)))
        .filter(audit_chain::id.eq(1))
        .select((
            audit_chain::last_change,
            audit_chain::last_sequence,
            audit_chain::fed_sequence,
            changes::tag.nullable(),
        ))
        .first(tx.db())?;
    let now = Position { change, tag, unpublished: (sequence != fed_sequence).then_some(sequence) };
    let everything = (now, vec![Change::Everything]);
    let Some(seen) = seen else { return Ok(everything) };
    if now.unpublished.is_some() && now.unpublished != seen.unpublished {
        return Ok(everything);
    }
    if now.change == seen.change {
        return Ok(if now.tag == seen.tag { (now, Vec::new()) } else { everything });
    }
    if !(1..KEPT).contains(&(now.change - seen.change)) {
        return Ok(everything);
    }
    let rows: Vec<(String, i64)> = changes::table
        .filter(changes::id.ge(seen.change).and(changes::id.le(now.change)))
        .order(changes::id.asc())
        .select((changes::changed, changes::tag))
        .load(tx.db())?;
    // Numbers have no gaps: what is not there was removed. The first is the one that was seen last.
    let whole = i64::try_from(rows.len()) == Ok(now.change - seen.change + 1);
    if !whole || rows.first().map(|(_, tag)| *tag) != seen.tag {
        return Ok(everything);
    }
    let mut all = Vec::new();
    for (row, _) in rows.iter().skip(1) {
        match serde_json::from_str::<Vec<Change>>(row) {
            Ok(changed) => all.extend(changed),
            Err(error) => {
                tracing::debug!(%error, "A change cannot be read: it may be of a newer version.");
                return Ok(everything);
            }
        }
    }
    Ok((now, all))
}
