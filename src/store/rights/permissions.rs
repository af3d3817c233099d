//! The table `permissions`: the catalogue of what can be done, by the service that registered it.

use std::collections::{HashMap, HashSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use crate::domain::change::Change;
use crate::domain::ids::PermissionId;
use crate::domain::rights::permission::{
    self, OwnPermission, Permission, PermissionName, Retired, Rights, ServiceName,
};
use crate::domain::rights::permission::{Reached, Registered};
use crate::domain::time::clock::Timestamp;
use crate::store::schema::{api_keys, key_scopes, permissions, policies, policy_permissions};
use crate::store::{Error, ReadTx, Write, WriteTx, counting, dialect};

#[derive(Queryable, Selectable)]
#[diesel(table_name = permissions)]
pub(super) struct Row {
    id: PermissionId,
    name: String,
    service: String,
    description: String,
    retired_at: Option<i64>,
    retired_by_administrator: bool,
}

impl From<Row> for Permission {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: PermissionName::from_db(row.name),
            description: row.description,
            service: ServiceName::from_db(row.service),
            retired: row
                .retired_at
                .map(|at| Retired { at: Timestamp(at), by_administrator: row.retired_by_administrator }),
        }
    }
}

/// All permissions, retired ones too, by service and name.
pub fn catalogue(tx: &mut ReadTx) -> Result<Vec<Permission>, Error> {
    let order = (permissions::service.asc(), permissions::name.asc());
    let rows: Vec<Row> = permissions::table.order(order).select(Row::as_select()).load(tx.db())?;
    Ok(rows.into_iter().map(Permission::from).collect())
}

/// Those of these names that can be held: known and not retired.
pub fn known(tx: &mut ReadTx, names: &Rights) -> Result<Vec<Permission>, Error> {
    let wanted: Vec<&str> = names.iter().map(PermissionName::as_str).collect();
    let rows: Vec<Row> = permissions::table
        .filter(permissions::name.eq_any(wanted).and(permissions::retired_at.is_null()))
        .select(Row::as_select())
        .load(tx.db())?;
    Ok(rows.into_iter().map(Permission::from).collect())
}

/// Who registers permissions: their service takes up again what it left out itself, an administrator everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registrar {
    /// A program, for its service.
    Service,
    /// A person.
    Administrator,
}

/// Holds off other transactions that change the catalogue.
pub fn lock(tx: &mut WriteTx) -> Result<(), Error> {
    Ok(dialect::lock_catalogue(tx.db())?)
}

/// Makes these the permissions of a service. What it had and does not name is retired. A name that another service has
/// registered, also one that is retired, is given back as the error: who was given it, was given it for that service.
pub fn register(
    tx: &mut WriteTx,
    service: &ServiceName,
    wanted: &[(PermissionName, String)],
    registrar: Registrar,
    now: Timestamp,
) -> Result<Result<Registered, PermissionName>, Error> {
    let names: Vec<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
    let rows: Vec<Row> = permissions::table
        .filter(permissions::service.eq(service.as_str()).or(permissions::name.eq_any(&names)))
        .select(Row::as_select())
        .load(tx.db())?;
    let before: HashMap<String, Row> = rows.into_iter().map(|row| (row.name.clone(), row)).collect();
    if let Some((name, _)) =
        wanted.iter().find(|(name, _)| before.get(name.as_str()).is_some_and(|row| row.service != service.as_str()))
    {
        return Ok(Err(name.clone()));
    }
    let mut registered = Registered::default();
    for (name, description) in wanted {
        match before.get(name.as_str()) {
            None => insert(tx, service, name, description, now)?,
            Some(row) if row.retired_by_administrator && registrar == Registrar::Service => {
                registered.left_retired.insert(name.clone());
                continue;
            }
            Some(row) if row.retired_at.is_some() => {
                describe(tx, row.id, description)?;
                reinstate(tx, &[row.id])?;
            }
            Some(row) if row.description != *description => {
                describe(tx, row.id, description)?;
                registered.described.insert(name.clone());
                continue;
            }
            Some(_) => continue,
        }
        registered.added.insert(name.clone());
    }
    let names: HashSet<&str> = names.into_iter().collect();
    let gone = before.values().filter(|row| !names.contains(row.name.as_str()) && row.retired_at.is_none());
    let gone: Vec<&Row> = gone.collect();
    let ids: Vec<PermissionId> = gone.iter().map(|row| row.id).collect();
    registered.taken = reached(tx, &ids, now)?;
    retire(tx, &ids, Retired { at: now, by_administrator: false })?;
    registered.retired = gone.iter().map(|row| PermissionName::from_db(row.name.clone())).collect();
    Ok(Ok(registered))
}

/// How many permissions of a service can be held.
pub fn count_known(tx: &mut ReadTx, service: &ServiceName) -> Result<i64, Error> {
    let known = permissions::service.eq(service.as_str()).and(permissions::retired_at.is_null());
    Ok(permissions::table.filter(known).count().get_result(tx.db())?)
}

