//! The tables `policies`, `policy_permissions` and `account_policies`: named sets of permissions, and who holds them.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::domain::change::Change;
use crate::domain::ids::{AccountId, PermissionId, PolicyId};
use crate::domain::paging::Count;
use crate::domain::rights::permission::{PermissionName, Rights};
use crate::domain::rights::policy::Reached;
use crate::domain::rights::policy::{Policy, PolicyName};
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::days;
use crate::store::keys::grid::count_up_to;
use crate::store::keys::matching::{live, with_policy};
use crate::store::keys::predicate::all;
use crate::store::schema::{account_policies, accounts, api_keys, permissions, policies, policy_permissions};
use crate::store::{Error, ReadTx, Write, WriteTx, dialect};

#[derive(Queryable, Selectable)]
#[diesel(table_name = policies)]
struct Row {
    id: PolicyId,
    name: String,
    description: String,
    version: i64,
    changed_at: i64,
}

impl Row {
    fn with(self, permissions: Rights) -> Policy {
        Policy {
            id: self.id,
            name: PolicyName::from_db(self.name),
            description: self.description,
            permissions,
            version: self.version,
            changed_at: Timestamp(self.changed_at),
        }
    }
}

/// All policies, by name.
pub fn list(tx: &mut ReadTx) -> Result<Vec<Policy>, Error> {
    let rows: Vec<Row> = policies::table
        .filter(policies::deleted_at.is_null())
        .order(policies::name_folded.asc())
        .select(Row::as_select())
        .load(tx.db())?;
    let held: Vec<(PolicyId, String)> = policy_permissions::table
        .inner_join(permissions::table.on(permissions::id.eq(policy_permissions::permission)))
        .select((policy_permissions::policy, permissions::name))
        .load(tx.db())?;
    let mut of: HashMap<PolicyId, Rights> = HashMap::new();
    for (policy, name) in held {
        of.entry(policy).or_default().insert(PermissionName::from_db(name));
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let permissions = of.remove(&row.id).unwrap_or_default();
            row.with(permissions)
        })
        .collect())
}

/// The policy with this name, whatever its case.
pub fn find(tx: &mut ReadTx, name: &PolicyName) -> Result<Option<Policy>, Error> {
    let row: Option<Row> = policies::table
        .filter(policies::name_folded.eq(name.folded()).and(policies::deleted_at.is_null()))
        .select(Row::as_select())
        .first(tx.db())
        .optional()?;
    row.map(|row| complete(tx, row)).transpose()
}

/// The same, held against other transactions that change, delete or give it, until the end of this one.
pub fn lock_for_update(tx: &mut WriteTx, name: &PolicyName) -> Result<Option<Policy>, Error> {
    let Some(policy) = find(tx, name)? else { return Ok(None) };
    dialect::lock_policy(tx.db(), policy.id)?;
    // Still there, and under this name, now that nobody else can change it?
    Ok(find_by_id(tx, policy.id)?.filter(|held| held.name.folded() == name.folded()))
}

/// The policy with this id, unless it was deleted.
pub fn find_by_id(tx: &mut ReadTx, id: PolicyId) -> Result<Option<Policy>, Error> {
    let row: Option<Row> = policies::table
        .find(id)
        .filter(policies::deleted_at.is_null())
        .select(Row::as_select())
        .first(tx.db())
        .optional()?;
    row.map(|row| complete(tx, row)).transpose()
}

/// Holds a policy against being deleted until the end of the transaction; says whether it is there.
pub fn lock_by_id(tx: &mut WriteTx, id: PolicyId) -> Result<bool, Error> {
    dialect::lock_policy(tx.db(), id)?;
    Ok(find_by_id(tx, id)?.is_some())
}

fn complete(tx: &mut ReadTx, row: Row) -> Result<Policy, Error> {
    let names: Vec<String> = policy_permissions::table
        .inner_join(permissions::table.on(permissions::id.eq(policy_permissions::permission)))
        .filter(policy_permissions::policy.eq(row.id))
        .select(permissions::name)
        .load(tx.db())?;
    Ok(row.with(names.into_iter().map(PermissionName::from_db).collect()))
}

/// The names of policies by their ids, and whether each was deleted: keys that carry a deleted one still say which it was.
pub fn names(tx: &mut ReadTx, ids: &[PolicyId]) -> Result<HashMap<PolicyId, (String, bool)>, Error> {
    let rows: Vec<(PolicyId, String, Option<i64>)> = policies::table
        .filter(policies::id.eq_any(ids))
        .select((policies::id, policies::name, policies::deleted_at))
        .load(tx.db())?;
    Ok(rows.into_iter().map(|(id, name, deleted_at)| (id, (name, deleted_at.is_some()))).collect())
}

