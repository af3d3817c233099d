//! The table `audit_events`. Written inside the transaction of the change that it tells of; never changed afterwards.
//!
//! Events form a chain (`domain/audit/chain.rs`). Its latest end stands in the one row of `audit_chain`, which every writer
//! locks before it appends: writers take turns from there to the end of their transactions.

pub(in crate::store) mod append;
pub mod events;

use diesel::prelude::*;

use crate::domain::audit::Line;
use crate::domain::audit::chain::{Entry, Hash};
use crate::domain::ids::AccountId;
use crate::domain::time::clock::Timestamp;
use crate::store::audit::append::last;
use crate::store::schema::{audit_chain, audit_events};
use crate::store::{Error, ReadTx, Write, WriteTx, dialect};

/// An event without its hash.
#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_events)]
struct Stored {
    sequence: i64,
    at: i64,
    actor: Option<AccountId>,
    actor_name: String,
    via: String,
    action: String,
    target: String,
    outcome: String,
    details: String,
    address: Option<String>,
    request: Option<String>,
}

impl From<Stored> for Entry {
    fn from(row: Stored) -> Self {
        Self {
            sequence: row.sequence,
            at: row.at,
            actor: row.actor,
            actor_name: row.actor_name,
            via: row.via,
            action: row.action,
            target: row.target,
            outcome: row.outcome,
            details: row.details,
            address: row.address,
            request: row.request,
        }
    }
}

/// The two ends of the chain.
pub struct Ends {
    /// Number and hash of the latest event that was purged; 0 and zeroes when none was.
    pub purged: (i64, Hash),
    /// Number and hash of the latest event.
    pub last: (i64, Hash),
}

/// The ends of the chain as the database has them.
pub fn ends(tx: &mut ReadTx) -> Result<Ends, Error> {
    let (purged_sequence, purged_hash, last_sequence, last_hash) = audit_chain::table
        .find(1)
        .select((
            audit_chain::purged_sequence,
            audit_chain::purged_hash,
            audit_chain::last_sequence,
            audit_chain::last_hash,
        ))
        .first(tx.db())?;
    Ok(Ends { purged: last((purged_sequence, purged_hash))?, last: last((last_sequence, last_hash))? })
}

/// When the latest event was.
pub fn latest(tx: &mut ReadTx) -> Result<Option<Timestamp>, Error> {
    let at: Option<i64> =
        audit_events::table.order(audit_events::sequence.desc()).select(audit_events::at).first(tx.db()).optional()?;
    Ok(at.map(Timestamp))
}

/// Up to `most` events above `sequence` with the hashes that stand beside them, in their order.
pub fn read_chain(tx: &mut ReadTx, after: i64, most: i64) -> Result<Vec<(Entry, Vec<u8>)>, Error> {
    let rows: Vec<(Stored, Vec<u8>)> = audit_events::table
        .filter(audit_events::sequence.gt(after))
        .order((audit_events::sequence.asc(), audit_events::id.asc()))
        .limit(most)
        .select((Stored::as_select(), audit_events::hash))
        .load(tx.db())?;
    Ok(rows.into_iter().map(|(row, hash)| (row.into(), hash)).collect())
}

/// Removes up to `most` events from before `before`, and notes up to where; gives the number and hash of the last one removed.
pub fn purge(tx: &mut WriteTx, before: Timestamp, most: i64) -> Result<Option<(i64, Vec<u8>)>, Error> {
    dialect::lock_audit_chain(tx.db())?;
    // Clocks of several nodes differ a little: what stands behind the first event to be kept is kept as well.
    let first_kept: Option<i64> = audit_events::table
        .filter(audit_events::at.ge(before.0))
        .select(diesel::dsl::min(audit_events::sequence))
        .first(tx.db())?;
    let first: Option<i64> = audit_events::table.select(diesel::dsl::min(audit_events::sequence)).first(tx.db())?;
    let bound = first.unwrap_or(0).saturating_add(most);
    let last: Option<(i64, Vec<u8>)> = audit_events::table
        .filter(audit_events::sequence.lt(first_kept.unwrap_or(i64::MAX).min(bound)))
        .order(audit_events::sequence.desc())
        .select((audit_events::sequence, audit_events::hash))
        .first(tx.db())
        .optional()?;
    let Some((sequence, hash)) = last else { return Ok(None) };
    diesel::update(audit_chain::table.find(1))
        .set((audit_chain::purged_sequence.eq(sequence), audit_chain::purged_hash.eq(&hash)))
        .write(tx)?;
    diesel::delete(audit_events::table.filter(audit_events::sequence.le(sequence))).write(tx)?;
    Ok(Some((sequence, hash)))
}

/// The successful changes of the key `target`, latest first.
pub fn history(tx: &mut ReadTx, target: &str, most: i64) -> Result<Vec<Line>, Error> {
    let rows: Vec<(i64, String, String, Option<String>)> = audit_events::table
        .filter(audit_events::target.eq(target).and(audit_events::outcome.eq("success")))
        .filter(audit_events::action.like("key.%"))
        .order(audit_events::sequence.desc())
        .limit(most)
        .select((audit_events::at, audit_events::actor_name, audit_events::action, audit_events::address))
        .load(tx.db())?;
    let line = |(at, actor_name, action, address)| Line { at: Timestamp(at), actor_name, action, address };
    Ok(rows.into_iter().map(line).collect())
}
