//! The table `permissions`: the catalogue of what can be done, by the service that registered it.

use std::collections::{HashMap, HashSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::connection::Db;
use super::keys::grid::Count;
use super::schema::{api_keys, key_scopes, permissions, policies, policy_permissions};
use super::{Error, counting, dialect};
use crate::domain::clock::Moment;
use crate::domain::permission::{self, Permission, PermissionName, Rights, ServiceName};

#[derive(Queryable, Selectable)]
#[diesel(table_name = permissions)]
struct Row {
    id: i64,
    name: String,
    service: String,
    description: String,
    retired_at: Option<i64>,
}

impl From<Row> for Permission {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: PermissionName::stored(row.name),
            description: row.description,
            service: ServiceName::stored(row.service),
            retired: row.retired_at.is_some(),
        }
    }
}

/// All permissions, retired ones too, by service and name.
pub fn catalogue(db: &mut Db) -> Result<Vec<Permission>, Error> {
    let order = (permissions::service.asc(), permissions::name.asc());
    let rows: Vec<Row> = permissions::table.order(order).select(Row::as_select()).load(db)?;
    Ok(rows.into_iter().map(Permission::from).collect())
}

/// Those of these names that can be held: known and not retired.
pub fn known(db: &mut Db, names: &Rights) -> Result<Vec<Permission>, Error> {
    let wanted: Vec<&str> = names.iter().map(PermissionName::as_str).collect();
    let rows: Vec<Row> = permissions::table
        .filter(permissions::name.eq_any(wanted).and(permissions::retired_at.is_null()))
        .select(Row::as_select())
        .load(db)?;
    Ok(rows.into_iter().map(Permission::from).collect())
}

/// How often a permission is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// In so many policies.
    pub policies: i64,
    /// In the lists of so many live keys, up to a limit.
    pub keys: Count,
}

/// How often each of these permissions is given, in their order.
pub fn given(db: &mut Db, catalogue: &[Permission], limit: i64, now: Moment) -> Result<Vec<Given>, Error> {
    let in_policies: Vec<(i64, i64)> = policy_permissions::table
        .inner_join(policies::table.on(policies::id.eq(policy_permissions::policy)))
        .filter(policies::deleted_at.is_null())
        .group_by(policy_permissions::permission)
        .select((policy_permissions::permission, diesel::dsl::count_star()))
        .load(db)?;
    let in_policies: HashMap<i64, i64> = in_policies.into_iter().collect();
    catalogue
        .iter()
        .map(|permission| {
            let policies = in_policies.get(&permission.id).copied().unwrap_or_default();
            Ok(Given { policies, keys: keys_with(db, permission.id, limit, now)? })
        })
        .collect()
}

/// The live keys with a permission in their list, up to a limit: read from the lists, so that it stops there.
fn keys_with(db: &mut Db, permission: i64, limit: i64, now: Moment) -> Result<Count, Error> {
    let with = key_scopes::table
        .inner_join(api_keys::table.on(api_keys::id.eq(key_scopes::key)))
        .filter(key_scopes::permission.eq(permission))
        .filter(sql::<Bool>("api_keys.standing < 2 AND api_keys.ends_at > ").bind::<BigInt, _>(now.0))
        .limit(limit + 1)
        .select(key_scopes::key);
    Ok(Count::of(counting::rows_of(db, with)?, limit))
}

/// What a registration changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registered {
    /// New, or back again.
    pub added: Rights,
    /// With another description.
    pub described: Rights,
    /// Not known to the service any more.
    pub retired: Rights,
}

impl Registered {
    /// Did it change nothing?
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.described.is_empty() && self.retired.is_empty()
    }
}

/// Holds off other transactions that change the catalogue.
pub fn lock(db: &mut Db) -> Result<(), Error> {
    Ok(dialect::lock_catalogue(db)?)
}

/// Makes these the permissions of a service. What it had and does not name is retired. A name that another service has
/// registered, also one that is retired, is given back as the error: who was given it, was given it for that service.
pub fn register(
    db: &mut Db,
    service: &ServiceName,
    wanted: &[(PermissionName, String)],
    now: Moment,
) -> Result<Result<Registered, PermissionName>, Error> {
    let names: Vec<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
    let rows: Vec<Row> = permissions::table
        .filter(permissions::service.eq(service.as_str()).or(permissions::name.eq_any(&names)))
        .select(Row::as_select())
        .load(db)?;
    let before: HashMap<String, Row> = rows.into_iter().map(|row| (row.name.clone(), row)).collect();
    if let Some((name, _)) =
        wanted.iter().find(|(name, _)| before.get(name.as_str()).is_some_and(|row| row.service != service.as_str()))
    {
        return Ok(Err(name.clone()));
    }
    let mut registered = Registered::default();
    for (name, description) in wanted {
        let row = before.get(name.as_str());
        match row {
            None => insert(db, service, name, description, now)?,
            Some(row) if row.retired_at.is_some() => take_up(db, row.id, description)?,
            Some(row) if row.description != *description => {
                take_up(db, row.id, description)?;
                registered.described.insert(name.clone());
                continue;
            }
            Some(_) => continue,
        }
        registered.added.insert(name.clone());
    }
    let names: HashSet<&str> = names.into_iter().collect();
    let vanished = before.values().filter(|row| !names.contains(row.name.as_str()) && row.retired_at.is_none());
    for row in vanished {
        set_retired(db, row.id, Some(now))?;
        registered.retired.insert(PermissionName::stored(row.name.clone()));
    }
    Ok(Ok(registered))
}

/// Brings Claviger's own permissions up to what this binary knows.
pub fn register_own(db: &mut Db) -> Result<(), Error> {
    let stored = |name: &str| PermissionName::stored(name.to_owned());
    let own: Vec<_> = permission::OWN.iter().map(|(name, about)| (stored(name), (*about).to_owned())).collect();
    let service = ServiceName::stored(permission::CLAVIGER.into());
    match register(db, &service, &own, Moment(0))? {
        Ok(_) => Ok(()),
        Err(name) => Err(Error::Internal(format!("another service has registered {}", name.as_str()))),
    }
}

fn insert(db: &mut Db, service: &ServiceName, name: &PermissionName, about: &str, now: Moment) -> Result<(), Error> {
    diesel::insert_into(permissions::table)
        .values((
            permissions::name.eq(name.as_str()),
            permissions::service.eq(service.as_str()),
            permissions::description.eq(about),
            permissions::registered_at.eq(now.0),
        ))
        .execute(db)?;
    Ok(())
}

fn take_up(db: &mut Db, id: i64, description: &str) -> Result<(), Error> {
    diesel::update(permissions::table.find(id))
        .set((permissions::description.eq(description), permissions::retired_at.eq(None::<i64>)))
        .execute(db)?;
    Ok(())
}

/// Retires a permission, or takes it up again.
pub fn set_retired(db: &mut Db, id: i64, at: Option<Moment>) -> Result<(), Error> {
    diesel::update(permissions::table.find(id)).set(permissions::retired_at.eq(at.map(|at| at.0))).execute(db)?;
    Ok(())
}

/// The permission with this name, retired or not.
pub fn find(db: &mut Db, name: &PermissionName) -> Result<Option<Permission>, Error> {
    let row: Option<Row> =
        permissions::table.filter(permissions::name.eq(name.as_str())).select(Row::as_select()).first(db).optional()?;
    Ok(row.map(Permission::from))
}
