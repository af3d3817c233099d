//! What the rights of keys and accounts come from, read in one state of the database: policies, scopes, resources. A
//! permission that was retired, and a policy that was deleted, is in none of it.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::domain::accounts::account::{Account, Role};
use crate::domain::bulk::Held;
use crate::domain::change::Change;
use crate::domain::ids::{AccountId, KeyId, PermissionId, PolicyId, ResourceId};
use crate::domain::keys::api_key::ApiKey;
use crate::domain::rights::permission::{PermissionName, Rights, of_everybody};
use crate::domain::rights::policy::PolicyName;
use crate::domain::rights::resource::{ResourceKind, ResourceName};
use crate::domain::rights::{AccessView, BoundResource, EffectiveGrant, Grant, GrantView, RightsSource};
use crate::store::rights::permissions::own;
use crate::store::rights::policies::names as policy_names;
use crate::store::rights::resources;
use crate::store::schema::{
    account_policies, key_scopes, permissions, policies, policy_permissions, resources as table,
};
use crate::store::{Error, ReadTx, Write, WriteTx};

fn rights(names: Vec<String>) -> Rights {
    names.into_iter().map(PermissionName::from_db).collect()
}

/// What an account may do now: what its policies allow and what its role brings.
pub fn of_account(tx: &mut ReadTx, account: AccountId, role: Role) -> Result<Rights, Error> {
    let names: Vec<String> = account_policies::table
        .inner_join(policies::table.on(policies::id.eq(account_policies::policy)))
        .inner_join(policy_permissions::table.on(policy_permissions::policy.eq(account_policies::policy)))
        .inner_join(permissions::table.on(permissions::id.eq(policy_permissions::permission)))
        .filter(account_policies::account.eq(account))
        .filter(policies::deleted_at.is_null().and(permissions::retired_at.is_null()))
        .select(permissions::name)
        .load(tx.db())?;
    let mut held = rights(names);
    held.extend(match role {
        Role::Admin => own(tx)?,
        Role::User => of_everybody(),
    });
    Ok(held)
}

/// Was the policy of this key deleted?
pub fn policy_is_deleted(tx: &mut ReadTx, key: &ApiKey) -> Result<bool, Error> {
    match key.grant {
        Grant::Policy(policy) => Ok(!is_there(tx, policy)?),
        Grant::Inherit | Grant::Scopes => Ok(false),
    }
}

fn is_there(tx: &mut ReadTx, policy: PolicyId) -> Result<bool, Error> {
    let query = policies::table.filter(policies::id.eq(policy).and(policies::deleted_at.is_null()));
    Ok(diesel::select(diesel::dsl::exists(query)).get_result(tx.db())?)
}

/// What the permissions of a policy are now; `None` when it was deleted.
fn of_policy(tx: &mut ReadTx, policy: PolicyId) -> Result<Option<Rights>, Error> {
    if !is_there(tx, policy)? {
        return Ok(None);
    }
    let names: Vec<String> = policy_permissions::table
        .inner_join(permissions::table.on(permissions::id.eq(policy_permissions::permission)))
        .filter(policy_permissions::policy.eq(policy).and(permissions::retired_at.is_null()))
        .select(permissions::name)
        .load(tx.db())?;
    Ok(Some(rights(names)))
}

/// What the policy of this name allows now; nothing when there is none.
pub fn of_policy_named(tx: &mut ReadTx, name: &PolicyName) -> Result<Rights, Error> {
    match crate::store::rights::policies::find(tx, name)? {
        Some(policy) => Ok(of_policy(tx, policy.id)?.unwrap_or_default()),
        None => Ok(Rights::new()),
    }
}

/// The permissions in the list of a key, retired ones too: what it was given.
pub fn scopes_of(tx: &mut ReadTx, key: KeyId) -> Result<Rights, Error> {
    let names: Vec<String> = key_scopes::table
        .inner_join(permissions::table.on(permissions::id.eq(key_scopes::permission)))
        .filter(key_scopes::key.eq(key))
        .select(permissions::name)
        .load(tx.db())?;
    Ok(rights(names))
}

/// What the rights of a key come from at this moment; `None` when its policy was deleted. With `policy_alone`, the owner
/// is a service account whose keys may do what their policies say, whatever it holds itself.
pub fn of_key(tx: &mut ReadTx, key: &ApiKey, role: Role, policy_alone: bool) -> Result<Option<RightsSource>, Error> {
    let Some(granted) = granted(tx, key, policy_alone)? else { return Ok(None) };
    let owner = of_account(tx, key.owner, role)?;
    let bound = key.resource.map(|resource| bound(tx, resource, key.owner)).transpose()?;
    Ok(Some(RightsSource { granted, owner, bound }))
}

/// What the grant of a key comes to; `None` when its policy was deleted.
pub fn granted(tx: &mut ReadTx, key: &ApiKey, policy_alone: bool) -> Result<Option<EffectiveGrant>, Error> {
    Ok(match key.grant {
        Grant::Inherit => Some(EffectiveGrant::Everything),
        Grant::Scopes => Some(EffectiveGrant::Only(scopes_of(tx, key.id)?)),
        Grant::Policy(policy) => {
            let of_policy = of_policy(tx, policy)?;
            of_policy
                .map(|these| if policy_alone { EffectiveGrant::Exactly(these) } else { EffectiveGrant::Only(these) })
        }
    })
}

