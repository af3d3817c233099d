//! The tables of resources: what keys can be bound to, who administers it, and what keys for each kind can be given.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use crate::domain::change::Change;
use crate::domain::ids::{AccountId, PermissionId, ResourceId};
use crate::domain::paging::Count;
use crate::domain::paging::{From, Page};
use crate::domain::rights::permission::{PermissionName, Rights};
use crate::domain::rights::resource::{Resource, ResourceKind, ResourceName};
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::store::connection::each;
use crate::store::keys::grid::count_up_to;
use crate::store::keys::matching::{live, with_resource};
use crate::store::keys::predicate::{all, holding};
use crate::store::keyset;
use crate::store::schema::{
    accounts, api_keys, permissions, resource_administrators, resource_kind_permissions, resource_kinds, resources,
};
use crate::store::{Error, ReadTx, Write, WriteTx};

#[derive(Queryable, Selectable)]
#[diesel(table_name = resources)]
struct Row {
    id: ResourceId,
    kind: String,
    external_id: String,
    title: String,
    created_at: i64,
}

impl std::convert::From<Row> for Resource {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: ResourceName { kind: ResourceKind::from_db(row.kind), external_id: row.external_id },
            title: row.title,
            created_at: Timestamp(row.created_at),
        }
    }
}

/// The resource that services name so.
pub fn find(tx: &mut ReadTx, name: &ResourceName) -> Result<Option<Resource>, Error> {
    let row: Option<Row> = resources::table
        .filter(resources::kind.eq(name.kind.as_str()).and(resources::external_id.eq(&name.external_id)))
        .select(Row::as_select())
        .first(tx.db())
        .optional()?;
    Ok(row.map(Resource::from))
}

/// The first few by title: how services name them, and their titles. With `seen_by`, of those that an account may know of: it
/// administers them, or their kind is one of these.
pub fn first(
    tx: &mut ReadTx,
    seen_by: Option<(AccountId, &[ResourceKind])>,
    most: i64,
) -> Result<Vec<(String, String)>, Error> {
    let order = (resources::title_folded.asc(), resources::id.asc());
    let mut query = resources::table.order(order).limit(most).select(Row::as_select()).into_boxed();
    if let Some((account, kinds)) = seen_by {
        let kinds: Vec<String> = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        let administered = resource_administrators::table
            .filter(resource_administrators::account.eq(account))
            .select(resource_administrators::resource);
        query = query.filter(resources::kind.eq_any(kinds).or(resources::id.eq_any(administered)));
    }
    let rows: Vec<Row> = query.load(tx.db())?;
    Ok(rows.into_iter().map(Resource::from).map(|resource| (resource.name.text(), resource.title)).collect())
}

/// A page by title of those whose title or name holds a folded text, or of all.
pub fn page(tx: &mut ReadTx, search: &str, from: From<ResourceId>, size: i64) -> Result<Page<Resource>, Error> {
    let mut query = resources::table.select(Row::as_select()).into_boxed();
    if !search.is_empty() {
        let pattern = holding(search);
        query = query.filter(
            diesel::dsl::sql::<Bool>("(resources.title_folded LIKE ")
                .bind::<Text, _>(pattern.clone())
                .sql(" ESCAPE '\\' OR resources.name_folded LIKE ")
                .bind::<Text, _>(pattern)
                .sql(" ESCAPE '\\')"),
        );
    }
    if let From::After(id) | From::Before(id) = from {
        let place = resources::table.find(id).select((resources::title_folded, resources::id));
        if let Some(place) = place.first(tx.db()).optional()? {
            query = query.filter(keyset::beyond("resources.title_folded, resources.id", &from, place));
        }
    }
    let query = if from.is_backwards() {
        query.order((resources::title_folded.desc(), resources::id.desc()))
    } else {
        query.order((resources::title_folded.asc(), resources::id.asc()))
    };
    let rows: Vec<Row> = query.limit(size + 1).load(tx.db())?;
    Ok(Page::read(rows, &from, size).map(Resource::from))
}

/// How many resources there are.
pub fn count(tx: &mut ReadTx) -> Result<i64, Error> {
    Ok(resources::table.count().get_result(tx.db())?)
}

/// How many live keys are bound to each of these, up to a limit, in their order.
pub fn live_keys_of(tx: &mut ReadTx, of: &[Resource], limit: i64, now: Timestamp) -> Result<Vec<Count>, Error> {
    let bound = |resource: &Resource| all([with_resource(resource.id), live(now)].into_iter());
    of.iter().map(|resource| count_up_to(tx, bound(resource), limit)).collect()
}

