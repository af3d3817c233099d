//! Appending to the chain: the last thing that a transaction does.

use diesel::prelude::*;

use super::Stored;
use crate::domain::audit::Event;
use crate::domain::audit::chain::{Entry, Hash};
use crate::domain::ids::AccountId;
use crate::store::connection::{Db, each};
use crate::store::schema::{audit_chain, audit_events};
use crate::store::{Error, dialect};

/// Events in one statement. Postgres takes at most 65,535 values in one.
const BATCH: usize = 1_000;

/// A row to be.
#[derive(Insertable)]
#[diesel(table_name = audit_events)]
struct NewRow {
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
    sequence: i64,
    hash: Vec<u8>,
}

impl NewRow {
    fn new(entry: Entry, hash: &Hash) -> Self {
        Self {
            at: entry.at,
            actor: entry.actor,
            actor_name: entry.actor_name,
            via: entry.via,
            action: entry.action,
            target: entry.target,
            outcome: entry.outcome,
            details: entry.details,
            address: entry.address,
            request: entry.request,
            sequence: entry.sequence,
            hash: hash.to_vec(),
        }
    }
}

fn entry(event: &Event, sequence: i64) -> Entry {
    Entry {
        sequence,
        at: event.at.0,
        actor: event.actor,
        actor_name: event.actor_name.clone(),
        via: event.via.as_str().into(),
        action: event.action.as_str().into(),
        target: event.target.clone(),
        outcome: event.outcome.as_str().into(),
        details: event.details.to_string(),
        address: event.address.clone(),
        request: event.request.clone(),
    }
}

/// Takes the lock under which every change appends its event: what is read from here on is what counts when this commits.
pub fn lock(db: &mut Db) -> Result<(), Error> {
    dialect::lock_audit_chain(db)?;
    Ok(())
}

/// Appends events, in their order, under the lock; without events it takes none.
pub fn append(db: &mut Db, events: &[Event]) -> Result<(), Error> {
    if events.is_empty() {
        return Ok(());
    }
    let (mut sequence, mut hash) = last(dialect::lock_audit_chain(db)?)?;
    for events in events.chunks(BATCH) {
        let rows: Vec<NewRow> = events
            .iter()
            .map(|event| {
                sequence += 1;
                let entry = entry(event, sequence);
                hash = entry.hash(&hash);
                NewRow::new(entry, &hash)
            })
            .collect();
        each!(db, c => diesel::insert_into(audit_events::table).values(rows).execute(c).map(drop))?;
    }
    set_last(db, sequence, &hash)
}

pub(super) fn last((sequence, hash): (i64, Vec<u8>)) -> Result<(i64, Hash), Error> {
    Ok((sequence, hash.try_into().map_err(|_| Error::Internal("the end of the audit chain is damaged".into()))?))
}

fn set_last(db: &mut Db, sequence: i64, hash: &Hash) -> Result<(), Error> {
    diesel::update(audit_chain::table.find(1))
        .set((audit_chain::last_sequence.eq(sequence), audit_chain::last_hash.eq(hash.as_slice())))
        .execute(db)?;
    Ok(())
}

/// Numbers and seals events that were written before there was a chain.
pub fn seal_old(db: &mut Db) -> Result<(), Error> {
    let old: Vec<(i64, Stored)> = audit_events::table
        .filter(audit_events::sequence.eq(0))
        .order(audit_events::id.asc())
        .select((audit_events::id, Stored::as_select()))
        .load(db)?;
    if old.is_empty() {
        return Ok(());
    }
    let (mut sequence, mut hash) = last(dialect::lock_audit_chain(db)?)?;
    for (id, stored) in old {
        sequence += 1;
        let entry = Entry { sequence, ..Entry::from(stored) };
        hash = entry.hash(&hash);
        diesel::update(audit_events::table.find(id))
            .set((audit_events::sequence.eq(sequence), audit_events::hash.eq(hash.as_slice())))
            .execute(db)?;
    }
    set_last(db, sequence, &hash)
}
