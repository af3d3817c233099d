//! The table `asked_permissions`: when a permission was last asked of a key that had it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::prelude::*;

use crate::domain::ids::{KeyId, PermissionId};
use crate::domain::rights::permission::PermissionName;
use crate::domain::time::clock::Timestamp;
use crate::store::connection::each;
use crate::store::schema::{api_keys, asked_permissions, permissions};
use crate::store::{Error, ReadTx, WriteTx};

/// Notes what was asked of keys, in the order of the keys. What was purged or never registered meanwhile is passed over.
pub fn add(tx: &mut WriteTx, asked: &[(KeyId, &PermissionName, Timestamp)]) -> Result<(), Error> {
    if asked.is_empty() {
        return Ok(());
    }
    let names: BTreeSet<&str> = asked.iter().map(|(_, name, _)| name.as_str()).collect();
    let known: Vec<(String, PermissionId)> = permissions::table
        .filter(permissions::name.eq_any(names))
        .select((permissions::name, permissions::id))
        .load(tx.db())?;
    let known: HashMap<String, PermissionId> = known.into_iter().collect();
    let ids: BTreeSet<KeyId> = asked.iter().map(|(key, ..)| *key).collect();
    let there: Vec<KeyId> = api_keys::table.filter(api_keys::id.eq_any(ids)).select(api_keys::id).load(tx.db())?;
    let there: HashSet<KeyId> = there.into_iter().collect();
    for (key, name, at) in asked.iter().filter(|(key, ..)| there.contains(key)) {
        let Some(permission) = known.get(name.as_str()) else { continue };
        let row = (
            asked_permissions::key.eq(*key),
            asked_permissions::permission.eq(*permission),
            asked_permissions::asked_at.eq(at.0),
        );
        tx.write_with(|db| {
            each!(db, c => diesel::insert_into(asked_permissions::table)
            .values(row)
            .on_conflict((asked_permissions::key, asked_permissions::permission))
            .do_update()
            .set(asked_permissions::asked_at.eq(at.0))
            .execute(c))
        })?;
    }
    Ok(())
}

/// What was asked of a key, and when last.
pub fn of_key(tx: &mut ReadTx, key: KeyId) -> Result<BTreeMap<PermissionName, Timestamp>, Error> {
    let rows: Vec<(String, i64)> = asked_permissions::table
        .inner_join(permissions::table.on(permissions::id.eq(asked_permissions::permission)))
        .filter(asked_permissions::key.eq(key))
        .select((permissions::name, asked_permissions::asked_at))
        .load(tx.db())?;
    Ok(rows.into_iter().map(|(name, at)| (PermissionName::from_db(name), Timestamp(at))).collect())
}