/// How many live keys are bound to a resource.
pub fn live_keys(tx: &mut ReadTx, resource: ResourceId, now: Timestamp) -> Result<i64, Error> {
    Ok(api_keys::table.filter(api_keys::resource.eq(resource)).filter(live(now)).count().get_result(tx.db())?)
}

/// How many keys are bound to a resource, ended ones too.
pub fn count_keys(tx: &mut ReadTx, resource: ResourceId) -> Result<i64, Error> {
    Ok(api_keys::table.filter(api_keys::resource.eq(resource)).count().get_result(tx.db())?)
}

/// Registers a resource; a kind that is new comes with it. One of the same kind and identifier is a conflict.
pub fn insert(
    tx: &mut WriteTx,
    name: &ResourceName,
    title: &str,
    by: Option<AccountId>,
    now: Timestamp,
) -> Result<ResourceId, Error> {
    add_kind(tx, &name.kind)?;
    let id = diesel::insert_into(resources::table)
        .values((
            (resources::kind.eq(name.kind.as_str()), resources::external_id.eq(&name.external_id)),
            (resources::title.eq(title), resources::title_folded.eq(text::folded(title))),
            (resources::created_at.eq(now.0), resources::created_by.eq(by), resources::name_folded.eq(name.folded())),
        ))
        .returning(resources::id)
        .get_result(tx.writing())?;
    tx.changed(Change::Resource(id));
    Ok(id)
}

/// Two who register the first resource of a kind at the same moment both find the kind there.
fn add_kind(tx: &mut WriteTx, kind: &ResourceKind) -> Result<(), Error> {
    let row = resource_kinds::name.eq(kind.as_str());
    let added = tx.write_with(|db| {
        each!(db, c => diesel::insert_into(resource_kinds::table)
        .values(row).on_conflict_do_nothing().execute(c))
    });
    Ok(added.map(drop)?)
}

/// Changes what people call a resource.
pub fn set_title(tx: &mut WriteTx, id: ResourceId, title: &str) -> Result<(), Error> {
    diesel::update(resources::table.find(id))
        .set((resources::title.eq(title), resources::title_folded.eq(text::folded(title))))
        .write(tx)?;
    Ok(())
}

/// Removes a resource to which no key is bound.
pub fn delete(tx: &mut WriteTx, id: ResourceId) -> Result<(), Error> {
    tx.changed(Change::Resource(id));
    diesel::delete(resources::table.find(id)).write(tx)?;
    Ok(())
}

/// All kinds by name, each with what keys for its resources can be given by those who administer them. Retired permissions
/// are in none.
pub fn kinds(tx: &mut ReadTx) -> Result<Vec<(ResourceKind, Rights)>, Error> {
    let names: Vec<String> =
        resource_kinds::table.order(resource_kinds::name.asc()).select(resource_kinds::name).load(tx.db())?;
    names
        .into_iter()
        .map(|name| {
            let kind = ResourceKind::from_db(name);
            let rights = of_kind(tx, &kind)?;
            Ok((kind, rights))
        })
        .collect()
}

/// What keys for resources of a kind can be given by those who administer them.
pub fn of_kind(tx: &mut ReadTx, kind: &ResourceKind) -> Result<Rights, Error> {
    let names: Vec<String> = resource_kind_permissions::table
        .inner_join(permissions::table.on(permissions::id.eq(resource_kind_permissions::permission)))
        .filter(resource_kind_permissions::kind.eq(kind.as_str()).and(permissions::retired_at.is_null()))
        .select(permissions::name)
        .load(tx.db())?;
    Ok(names.into_iter().map(PermissionName::from_db).collect())
}

/// The same as it was chosen, with what is retired by now.
pub fn chosen_of_kind(tx: &mut ReadTx, kind: &ResourceKind) -> Result<Rights, Error> {
    let names: Vec<String> = resource_kind_permissions::table
        .inner_join(permissions::table.on(permissions::id.eq(resource_kind_permissions::permission)))
        .filter(resource_kind_permissions::kind.eq(kind.as_str()))
        .select(permissions::name)
        .load(tx.db())?;
    Ok(names.into_iter().map(PermissionName::from_db).collect())
}

/// Is there this kind?
pub fn is_kind(tx: &mut ReadTx, kind: &ResourceKind) -> Result<bool, Error> {
    Ok(diesel::select(diesel::dsl::exists(resource_kinds::table.find(kind.as_str()))).get_result(tx.db())?)
}

