//! The tables `resources` and `resource_administrators`: what keys can be bound to, and who looks after it.

use diesel::prelude::*;

use super::Error;
use super::connection::Db;
use super::schema::{resource_kind_permissions, resources};
use crate::domain::clock::Moment;
use crate::domain::resource::{Resource, ResourceKind, ResourceName};
use crate::domain::text;

#[derive(Queryable, Selectable)]
#[diesel(table_name = resources)]
struct Row {
    id: i64,
    kind: String,
    external_id: String,
    title: String,
    created_at: i64,
}

impl From<Row> for Resource {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: ResourceName { kind: ResourceKind::stored(row.kind), external_id: row.external_id },
            title: row.title,
            created_at: Moment(row.created_at),
        }
    }
}

/// The resource that services name so.
pub fn find(db: &mut Db, name: &ResourceName) -> Result<Option<Resource>, Error> {
    let row: Option<Row> = resources::table
        .filter(resources::kind.eq(name.kind.as_str()).and(resources::external_id.eq(&name.external_id)))
        .select(Row::as_select())
        .first(db)
        .optional()?;
    Ok(row.map(Resource::from))
}

/// The first few by title: how services name them, and their titles.
pub fn first(db: &mut Db, most: i64) -> Result<Vec<(String, String)>, Error> {
    let rows: Vec<Row> = resources::table
        .order((resources::title_folded.asc(), resources::id.asc()))
        .limit(most)
        .select(Row::as_select())
        .load(db)?;
    Ok(rows.into_iter().map(Resource::from).map(|resource| (resource.name.text(), resource.title)).collect())
}

/// Registers a resource. One of the same kind and identifier is a conflict.
pub fn insert(db: &mut Db, name: &ResourceName, title: &str, by: Option<i64>, now: Moment) -> Result<i64, Error> {
    Ok(diesel::insert_into(resources::table)
        .values((
            (resources::kind.eq(name.kind.as_str()), resources::external_id.eq(&name.external_id)),
            (resources::title.eq(title), resources::title_folded.eq(text::folded(title))),
            (resources::created_at.eq(now.0), resources::created_by.eq(by)),
        ))
        .returning(resources::id)
        .get_result(db)?)
}

/// Lets the administrators of resources of a kind give keys for them this permission.
pub fn allow(db: &mut Db, kind: &ResourceKind, permission: i64) -> Result<(), Error> {
    diesel::insert_into(resource_kind_permissions::table)
        .values((
            resource_kind_permissions::kind.eq(kind.as_str()),
            resource_kind_permissions::permission.eq(permission),
        ))
        .execute(db)?;
    Ok(())
}
