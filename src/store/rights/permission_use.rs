//! How often permissions are given.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use crate::domain::ids::PermissionId;
use crate::domain::paging::Count;
use crate::domain::rights::permission::Given;
use crate::domain::rights::permission::Permission;
use crate::domain::time::clock::Timestamp;
use crate::store::schema::{api_keys, key_scopes, policies, policy_permissions};
use crate::store::{Error, ReadTx, counting};

/// How often each of these permissions is given, in their order.
pub fn given(tx: &mut ReadTx, catalogue: &[Permission], limit: i64, now: Timestamp) -> Result<Vec<Given>, Error> {
    let in_policies: Vec<(PermissionId, i64)> = policy_permissions::table
        .inner_join(policies::table.on(policies::id.eq(policy_permissions::policy)))
        .filter(policies::deleted_at.is_null())
        .group_by(policy_permissions::permission)
        .select((policy_permissions::permission, diesel::dsl::count_star()))
        .load(tx.db())?;
    let in_policies: HashMap<PermissionId, i64> = in_policies.into_iter().collect();
    catalogue
        .iter()
        .map(|permission| {
            let policies = in_policies.get(&permission.id).copied().unwrap_or_default();
            Ok(Given { policies, keys: keys_with(tx, permission.id, limit, now)? })
        })
        .collect()
}

/// The live keys with a permission in their list, up to a limit: the newest of the lists first, since the oldest have ended, and each
/// looked at by itself, so that it stops there.
fn keys_with(tx: &mut ReadTx, permission: PermissionId, limit: i64, now: Timestamp) -> Result<Count, Error> {
    let with = key_scopes::table
        .inner_join(api_keys::table.on(api_keys::id.eq(key_scopes::key)))
        .filter(key_scopes::permission.eq(permission))
        .filter(sql::<Bool>("api_keys.standing < 2 AND api_keys.ends_at > ").bind::<BigInt, _>(now.0))
        .order(key_scopes::key.desc())
        .limit(limit + 1)
        .select(key_scopes::key);
    Ok(Count::of(counting::rows_walking(tx, with)?, limit))
}
