//! Permissions whose service is renamed, and names that are given free.

use diesel::prelude::*;

use super::permissions::Row;
use crate::domain::change::Change;
use crate::domain::ids::PermissionId;
use crate::domain::paging::Count;
use crate::domain::rights::permission::{Permission, ServiceName};
use crate::domain::time::clock::Timestamp;
use crate::store::schema::{key_scopes, permissions, policies, policy_permissions, resource_kind_permissions};
use crate::store::{Error, ReadTx, Write, WriteTx, counting};

/// Makes all permissions of a service, retired ones too, those of another; gives their names.
pub fn move_all(tx: &mut WriteTx, from: &ServiceName, to: &ServiceName) -> Result<Vec<String>, Error> {
    tx.changed(Change::Everything);
    let of_service = || permissions::table.filter(permissions::service.eq(from.as_str()));
    let names = of_service().order(permissions::name.asc()).select(permissions::name).load(tx.db())?;
    diesel::update(of_service()).set(permissions::service.eq(to.as_str())).write(tx)?;
    Ok(names)
}

/// Where a permission stands: in policies, in the lists of keys of every state up to a limit, with kinds of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// In so many policies that are not deleted.
    pub policies: i64,
    /// In the lists of so many keys, ended ones too, up to a limit.
    pub keys: Count,
    /// With so many kinds of resources.
    pub kinds: i64,
}

/// Where a permission stands.
pub fn standing(tx: &mut ReadTx, id: PermissionId, limit: i64) -> Result<Standing, Error> {
    let policies = policy_permissions::table
        .inner_join(policies::table.on(policies::id.eq(policy_permissions::policy)))
        .filter(policy_permissions::permission.eq(id).and(policies::deleted_at.is_null()));
    let keys = key_scopes::table.filter(key_scopes::permission.eq(id)).limit(limit + 1).select(key_scopes::key);
    let kinds = resource_kind_permissions::table.filter(resource_kind_permissions::permission.eq(id));
    Ok(Standing {
        policies: policies.count().get_result(tx.db())?,
        keys: Count::of(counting::rows_of(tx, keys)?, limit),
        kinds: kinds.count().get_result(tx.db())?,
    })
}

/// Removes a permission that stands nowhere but in deleted policies, which lose it.
pub fn release(tx: &mut WriteTx, id: PermissionId) -> Result<(), Error> {
    tx.changed(Change::Everything);
    diesel::delete(policy_permissions::table.filter(policy_permissions::permission.eq(id))).write(tx)?;
    diesel::delete(permissions::table.find(id)).write(tx)?;
    Ok(())
}

/// What a service left out of its list at one moment.
pub fn retired_at(tx: &mut ReadTx, service: &ServiceName, at: Timestamp) -> Result<Vec<Permission>, Error> {
    let rows: Vec<Row> = permissions::table
        .filter(permissions::service.eq(service.as_str()).and(permissions::retired_at.eq(at.0)))
        .filter(permissions::retired_by_administrator.eq(false))
        .order(permissions::name.asc())
        .select(Row::as_select())
        .load(tx.db())?;
    Ok(rows.into_iter().map(Permission::from).collect())
}
