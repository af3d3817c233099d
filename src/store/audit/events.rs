//! Pages of the audit log, for administrators: filtered, latest first, by keyset on the sequence.

use diesel::prelude::*;

use crate::domain::paging::From;
use crate::domain::time::clock::Timestamp;
use crate::store::connection::Db;
use crate::store::schema::audit_events;
use crate::store::{Error, ReadTx, counting};

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// By whom: a user name, `system`, `command line` …
    pub actor: Option<String>,
    /// To what: a first eight, a user name, `job 7` …
    pub target: Option<String>,
    /// An action's word, or the noun before its dot.
    pub action: Option<String>,
    /// From this address.
    pub address: Option<String>,
    /// `success` or `failure`.
    pub outcome: Option<String>,
    /// By which channel.
    pub via: Option<String>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub before: Option<Timestamp>,
}

/// An event as it is listed.
#[derive(Debug, Clone, Queryable)]
pub struct Listed {
    /// Its number.
    pub sequence: i64,
    at: i64,
    /// Who.
    pub actor_name: String,
    /// By which channel.
    pub via: String,
    /// What.
    pub action: String,
    /// To what.
    pub target: String,
    /// How it ended.
    pub outcome: String,
    /// The rest, as the text of a JSON object.
    pub details: String,
    /// From where.
    pub address: Option<String>,
    /// By which request.
    pub request: Option<String>,
}

impl Listed {
    /// When.
    pub fn at(&self) -> Timestamp {
        Timestamp(self.at)
    }
}

type Query = audit_events::BoxedQuery<'static, <Db as Connection>::Backend>;

fn matching(filter: &EventFilter) -> Query {
    let mut query = audit_events::table.into_boxed();
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

/// A page, latest first; places are sequence numbers. Also whether there are more in its direction.
pub fn page(tx: &mut ReadTx, filter: &EventFilter, from: From<i64>, size: i64) -> Result<(Vec<Listed>, bool), Error> {
    let query = match from {
        From::Start => matching(filter).order(audit_events::sequence.desc()),
        From::After(number) => {
            matching(filter).filter(audit_events::sequence.lt(number)).order(audit_events::sequence.desc())
        }
        From::Before(number) => {
            matching(filter).filter(audit_events::sequence.gt(number)).order(audit_events::sequence.asc())
        }
    };
    let mut events: Vec<Listed> = query
        .limit(size + 1)
        .select((
            audit_events::sequence,
            audit_events::at,
            audit_events::actor_name,
            audit_events::via,
            audit_events::action,
            audit_events::target,
            audit_events::outcome,
            audit_events::details,
            audit_events::address,
            audit_events::request,
        ))
        .load(tx.db())?;
    let more = i64::try_from(events.len()).unwrap_or(i64::MAX) > size;
    events.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    if from.is_backwards() {
        events.reverse();
    }
    Ok((events, more))
}

/// How many events match, up to a limit.
pub fn count_up_to(tx: &mut ReadTx, filter: &EventFilter, limit: i64) -> Result<i64, Error> {
    Ok(counting::rows_of(tx, matching(filter).select(audit_events::sequence).limit(limit))?)
}