/// Makes these what keys for resources of a kind can be given.
pub fn set_of_kind(tx: &mut WriteTx, kind: &ResourceKind, permissions: &[PermissionId]) -> Result<(), Error> {
    tx.changed(Change::Everything);
    let before = resource_kind_permissions::table.filter(resource_kind_permissions::kind.eq(kind.as_str()));
    diesel::delete(before).write(tx)?;
    permissions.iter().try_for_each(|permission| allow(tx, kind, *permission))
}

/// Lets those who administer resources of a kind give keys for them this permission.
pub fn allow(tx: &mut WriteTx, kind: &ResourceKind, permission: PermissionId) -> Result<(), Error> {
    tx.changed(Change::Everything);
    diesel::insert_into(resource_kind_permissions::table)
        .values((
            resource_kind_permissions::kind.eq(kind.as_str()),
            resource_kind_permissions::permission.eq(permission),
        ))
        .write(tx)?;
    Ok(())
}

/// Who administers a resource: kind, user name and display name, by name.
pub fn administrators(tx: &mut ReadTx, resource: ResourceId) -> Result<Vec<(String, String, String)>, Error> {
    Ok(resource_administrators::table
        .inner_join(accounts::table.on(accounts::id.eq(resource_administrators::account)))
        .filter(resource_administrators::resource.eq(resource))
        .order((accounts::name_folded.asc(), accounts::id.asc()))
        .select((accounts::kind, accounts::username, accounts::display_name))
        .load(tx.db())?)
}

/// Does an account administer a resource?
pub fn is_administrator(tx: &mut ReadTx, resource: ResourceId, account: AccountId) -> Result<bool, Error> {
    let administers = resource_administrators::table.find((resource, account));
    Ok(diesel::select(diesel::dsl::exists(administers)).get_result(tx.db())?)
}

/// Lets an account administer a resource; says whether it did not before.
pub fn add_administrator(tx: &mut WriteTx, resource: ResourceId, account: AccountId) -> Result<bool, Error> {
    tx.changed(Change::Owner(account));
    let row = (resource_administrators::resource.eq(resource), resource_administrators::account.eq(account));
    let added = tx.write_with(|db| {
        each!(db, c => diesel::insert_into(resource_administrators::table)
        .values(row).on_conflict_do_nothing().execute(c))
    })?;
    Ok(added == 1)
}

/// Lets an account administer a resource no longer; says whether it did before.
pub fn remove_administrator(tx: &mut WriteTx, resource: ResourceId, account: AccountId) -> Result<bool, Error> {
    tx.changed(Change::Owner(account));
    Ok(diesel::delete(resource_administrators::table.find((resource, account))).write(tx)? == 1)
}

/// Lets an account administer nothing any more.
pub fn remove_administrator_everywhere(tx: &mut WriteTx, account: AccountId) -> Result<(), Error> {
    tx.changed(Change::Owner(account));
    let of_account = resource_administrators::table.filter(resource_administrators::account.eq(account));
    diesel::delete(of_account).write(tx)?;
    Ok(())
}

/// The resources that an account administers and that keys of its own are bound to, with their kinds.
pub fn administered_with_keys(tx: &mut ReadTx, account: AccountId) -> Result<Vec<(ResourceId, ResourceKind)>, Error> {
    let bound = api_keys::table.filter(api_keys::owner.eq(account)).select(api_keys::resource);
    let rows: Vec<(ResourceId, String)> = resources::table
        .inner_join(resource_administrators::table.on(resource_administrators::resource.eq(resources::id)))
        .filter(resource_administrators::account.eq(account).and(resources::id.nullable().eq_any(bound)))
        .select((resources::id, resources::kind))
        .load(tx.db())?;
    Ok(rows.into_iter().map(|(id, kind)| (id, ResourceKind::from_db(kind))).collect())
}

/// Does an account administer anything?
pub fn administers_any(tx: &mut ReadTx, account: AccountId) -> Result<bool, Error> {
    let any = resource_administrators::table.filter(resource_administrators::account.eq(account));
    Ok(diesel::select(diesel::dsl::exists(any)).get_result(tx.db())?)
}

/// The first few that an account administers, by title.
pub fn administered_by(tx: &mut ReadTx, account: AccountId, most: i64) -> Result<Vec<Resource>, Error> {
    let rows: Vec<Row> = resources::table
        .inner_join(resource_administrators::table.on(resource_administrators::resource.eq(resources::id)))
        .filter(resource_administrators::account.eq(account))
        .order((resources::title_folded.asc(), resources::id.asc()))
        .limit(most)
        .select(Row::as_select())
        .load(tx.db())?;
    Ok(rows.into_iter().map(Resource::from).collect())
}