/// Adds a policy. A taken name is a conflict.
pub fn insert(
    tx: &mut WriteTx,
    name: &PolicyName,
    description: &str,
    permissions: &[PermissionId],
    created_by: Option<AccountId>,
    now: Timestamp,
) -> Result<PolicyId, Error> {
    let id = diesel::insert_into(policies::table)
        .values((
            (policies::name.eq(name.as_str()), policies::name_folded.eq(name.folded())),
            (policies::description.eq(description), policies::version.eq(1_i64)),
            (policies::created_at.eq(now.0), policies::created_by.eq(created_by), policies::changed_at.eq(now.0)),
        ))
        .returning(policies::id)
        .get_result(tx.writing())?;
    give(tx, id, permissions)?;
    Ok(id)
}

/// Changes a policy. A taken name is a conflict.
pub fn update(
    tx: &mut WriteTx,
    id: PolicyId,
    name: &PolicyName,
    description: &str,
    permissions: &[PermissionId],
    now: Timestamp,
) -> Result<(), Error> {
    tx.changed(Change::Policy(id));
    diesel::update(policies::table.find(id))
        .set((
            (policies::name.eq(name.as_str()), policies::name_folded.eq(name.folded())),
            (policies::description.eq(description), policies::changed_at.eq(now.0)),
            policies::version.eq(policies::version + 1),
        ))
        .write(tx)?;
    diesel::delete(policy_permissions::table.filter(policy_permissions::policy.eq(id))).write(tx)?;
    give(tx, id, permissions)
}

fn give(tx: &mut WriteTx, policy: PolicyId, permissions: &[PermissionId]) -> Result<(), Error> {
    for permission in permissions {
        diesel::insert_into(policy_permissions::table)
            .values((policy_permissions::policy.eq(policy), policy_permissions::permission.eq(permission)))
            .write(tx)?;
    }
    Ok(())
}

/// How many live keys carry each of these policies, up to a limit, and how many accounts hold it, by its id.
pub fn reached(
    tx: &mut ReadTx,
    policies: &[Policy],
    limit: i64,
    now: Timestamp,
) -> Result<HashMap<PolicyId, (Count, i64)>, Error> {
    let holders: Vec<(PolicyId, i64)> = account_policies::table
        .group_by(account_policies::policy)
        .select((account_policies::policy, diesel::dsl::count_star()))
        .load(tx.db())?;
    let holders: HashMap<PolicyId, i64> = holders.into_iter().collect();
    let mut reached = HashMap::new();
    for policy in policies {
        let keys = count_up_to(tx, all([with_policy(policy.id), live(now)].into_iter()), limit)?;
        reached.insert(policy.id, (keys, holders.get(&policy.id).copied().unwrap_or_default()));
    }
    Ok(reached)
}

/// Who and what one policy reaches.
pub fn reached_by(tx: &mut ReadTx, policy: PolicyId, now: Timestamp) -> Result<Reached, Error> {
    Ok(Reached {
        keys: api_keys::table.filter(api_keys::policy.eq(policy)).filter(live(now)).count().get_result(tx.db())?,
        holders: account_policies::table.filter(account_policies::policy.eq(policy)).count().get_result(tx.db())?,
    })
}

/// How many live keys with a policy were used in the week before.
pub fn recently_used(tx: &mut ReadTx, policy: PolicyId, now: Timestamp) -> Result<i64, Error> {
    let keys = api_keys::table.filter(api_keys::policy.eq(policy)).filter(live(now));
    Ok(keys.filter(api_keys::last_used_at.ge(Some(now.plus(-days(7)).0))).count().get_result(tx.db())?)
}

/// The policies that an account holds: id and name, by name.
pub fn held_by(tx: &mut ReadTx, account: AccountId) -> Result<Vec<(PolicyId, String)>, Error> {
    Ok(account_policies::table
        .inner_join(policies::table.on(policies::id.eq(account_policies::policy)))
        .filter(account_policies::account.eq(account).and(policies::deleted_at.is_null()))
        .order(policies::name_folded.asc())
        .select((policies::id, policies::name))
        .load(tx.db())?)
}

/// The first few accounts that hold a policy: kind, user name and display name, by name.
pub fn holders(tx: &mut ReadTx, policy: PolicyId, most: i64) -> Result<Vec<(String, String, String)>, Error> {
    Ok(account_policies::table
        .inner_join(accounts::table.on(accounts::id.eq(account_policies::account)))
        .filter(account_policies::policy.eq(policy))
        .order((accounts::name_folded.asc(), accounts::id.asc()))
        .limit(most)
        .select((accounts::kind, accounts::username, accounts::display_name))
        .load(tx.db())?)
}