/// The resource that a key of this owner is bound to, with what its administrators may give when the owner is one.
fn bound(tx: &mut ReadTx, resource: ResourceId, owner: AccountId) -> Result<BoundResource, Error> {
    let (kind, external_id): (String, String) =
        table::table.find(resource).select((table::kind, table::external_id)).first(tx.db())?;
    let kind = ResourceKind::from_db(kind);
    let administers = resources::is_administrator(tx, resource, owner)?;
    let administered = if administers { Some(resources::of_kind(tx, &kind)?) } else { None };
    Ok(BoundResource { name: ResourceName { kind, external_id }, administered })
}

/// What an account may give keys for a resource as its administrator; `None` when it is not.
pub fn as_administrator(tx: &mut ReadTx, resource: ResourceId, account: AccountId) -> Result<Option<Rights>, Error> {
    if !resources::is_administrator(tx, resource, account)? {
        return Ok(None);
    }
    let kind: String = table::table.find(resource).select(table::kind).first(tx.db())?;
    Ok(Some(resources::of_kind(tx, &ResourceKind::from_db(kind))?))
}

/// Writes the list of a new key.
pub fn give_scopes(tx: &mut WriteTx, key: KeyId, permissions: &[PermissionId]) -> Result<(), Error> {
    tx.changed(Change::Key(key));
    for permission in permissions {
        diesel::insert_into(key_scopes::table)
            .values((key_scopes::key.eq(key), key_scopes::permission.eq(permission)))
            .write(tx)?;
    }
    Ok(())
}

/// What an account may do at this moment, for a transfer of its keys.
pub fn held(tx: &mut ReadTx, account: &Account, policy_alone: bool) -> Result<Held, Error> {
    let names = |rights: Rights| rights.iter().map(|right| right.as_str().to_owned()).collect::<Vec<_>>();
    let rights = names(of_account(tx, account.id, account.role)?);
    let mut administered = Vec::new();
    for (resource, kind) in resources::administered_with_keys(tx, account.id)? {
        administered.push((resource, names(resources::of_kind(tx, &kind)?)));
    }
    Ok(Held { rights, administered, policy_alone, was_deleted: false })
}

/// The ids of the permissions in the list of a key.
pub fn scope_ids_of(tx: &mut ReadTx, key: KeyId) -> Result<Vec<PermissionId>, Error> {
    Ok(key_scopes::table.filter(key_scopes::key.eq(key)).select(key_scopes::permission).load(tx.db())?)
}

/// Makes this the list of a key.
pub fn set_scopes(tx: &mut WriteTx, key: KeyId, permissions: &[PermissionId]) -> Result<(), Error> {
    tx.changed(Change::Key(key));
    diesel::delete(key_scopes::table.filter(key_scopes::key.eq(key))).write(tx)?;
    give_scopes(tx, key, permissions)
}

/// What a key may do, for its page.
pub fn access(tx: &mut ReadTx, key: &ApiKey) -> Result<AccessView, Error> {
    Ok(access_of(tx, &[key])?.remove(&key.id).unwrap_or(AccessView::inherited()))
}

/// What each of these keys may do, by its id: three questions, however many keys there are.
pub fn access_of(tx: &mut ReadTx, keys: &[&ApiKey]) -> Result<HashMap<KeyId, AccessView>, Error> {
    let policy_ids: Vec<PolicyId> = keys.iter().filter_map(|key| key.grant.policy()).collect();
    let names = if policy_ids.is_empty() { HashMap::new() } else { policy_names(tx, &policy_ids)? };
    let resource_ids: Vec<ResourceId> = keys.iter().filter_map(|key| key.resource).collect();
    let titles = if resource_ids.is_empty() { HashMap::new() } else { titles(tx, &resource_ids)? };
    let listed: Vec<KeyId> = keys.iter().filter(|key| key.grant == Grant::Scopes).map(|key| key.id).collect();
    let mut scopes: HashMap<KeyId, Vec<String>> = HashMap::new();
    if !listed.is_empty() {
        let rows: Vec<(KeyId, String)> = key_scopes::table
            .inner_join(permissions::table.on(permissions::id.eq(key_scopes::permission)))
            .filter(key_scopes::key.eq_any(&listed))
            .order((key_scopes::key.asc(), permissions::name.asc()))
            .select((key_scopes::key, permissions::name))
            .load(tx.db())?;
        for (key, name) in rows {
            scopes.entry(key).or_default().push(name);
        }
    }
    let describe = |key: &&ApiKey| {
        let (given, policy_deleted) = match key.grant {
            Grant::Inherit => (GrantView::Everything, false),
            Grant::Scopes => (GrantView::Scopes(scopes.get(&key.id).cloned().unwrap_or_default()), false),
            Grant::Policy(id) => {
                let (name, deleted) = names.get(&id).cloned().unwrap_or_default();
                (GrantView::Policy(name), deleted)
            }
        };
        let resource = key.resource.and_then(|id| titles.get(&id).cloned());
        (key.id, AccessView { grant: given, resource, policy_deleted })
    };
    Ok(keys.iter().map(describe).collect())
}

fn titles(tx: &mut ReadTx, ids: &[ResourceId]) -> Result<HashMap<ResourceId, (String, String)>, Error> {
    let rows: Vec<(ResourceId, String, String, String)> = table::table
        .filter(table::id.eq_any(ids))
        .select((table::id, table::kind, table::external_id, table::title))
        .load(tx.db())?;
    let named = |(id, kind, external_id, title): (ResourceId, String, String, String)| {
        let name = ResourceName { kind: ResourceKind::from_db(kind), external_id };
        (id, (name.text(), title))
    };
    Ok(rows.into_iter().map(named).collect())
}
