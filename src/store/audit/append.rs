//! Appending to the chain: the last thing that a transaction does.

use diesel::prelude::*;

use super::Stored;
use crate::domain::audit::Event;
use crate::domain::audit::chain::{Entry, Hash};
use crate::domain::change::{Change, merged};
use crate::domain::ids::AccountId;
use crate::store::connection::{Db, each};
use crate::store::schema::{audit_chain, audit_events};
use crate::store::{Error, dialect, feed};

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

/// Appends events and publishes changes, in their order, under the lock; without either it takes none. Gives the changes as they are published.
pub fn append(db: &mut Db, events: &[Event], mut changes: Vec<Change>) -> Result<Vec<Change>, Error> {
    if events.is_empty() && changes.is_empty() {
        return Ok(changes);
    }
    let mut end = End::lock(db)?;
    if end.fed_sequence != end.sequence {
        changes.push(Change::Everything); // a server of a version that publishes no changes was here
    }
    let changes = merged(changes);
    if !changes.is_empty() {
        end.change += 1;
        feed::append(db, end.change, &changes)?;
    }
    for events in events.chunks(BATCH) {
        let row = |event: &Event| {
            let entry = entry(event, end.sequence + 1);
            (end.sequence, end.hash) = (entry.sequence, entry.hash(&end.hash));
            NewRow::new(entry, &end.hash)
        };
        let rows: Vec<NewRow> = events.iter().map(row).collect();
        each!(db, c => diesel::insert_into(audit_events::table).values(rows).execute(c).map(drop))?;
    }
    end.fed_sequence = end.sequence;
    end.set(db)?;
    Ok(changes)
}

/// The end of the log, and of the changes that are published beside it.
struct End {
    /// Of the latest event.
    sequence: i64,
    /// Of the latest event.
    hash: Hash,
    /// The number of the latest change.
    change: i64,
    /// The latest event that was written by a server that publishes changes.
    fed_sequence: i64,
}

impl End {
    fn lock(db: &mut Db) -> Result<Self, Error> {
        let (sequence, hash, change, fed_sequence) = dialect::lock_audit_chain(db)?;
        let (sequence, hash) = last((sequence, hash))?;
        Ok(Self { sequence, hash, change, fed_sequence })
    }

    fn set(self, db: &mut Db) -> Result<(), Error> {
        diesel::update(audit_chain::table.find(1))
            .set((
                audit_chain::last_sequence.eq(self.sequence),
                audit_chain::last_hash.eq(self.hash.as_slice()),
                audit_chain::last_change.eq(self.change),
                audit_chain::fed_sequence.eq(self.fed_sequence),
            ))
            .execute(db)?;
        Ok(())
    }
}

pub(super) fn last((sequence, hash): (i64, Vec<u8>)) -> Result<(i64, Hash), Error> {
    Ok((sequence, hash.try_into().map_err(|_| Error::Internal("the end of the audit chain is damaged".into()))?))
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
    let mut end = End::lock(db)?;
    for (id, stored) in old {
        let entry = Entry { sequence: end.sequence + 1, ..Entry::from(stored) };
        (end.sequence, end.hash) = (entry.sequence, entry.hash(&end.hash));
        diesel::update(audit_events::table.find(id))
            .set((audit_events::sequence.eq(end.sequence), audit_events::hash.eq(end.hash.as_slice())))
            .execute(db)?;
    }
    end.set(db)
}