/// The ids of the policies of an account, deleted ones too.
pub fn ids_held_by(tx: &mut ReadTx, account: AccountId) -> Result<Vec<PolicyId>, Error> {
    Ok(account_policies::table
        .filter(account_policies::account.eq(account))
        .select(account_policies::policy)
        .load(tx.db())?)
}

/// The ids of the policies of each of these accounts, deleted ones too; who is not there has none.
pub fn ids_held_by_all(tx: &mut ReadTx, accounts: &[AccountId]) -> Result<HashMap<AccountId, Vec<PolicyId>>, Error> {
    let of_these = dialect::one_of_ids(tx.kind(), "account_policies.account", accounts.iter().map(|id| id.0));
    let held = account_policies::table.filter(of_these).select((account_policies::account, account_policies::policy));
    let mut policies: HashMap<AccountId, Vec<PolicyId>> = HashMap::new();
    for (account, policy) in held.load::<(AccountId, PolicyId)>(tx.db())? {
        policies.entry(account).or_default().push(policy);
    }
    Ok(policies)
}

/// Makes these the policies of an account; the others it does not hold any more, but for deleted ones, which may come back.
pub fn set_held_by(tx: &mut WriteTx, account: AccountId, policies: &[PolicyId]) -> Result<(), Error> {
    tx.changed(Change::Owner(account));
    let held: Vec<PolicyId> = held_by(tx, account)?.into_iter().map(|(id, _)| id).collect();
    let own = account_policies::table.filter(account_policies::account.eq(account));
    diesel::delete(own.filter(account_policies::policy.eq_any(held))).write(tx)?;
    for policy in policies {
        diesel::insert_into(account_policies::table)
            .values((account_policies::account.eq(account), account_policies::policy.eq(policy)))
            .write(tx)?;
    }
    Ok(())
}

/// Takes every policy from an account, also those that were deleted and may come back.
pub fn delete_holder(tx: &mut WriteTx, account: AccountId) -> Result<(), Error> {
    tx.changed(Change::Owner(account));
    diesel::delete(account_policies::table.filter(account_policies::account.eq(account))).write(tx)?;
    Ok(())
}

/// The names of those that every new person gets, by name.
pub fn of_new_people(tx: &mut ReadTx) -> Result<Vec<String>, Error> {
    Ok(policies::table
        .filter(policies::for_new_people.eq(true).and(policies::deleted_at.is_null()))
        .order(policies::name_folded.asc())
        .select(policies::name)
        .load(tx.db())?)
}

/// Makes these the policies that every new person gets.
pub fn set_of_new_people(tx: &mut WriteTx, ids: &[PolicyId]) -> Result<(), Error> {
    let before: Vec<PolicyId> = policies::table
        .filter(policies::for_new_people.eq(true).and(policies::deleted_at.is_null()))
        .select(policies::id)
        .load(tx.db())?;
    let mut changed: Vec<PolicyId> = before.iter().copied().filter(|id| !ids.contains(id)).collect();
    changed.extend(ids.iter().filter(|id| !before.contains(id)));
    changed.sort_unstable();
    for id in changed {
        diesel::update(policies::table.find(id)).set(policies::for_new_people.eq(ids.contains(&id))).write(tx)?;
    }
    Ok(())
}

/// Gives a person who was just added what every new person gets; their names.
pub fn give_to_new_person(tx: &mut WriteTx, account: AccountId) -> Result<Vec<String>, Error> {
    tx.changed(Change::Owner(account));
    let found: Vec<(PolicyId, String)> = policies::table
        .filter(policies::for_new_people.eq(true).and(policies::deleted_at.is_null()))
        .order(policies::id.asc())
        .select((policies::id, policies::name))
        .load(tx.db())?;
    for (policy, _) in &found {
        diesel::insert_into(account_policies::table)
            .values((account_policies::account.eq(account), account_policies::policy.eq(policy)))
            .write(tx)?;
    }
    Ok(found.into_iter().map(|(_, name)| name).collect())
}

/// Deletes a policy, or brings it back: it lets go of its name meanwhile, and its keys and holders stay written down.
pub fn set_deleted(tx: &mut WriteTx, id: PolicyId, at: Option<Timestamp>) -> Result<(), Error> {
    tx.changed(Change::Policy(id));
    diesel::update(policies::table.find(id)).set(policies::deleted_at.eq(at.map(|at| at.0))).write(tx)?;
    Ok(())
}
