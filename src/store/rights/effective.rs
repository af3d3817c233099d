//! What the rights of keys and accounts come from, read in one state of the database: policies, scopes, resources. A
//! permission that was retired, and a policy that was deleted, is in none of it.

use std::collections::{HashMap, HashSet};

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
    account_policies, key_scopes, permissions, policies, policy_permissions, resource_administrators,
    resources as table,
};
use crate::store::{Error, ReadTx, Write, WriteTx, dialect};

fn rights(names: Vec<String>) -> Rights {
    names.into_iter().map(PermissionName::from_db).collect()
}

/// What an account may do now: what its policies allow and what its role brings.
pub fn of_account(tx: &mut ReadTx, account: AccountId, role: Role) -> Result<Rights, Error> {
    Ok(of_accounts(tx, &HashMap::from([(account, role)]))?.remove(&account).unwrap_or_default())
}

/// The same of each of these.
fn of_accounts(tx: &mut ReadTx, accounts: &HashMap<AccountId, Role>) -> Result<HashMap<AccountId, Rights>, Error> {
    let of_these = dialect::one_of_ids(tx.kind(), "account_policies.account", accounts.keys().map(|id| id.0));
    let names: Vec<(AccountId, String)> = account_policies::table
        .inner_join(policies::table.on(policies::id.eq(account_policies::policy)))
        .inner_join(policy_permissions::table.on(policy_permissions::policy.eq(account_policies::policy)))
        .inner_join(permissions::table.on(permissions::id.eq(policy_permissions::permission)))
        .filter(of_these)
        .filter(policies::deleted_at.is_null().and(permissions::retired_at.is_null()))
        .select((account_policies::account, permissions::name))
        .load(tx.db())?;
    let is_admin = |role: &Role| *role == Role::Admin;
    let of_admins = if accounts.values().any(is_admin) { own(tx)? } else { Rights::new() };
    let of_everybody = of_everybody();
    let by_role = |role: &Role| if is_admin(role) { of_admins.clone() } else { of_everybody.clone() };
    let mut held: HashMap<AccountId, Rights> = accounts.iter().map(|(id, role)| (*id, by_role(role))).collect();
    for (account, name) in names {
        held.entry(account).or_default().extend([PermissionName::from_db(name)]);
    }
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

/// What the permissions of these policies are now; those that were deleted are not among them.
fn of_policies(tx: &mut ReadTx, ids: &HashSet<PolicyId>) -> Result<HashMap<PolicyId, Rights>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let one_of = |tx: &ReadTx, column| dialect::one_of_ids(tx.kind(), column, ids.iter().map(|id| id.0));
    let there = policies::table.filter(one_of(tx, "policies.id")).filter(policies::deleted_at.is_null());
    let there: Vec<PolicyId> = there.select(policies::id).load(tx.db())?;
    let names: Vec<(PolicyId, String)> = policy_permissions::table
        .inner_join(permissions::table.on(permissions::id.eq(policy_permissions::permission)))
        .filter(one_of(tx, "policy_permissions.policy"))
        .filter(permissions::retired_at.is_null())
        .select((policy_permissions::policy, permissions::name))
        .load(tx.db())?;
    let mut allowed: HashMap<PolicyId, Rights> = there.into_iter().map(|id| (id, Rights::new())).collect();
    for (policy, name) in names {
        allowed.entry(policy).and_modify(|rights| rights.extend([PermissionName::from_db(name)]));
    }
    Ok(allowed)
}