/// Who loses something when these are retired. Keys are counted up to a thousand.
pub fn reached(tx: &mut ReadTx, ids: &[PermissionId], now: Timestamp) -> Result<Reached, Error> {
    if ids.is_empty() {
        return Ok(Reached::default());
    }
    let policies = policy_permissions::table
        .inner_join(policies::table.on(policies::id.eq(policy_permissions::policy)))
        .filter(policy_permissions::permission.eq_any(ids).and(policies::deleted_at.is_null()))
        .select(policy_permissions::policy)
        .distinct();
    let keys = key_scopes::table
        .inner_join(api_keys::table.on(api_keys::id.eq(key_scopes::key)))
        .filter(key_scopes::permission.eq_any(ids))
        .filter(sql::<Bool>("api_keys.standing < 2 AND api_keys.ends_at > ").bind::<BigInt, _>(now.0))
        .select(key_scopes::key)
        .distinct()
        .limit(1_000);
    Ok(Reached { policies: counting::rows_of(tx, policies)?, keys: counting::rows_of(tx, keys)? })
}

/// The right to register the permissions of a service is Claviger's own: an administrator gives it to who deploys the service.
pub fn add_registering(tx: &mut WriteTx, service: &ServiceName, now: Timestamp) -> Result<bool, Error> {
    let name = PermissionName::registers(service);
    if find(tx, &name)?.is_some() {
        return Ok(false);
    }
    let about = format!("Register the permissions of {}", service.as_str());
    insert(tx, &ServiceName::from_db(permission::CLAVIGER.into()), &name, &about, now)?;
    Ok(true)
}

/// What there is of Claviger's own: what the role administrator holds.
pub fn own(tx: &mut ReadTx) -> Result<Rights, Error> {
    let own = permissions::service.eq(permission::CLAVIGER).and(permissions::retired_at.is_null());
    let names: Vec<String> = permissions::table.filter(own).select(permissions::name).load(tx.db())?;
    Ok(names.into_iter().map(PermissionName::from_db).collect())
}

/// Brings Claviger's own permissions up to what this binary knows, and to the services that are there.
pub fn register_own(tx: &mut WriteTx) -> Result<(), Error> {
    let mut own: Vec<_> =
        OwnPermission::all().iter().map(|one| (PermissionName::of_own(*one), one.description().to_owned())).collect();
    let service = ServiceName::from_db(permission::CLAVIGER.into());
    let services: Vec<String> = permissions::table
        .filter(permissions::service.ne(permission::CLAVIGER))
        .select(permissions::service)
        .distinct()
        .load(tx.db())?;
    for service in services {
        add_registering(tx, &ServiceName::from_db(service), Timestamp(0))?;
    }
    let registering = catalogue(tx)?.into_iter().filter(|one| one.service == service);
    let registering = registering.filter(|one| one.name.registered_service().is_some());
    own.extend(registering.map(|one| (one.name, one.description)));
    match register(tx, &service, &own, Registrar::Administrator, Timestamp(0))? {
        Ok(_) => Ok(()),
        Err(name) => Err(Error::Internal(format!("another service has registered {}", name.as_str()))),
    }
}

fn insert(
    tx: &mut WriteTx,
    service: &ServiceName,
    name: &PermissionName,
    about: &str,
    now: Timestamp,
) -> Result<(), Error> {
    tx.changed(Change::Everything);
    diesel::insert_into(permissions::table)
        .values((
            permissions::name.eq(name.as_str()),
            permissions::service.eq(service.as_str()),
            permissions::description.eq(about),
            permissions::registered_at.eq(now.0),
        ))
        .write(tx)?;
    Ok(())
}

fn describe(tx: &mut WriteTx, id: PermissionId, description: &str) -> Result<(), Error> {
    diesel::update(permissions::table.find(id)).set(permissions::description.eq(description)).write(tx)?;
    Ok(())
}

/// Retires permissions.
pub fn retire(tx: &mut WriteTx, ids: &[PermissionId], retired: Retired) -> Result<(), Error> {
    if !ids.is_empty() {
        tx.changed(Change::Everything);
    }
    let values = (
        permissions::retired_at.eq(Some(retired.at.0)),
        permissions::retired_by_administrator.eq(retired.by_administrator),
    );
    diesel::update(permissions::table.filter(permissions::id.eq_any(ids))).set(values).write(tx)?;
    Ok(())
}

/// Takes retired permissions up again.
pub fn reinstate(tx: &mut WriteTx, ids: &[PermissionId]) -> Result<(), Error> {
    if !ids.is_empty() {
        tx.changed(Change::Everything);
    }
    let values = (permissions::retired_at.eq(None::<i64>), permissions::retired_by_administrator.eq(false));
    diesel::update(permissions::table.filter(permissions::id.eq_any(ids))).set(values).write(tx)?;
    Ok(())
}

/// The permission with this name, retired or not.
pub fn find(tx: &mut ReadTx, name: &PermissionName) -> Result<Option<Permission>, Error> {
    let row: Option<Row> = permissions::table
        .filter(permissions::name.eq(name.as_str()))
        .select(Row::as_select())
        .first(tx.db())
        .optional()?;
    Ok(row.map(Permission::from))
}
