//! Pages of the audit log, for administrators: filtered, latest first, by keyset on the sequence.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Stored;
use crate::domain::audit::{EventFilter, ListedEvent};
use crate::domain::paging::{From, Page};
use crate::domain::time::clock::Timestamp;
use crate::store::connection::Db;
use crate::store::schema::audit_events;
use crate::store::{Error, ReadTx, counting, dialect};

impl std::convert::From<Stored> for ListedEvent {
    fn from(row: Stored) -> Self {
        Self {
            sequence: row.sequence,
            at: Timestamp(row.at),
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

type Query = audit_events::BoxedQuery<'static, <Db as Connection>::Backend>;

/// Written out, since the index on sequence numbers has those that are sealed alone, and a value that is bound would not reach it.
const SEALED: &str = "audit_events.sequence > 0";

fn matching(filter: &EventFilter) -> Query {
    let mut query = audit_events::table.filter(sql::<Bool>(SEALED)).into_boxed();
    if let Some(actor) = &filter.actor {
        query = query.filter(audit_events::actor_name.eq(actor.clone()));
    }
    if let Some(target) = &filter.target {
        query = query.filter(audit_events::target.eq(target.clone()));
    }
    if let Some(action) = &filter.action {
        query = if action.contains('.') {
            query.filter(audit_events::action.eq(action.clone()))
        } else {
            // All actions of a noun: a range, which the index has.
            query.filter(
                audit_events::action.ge(format!("{action}.")).and(audit_events::action.lt(format!("{action}/"))),
            )
        };
    }
    if let Some(address) = &filter.address {
        query = query.filter(audit_events::address.eq(address.clone()));
    }
    if let Some(outcome) = &filter.outcome {
        query = query.filter(audit_events::outcome.eq(outcome.clone()));
    }
    if let Some(via) = &filter.via {
        query = query.filter(audit_events::via.eq(via.clone()));
    }
    if let Some(from) = filter.from {
        query = query.filter(audit_events::at.ge(from.0));
    }
    if let Some(before) = filter.before {
        query = query.filter(audit_events::at.lt(before.0));
    }
    query
}

/// A page, latest first; places are sequence numbers.
pub fn page(tx: &mut ReadTx, filter: &EventFilter, from: From<i64>, size: i64) -> Result<Page<ListedEvent>, Error> {
    let rows: Vec<Stored> = rows(filter, from, size).load(tx.db())?;
    Ok(Page::read(rows, &from, size).map(ListedEvent::from))
}

type Rows = diesel::dsl::Select<Query, diesel::dsl::AsSelect<Stored, <Db as Connection>::Backend>>;

fn rows(filter: &EventFilter, from: From<i64>, size: i64) -> Rows {
    let query = match from {
        From::Start => matching(filter).order(audit_events::sequence.desc()),
        From::After(number) => {
            matching(filter).filter(audit_events::sequence.lt(number)).order(audit_events::sequence.desc())
        }
        From::Before(number) => {
            matching(filter).filter(audit_events::sequence.gt(number)).order(audit_events::sequence.asc())
        }
    };
    query.limit(size + 1).select(Stored::as_select())
}

/// How the database goes about the first page, in its own words.
pub fn explain(tx: &mut ReadTx, filter: &EventFilter, size: i64) -> Result<Vec<String>, Error> {
    Ok(dialect::explain(tx.db(), rows(filter, From::Start, size))?)
}

/// How many events match, up to a limit.
pub fn count_up_to(tx: &mut ReadTx, filter: &EventFilter, limit: i64) -> Result<i64, Error> {
    Ok(counting::rows_of(tx, matching(filter).select(audit_events::sequence).limit(limit))?)
}