/// What the policy of this name allows now; nothing when there is none.
pub fn of_policy_named(tx: &mut ReadTx, name: &PolicyName) -> Result<Rights, Error> {
    match crate::store::rights::policies::find(tx, name)? {
        Some(policy) => Ok(of_policies(tx, &[policy.id].into())?.remove(&policy.id).unwrap_or_default()),
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

/// A key whose rights are asked for.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The key.
    pub key: &'a ApiKey,
    /// The role of its owner.
    pub role: Role,
    /// The owner is a service account whose keys may do what their policies say, whatever it holds itself.
    pub policy_alone: bool,
}

/// What the rights of a key come from at this moment; `None` when its policy was deleted.
pub fn of_key(tx: &mut ReadTx, asked: Asked<'_>) -> Result<Option<RightsSource>, Error> {
    Ok(of_keys(tx, &[asked])?.pop().flatten())
}

/// The same of each of these, in their order: a few questions, however many keys there are.
pub fn of_keys(tx: &mut ReadTx, asked: &[Asked<'_>]) -> Result<Vec<Option<RightsSource>>, Error> {
    let granted = granted_of(tx, &asked.iter().map(|asked| (asked.key, asked.policy_alone)).collect::<Vec<_>>())?;
    let working = || asked.iter().zip(&granted).filter(|(_, granted)| granted.is_some()).map(|(asked, _)| asked);
    let owners = of_accounts(tx, &working().map(|asked| (asked.key.owner, asked.role)).collect())?;
    let bound = bound(tx, working().filter_map(|asked| Some((asked.key.resource?, asked.key.owner))).collect())?;
    let source = |(asked, granted): (&Asked<'_>, Option<EffectiveGrant>)| {
        let key = asked.key;
        let owner = owners.get(&key.owner).cloned().unwrap_or_default();
        let bound = key.resource.and_then(|resource| bound.get(&(resource, key.owner)).cloned());
        Some(RightsSource { granted: granted?, owner, bound })
    };
    Ok(asked.iter().zip(granted).map(source).collect())
}

/// What the grant of a key comes to; `None` when its policy was deleted. For `policy_alone` see [`Asked`].
pub fn granted(tx: &mut ReadTx, key: &ApiKey, policy_alone: bool) -> Result<Option<EffectiveGrant>, Error> {
    Ok(granted_of(tx, &[(key, policy_alone)])?.pop().flatten())
}

fn granted_of(tx: &mut ReadTx, keys: &[(&ApiKey, bool)]) -> Result<Vec<Option<EffectiveGrant>>, Error> {
    let policies = of_policies(tx, &keys.iter().filter_map(|(key, _)| key.grant.policy()).collect())?;
    let listed = keys.iter().filter(|(key, _)| key.grant == Grant::Scopes);
    let scopes = scopes_of_all(tx, &listed.map(|(key, _)| key.id).collect::<Vec<_>>())?;
    let grant = |(key, policy_alone): &(&ApiKey, bool)| match key.grant {
        Grant::Inherit => Some(EffectiveGrant::Everything),
        Grant::Scopes => Some(EffectiveGrant::Only(scopes.get(&key.id).cloned().unwrap_or_default())),
        Grant::Policy(policy) if *policy_alone => policies.get(&policy).cloned().map(EffectiveGrant::Exactly),
        Grant::Policy(policy) => policies.get(&policy).cloned().map(EffectiveGrant::Only),
    };
    Ok(keys.iter().map(grant).collect())
}

fn scopes_of_all(tx: &mut ReadTx, keys: &[KeyId]) -> Result<HashMap<KeyId, Rights>, Error> {
    let mut scopes: HashMap<KeyId, Rights> = HashMap::new();
    if keys.is_empty() {
        return Ok(scopes);
    }
    let of_these = dialect::one_of_ids(tx.kind(), "key_scopes.key", keys.iter().map(|id| id.0));
    let names: Vec<(KeyId, String)> = key_scopes::table
        .inner_join(permissions::table.on(permissions::id.eq(key_scopes::permission)))
        .filter(of_these)
        .select((key_scopes::key, permissions::name))
        .load(tx.db())?;
    for (key, name) in names {
        scopes.entry(key).or_default().extend([PermissionName::from_db(name)]);
    }
    Ok(scopes)
}

/// The resources that keys of these owners are bound to, with what their administrators may give where the owner is one.
fn bound(
    tx: &mut ReadTx,
    pairs: HashSet<(ResourceId, AccountId)>,
) -> Result<HashMap<(ResourceId, AccountId), BoundResource>, Error> {
    if pairs.is_empty() {
        return Ok(HashMap::new());
    }
    let one_of = |tx: &ReadTx, column| dialect::one_of_ids(tx.kind(), column, pairs.iter().map(|(id, _)| id.0));
    let names: Vec<(ResourceId, String, String)> = table::table
        .filter(one_of(tx, "resources.id"))
        .select((table::id, table::kind, table::external_id))
        .load(tx.db())?;
    let administrators: Vec<(ResourceId, AccountId)> = resource_administrators::table
        .filter(one_of(tx, "resource_administrators.resource"))
        .filter(dialect::one_of_ids(
            tx.kind(),
            "resource_administrators.account",
            pairs.iter().map(|(_, owner)| owner.0),
        ))
        .select((resource_administrators::resource, resource_administrators::account))
        .load(tx.db())?;
    let administrators: HashSet<(ResourceId, AccountId)> = administrators.into_iter().collect();
    let names: HashMap<ResourceId, ResourceName> = names
        .into_iter()
        .map(|(id, kind, external_id)| (id, ResourceName { kind: ResourceKind::from_db(kind), external_id }))
        .collect();
    let mut of_kinds: HashMap<ResourceKind, Rights> = HashMap::new();
    let mut bound = HashMap::with_capacity(pairs.len());
    for pair in pairs {
        let name = names.get(&pair.0).ok_or_else(|| Error::Internal("a key is bound to no resource".into()))?;
        let mut administered = None;
        if administrators.contains(&pair) {
            if !of_kinds.contains_key(&name.kind) {
                of_kinds.insert(name.kind.clone(), resources::of_kind(tx, &name.kind)?);
            }
            administered = of_kinds.get(&name.kind).cloned();
        }
        bound.insert(pair, BoundResource { name: name.clone(), administered });
    }
    Ok(bound)
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
