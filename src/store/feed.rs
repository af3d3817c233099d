//! The table `changes`: the change feed. Each node that keeps facts in memory asks it what changed since it asked last.
//!
//! A row is written under the lock of the audit log, which every change takes last: the order of the numbers is the order of the
//! commits, so whoever has seen one number has seen all before it.

use diesel::prelude::*;

use crate::domain::change::Change;
use crate::store::connection::Db;
use crate::store::schema::{audit_chain, changes};
use crate::store::{Error, ReadTx};

/// Transactions whose changes are kept. Who is further behind takes everything for changed.
const KEPT: i64 = 2_000;

/// How far somebody has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    change: i64,
    /// The latest event of the audit log, if a server of a version wrote it that tells no changes.
    untold: Option<i64>,
}

/// Tells the changes of a transaction, and forgets what is too old.
pub fn append(db: &mut Db, number: i64, changed: &[Change]) -> Result<(), Error> {
    let text = serde_json::to_string(changed)
        .map_err(|error| Error::Internal(format!("changes cannot be written down: {error}")))?;
    diesel::insert_into(changes::table).values((changes::id.eq(number), changes::changed.eq(text))).execute(db)?;
    diesel::delete(changes::table.filter(changes::id.le(number - KEPT))).execute(db)?;
    Ok(())
}

/// Where the feed is now, and what has changed since `seen`; everything for whoever has seen nothing yet or was away for too long.
pub fn since(tx: &mut ReadTx, seen: Option<Position>) -> Result<(Position, Vec<Change>), Error> {
    let (change, sequence, fed_sequence): (i64, i64, i64) = audit_chain::table
        .find(1)
        .select((audit_chain::last_change, audit_chain::last_sequence, audit_chain::fed_sequence))
        .first(tx.db())?;
    let now = Position { change, untold: (sequence != fed_sequence).then_some(sequence) };
    let everything = (now, vec![Change::Everything]);
    let Some(seen) = seen else { return Ok(everything) };
    if now.untold.is_some() && now.untold != seen.untold {
        return Ok(everything);
    }
    if now.change == seen.change {
        return Ok((now, Vec::new()));
    }
    let rows: Vec<String> = changes::table
        .filter(changes::id.gt(seen.change).and(changes::id.le(now.change)))
        .order(changes::id.asc())
        .select(changes::changed)
        .load(tx.db())?;
    // Numbers have no gaps: what is not there was forgotten, or the database is another one.
    if i64::try_from(rows.len()) != Ok(now.change - seen.change) {
        return Ok(everything);
    }
    let mut all = Vec::new();
    for row in rows {
        match serde_json::from_str::<Vec<Change>>(&row) {
            Ok(changed) => all.extend(changed),
            Err(error) => {
                tracing::debug!(%error, "A change cannot be read: it may be of a newer version.");
                return Ok(everything);
            }
        }
    }
    Ok((now, all))
}
