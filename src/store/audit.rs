//! The table `audit_events`. Written inside the transaction of the change that it tells of; never changed afterwards.

use diesel::prelude::*;

use super::Error;
use super::connection::Db;
use super::schema::audit_events;
use crate::domain::audit::Event;
use crate::domain::clock::Moment;

/// Appends an event.
pub fn insert(db: &mut Db, event: &Event) -> Result<(), Error> {
    diesel::insert_into(audit_events::table)
        .values((
            audit_events::at.eq(event.at.0),
            audit_events::actor.eq(event.actor),
            audit_events::actor_name.eq(&event.actor_name),
            audit_events::via.eq(event.via.word()),
            audit_events::action.eq(event.action.word()),
            audit_events::target.eq(&event.target),
            audit_events::outcome.eq(event.outcome.word()),
            audit_events::details.eq(event.details.to_string()),
            audit_events::address.eq(event.address.as_deref()),
            audit_events::request.eq(event.request.as_deref()),
        ))
        .execute(db)?;
    Ok(())
}

/// One line of a key's history.
#[derive(Debug, Clone)]
pub struct Line {
    /// When.
    pub at: Moment,
    /// Who.
    pub actor_name: String,
    /// The action's word.
    pub action: String,
    /// From where.
    pub address: Option<String>,
}

/// The successful changes of the key `target`, latest first.
pub fn history(db: &mut Db, target: &str, most: i64) -> Result<Vec<Line>, Error> {
    let rows: Vec<(i64, String, String, Option<String>)> = audit_events::table
        .filter(audit_events::target.eq(target).and(audit_events::outcome.eq("success")))
        .filter(audit_events::action.like("key.%"))
        .order(audit_events::id.desc())
        .limit(most)
        .select((audit_events::at, audit_events::actor_name, audit_events::action, audit_events::address))
        .load(db)?;
    let line = |(at, actor_name, action, address)| Line { at: Moment(at), actor_name, action, address };
    Ok(rows.into_iter().map(line).collect())
}
