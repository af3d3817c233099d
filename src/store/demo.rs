//! Filling an empty database with a demo: many rows in one statement.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff::SignedDuration;

use crate::domain::accounts::password::PasswordHash;
use crate::domain::demo::words::{OF_KINDS, PERMISSIONS, POLICIES, RESOURCES};
use crate::domain::demo::{DemoAccount, DemoGrant, DemoKey};
use crate::domain::ids::{AccountId, KeyId, PermissionId, PolicyId, ResourceId};
use crate::domain::key_filter::owner_folded;
use crate::domain::rights::permission::{PermissionName, ServiceName};
use crate::domain::rights::policy::PolicyName;
use crate::domain::rights::resource::{ResourceKind, ResourceName};
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::domain::usage::Counted;
use crate::domain::usage::Counts;
use crate::domain::verdict::Refusal;
use crate::store::connection::each;
use crate::store::rights::permissions;
use crate::store::rights::permissions::Registrar;
use crate::store::rights::policies;
use crate::store::rights::resources;
use crate::store::schema::{account_policies, accounts, api_keys, key_scopes, key_usage};
use crate::store::usage::refusals;
use crate::store::{Error, ReadTx, WriteTx, dialect};

/// Rows of one statement. SQLite takes at most 32,766 values in one, Postgres 65,535.
const BATCH: usize = 1_500;

#[derive(Insertable)]
#[diesel(table_name = accounts)]
struct NewAccount {
    kind: &'static str,
    username: String,
    display_name: String,
    email: Option<String>,
    email_folded: Option<String>,
    password_hash: Option<String>,
    role: &'static str,
    active: bool,
    appearance: &'static str,
    created_at: i64,
    last_sign_in_at: Option<i64>,
    name_folded: String,
}

#[derive(Insertable)]
#[diesel(table_name = api_keys)]
struct NewKey {
    first_eight: String,
    secret_hash: Vec<u8>,
    owner: AccountId,
    name: String,
    holds_name: bool,
    note: String,
    grant_kind: &'static str,
    policy: Option<PolicyId>,
    resource: Option<ResourceId>,
    created_at: i64,
    created_by: AccountId,
    expires_at: Option<i64>,
    disabled_at: Option<i64>,
    disabled_by: Option<AccountId>,
    disabled_reason: &'static str,
    revoked_at: Option<i64>,
    revoked_by: Option<AccountId>,
    revoked_reason: &'static str,
    last_used_at: Option<i64>,
    last_used_address: Option<String>,
    last_used_agent: Option<String>,
    use_count: i64,
    version: i64,
    name_folded: String,
    note_folded: String,
    owner_folded: String,
    changed_at: i64,
}

/// Adds the accounts; the first is an administrator with this password. Gives their ids, in their order.
pub fn insert_accounts(
    tx: &mut WriteTx,
    people: &[DemoAccount],
    password: &PasswordHash,
) -> Result<Vec<AccountId>, Error> {
    for (batch, people) in people.chunks(BATCH).enumerate() {
        let rows: Vec<NewAccount> = people
            .iter()
            .enumerate()
            .map(|(n, person)| {
                let first = batch == 0 && n == 0;
                let email = (!person.is_service).then(|| format!("{}@northgate.example", person.username));
                NewAccount {
                    kind: if person.is_service { "service" } else { "user" },
                    username: person.username.clone(),
                    display_name: person.display_name.clone(),
                    email_folded: email.clone(),
                    email,
                    password_hash: first.then(|| password.as_str().to_owned()),
                    role: if first { "admin" } else { "user" },
                    active: person.active,
                    appearance: "auto",
                    created_at: person.created_at.0,
                    last_sign_in_at: person.last_sign_in_at.map(|at| at.0),
                    name_folded: text::folded(&person.display_name),
                }
            })
            .collect();
        tx.write_with(|db| each!(db, c => diesel::insert_into(accounts::table).values(rows).execute(c)))?;
    }
    Ok(accounts::table.order(accounts::id.asc()).select(accounts::id).load(tx.db())?)
}

/// The ids of what a demo told of.
#[derive(Debug, Clone)]
pub struct Ids {
    /// Of its accounts, in their order.
    pub accounts: Vec<AccountId>,
    policies: Vec<PolicyId>,
    resources: Vec<ResourceId>,
    permissions: HashMap<&'static str, PermissionId>,
}

/// Adds permissions, policies and resources, and gives the accounts, whose ids are `accounts`, their policies.
pub fn insert_rights(
    tx: &mut WriteTx,
    people: &[DemoAccount],
    accounts: Vec<AccountId>,
    now: Timestamp,
) -> Result<Ids, Error> {
    for services in PERMISSIONS.chunk_by(|(a, ..), (b, ..)| a == b) {
        let named = |(_, name, about): &(&str, &str, &str)| (PermissionName::from_db((*name).into()), (*about).into());
        let wanted: Vec<(PermissionName, String)> = services.iter().map(named).collect();
        let service = ServiceName::from_db(services[0].0.into());
        let _registered = permissions::register(tx, &service, &wanted, Registrar::Service, now)?;
        permissions::add_registering(tx, &service, now)?;
    }
    let known: HashMap<String, PermissionId> =
        permissions::catalogue(tx)?.into_iter().map(|one| (one.name.as_str().to_owned(), one.id)).collect();
    let id = |name: &str| known.get(name).copied().unwrap_or(PermissionId(0));
    let mut policies = Vec::new();
    for (name, about, of) in POLICIES {
        let of: Vec<PermissionId> = of.iter().map(|name| id(name)).collect();
        policies.push(policies::insert(tx, &PolicyName::from_db(name.into()), about, &of, Some(accounts[0]), now)?);
    }
    let held = people.iter().zip(&accounts).flat_map(|(person, account)| {
        let policies = &policies;
        person.policies.iter().map(move |held| (*account, policies[*held]))
    });
    let held: Vec<(AccountId, PolicyId)> = held.collect();
    for held in held.chunks(BATCH) {
        let row = |(account, policy): &(AccountId, PolicyId)| {
            (account_policies::account.eq(*account), account_policies::policy.eq(*policy))
        };
        let rows: Vec<_> = held.iter().map(row).collect();
        tx.write_with(|db| each!(db, c => diesel::insert_into(account_policies::table).values(rows).execute(c)))?;
    }
    let mut resources = Vec::new();
    for (kind, external_id, title) in RESOURCES {
        let name = ResourceName { kind: ResourceKind::from_db(kind.into()), external_id: external_id.into() };
        resources.push(resources::insert(tx, &name, title, Some(accounts[0]), now)?);
    }
    for (kind, permission) in OF_KINDS {
        resources::allow(tx, &ResourceKind::from_db(kind.into()), id(permission))?;
    }
    let permissions = PERMISSIONS.iter().map(|(_, name, _)| (*name, id(name))).collect();
    Ok(Ids { accounts, policies, resources, permissions })
}

/// Adds keys of these accounts, with their uses on the last days of their lives, at most so many days.
pub fn insert_keys(
    tx: &mut WriteTx,
    keys: &[DemoKey],
    people: &[DemoAccount],
    ids: &Ids,
    days_of_use: i64,
) -> Result<(), Error> {
    for keys in keys.chunks(BATCH) {
        let rows: Vec<NewKey> = keys.iter().map(|key| row(key, &people[key.owner], ids)).collect();
        tx.write_with(|db| each!(db, c => diesel::insert_into(api_keys::table).values(rows).execute(c)))?;
        let named: HashMap<&str, &DemoKey> = keys.iter().map(|key| (key.first_eight.as_str(), key)).collect();
        let stored: Vec<(KeyId, String)> = api_keys::table
            .filter(api_keys::first_eight.eq_any(named.keys().copied().collect::<Vec<_>>()))
            .select((api_keys::id, api_keys::first_eight))
            .load(tx.db())?;
        let stored: Vec<(KeyId, &DemoKey)> =
            stored.iter().filter_map(|(id, eight)| Some((*id, *named.get(eight.as_str())?))).collect();
        insert_scopes(tx, &stored, ids)?;
        insert_usage(tx, &stored, days_of_use)?;
    }
    Ok(())
}

fn insert_usage(tx: &mut WriteTx, keys: &[(KeyId, &DemoKey)], days: i64) -> Result<(), Error> {
    let rows: Vec<_> = keys
        .iter()
        .flat_map(|(id, key)| key.uses_by_day(days).into_iter().map(|(day, uses)| (*id, day, uses)))
        .map(|(key, day, uses)| {
            (key_usage::key.eq(key), key_usage::day.eq(day), key_usage::uses.eq(uses), key_usage::refusals.eq(0))
        })
        .collect();
    for rows in rows.chunks(5 * BATCH) {
        let rows = rows.to_vec();
        tx.write_with(|db| each!(db, c => diesel::insert_into(key_usage::table).values(rows).execute(c)))?;
    }
    Ok(())
}

fn insert_scopes(tx: &mut WriteTx, keys: &[(KeyId, &DemoKey)], ids: &Ids) -> Result<(), Error> {
    let scopes: Vec<_> = keys
        .iter()
        .filter_map(|(id, key)| if let DemoGrant::Scopes(of) = &key.grant { Some((*id, of)) } else { None })
        .flat_map(|(key, of)| of.iter().map(move |name| (key, *name)))
        .filter_map(|(key, name)| ids.permissions.get(name).map(|permission| (key, *permission)))
        .map(|(key, permission)| (key_scopes::key.eq(key), key_scopes::permission.eq(permission)))
        .collect();
    if !scopes.is_empty() {
        tx.write_with(|db| each!(db, c => diesel::insert_into(key_scopes::table).values(scopes).execute(c)))?;
    }
    Ok(())
}

fn row(key: &DemoKey, owner: &DemoAccount, ids: &Ids) -> NewKey {
    let (owner_id, admin) = (ids.accounts[key.owner], ids.accounts[0]);
    let (grant_kind, policy) = match &key.grant {
        DemoGrant::Inherit => ("inherit", None),
        DemoGrant::Scopes(_) => ("scopes", None),
        DemoGrant::Policy(policy) => ("policy", Some(ids.policies[*policy])),
    };
    let changes = [Some(key.created_at), key.disabled_at, key.revoked_at];
    let last_use = key.last_use.as_ref();
    NewKey {
        first_eight: key.first_eight.clone(),
        secret_hash: key.secret_hash.to_vec(),
        owner: owner_id,
        name: key.name.clone(),
        holds_name: key.revoked_at.is_none(),
        note: key.note.clone(),
        grant_kind,
        policy,
        resource: key.resource.map(|resource| ids.resources[resource]),
        created_at: key.created_at.0,
        created_by: owner_id,
        expires_at: key.expires_at.map(|at| at.0),
        disabled_at: key.disabled_at.map(|at| at.0),
        disabled_by: key.disabled_at.map(|_| owner_id),
        disabled_reason: "",
        revoked_at: key.revoked_at.map(|at| at.0),
        revoked_by: key.revoked_at.map(|at| if at.0 % 3 == 0 { admin } else { owner_id }),
        revoked_reason: "",
        last_used_at: last_use.map(|(at, ..)| at.0),
        last_used_address: last_use.map(|(_, address, _)| address.clone()),
        last_used_agent: last_use.map(|(.., agent)| (*agent).to_owned()),
        use_count: key.use_count,
        version: 1,
        name_folded: text::folded(&key.name),
        note_folded: text::folded(&key.note),
        owner_folded: owner_folded(&owner.display_name, &owner.username),
        changed_at: changes.into_iter().flatten().map(|at| at.0).max().unwrap_or(key.created_at.0),
    }
}

/// Tells apart what was refused on these days: keys that have ended and are still tried, and texts that are no key here.
pub fn insert_refusals(tx: &mut WriteTx, days: &[(i64, Counts)]) -> Result<(), Error> {
    let ended: Vec<(KeyId, Option<i64>)> = api_keys::table
        .filter(api_keys::revoked_at.is_not_null().or(api_keys::disabled_at.is_not_null()))
        .order(api_keys::id.asc())
        .limit(12)
        .select((api_keys::id, api_keys::revoked_at))
        .load(tx.db())?;
    let tried = i64::try_from(ended.len()).unwrap_or(0);
    for (day, counts) in days.iter().filter(|(_, counts)| counts.refusals > 0) {
        let each = counts.refusals / (2 * tried.max(1));
        let row = |key, reason: Refusal, times, last: i64| Counted {
            day: *day,
            key,
            reason: reason.as_str().into(),
            address: format!("10.20.{}.{}", last % 5, 10 + last),
            asked: String::new(),
            times,
            last_at: Timestamp::of_day(*day).plus(SignedDuration::from_hours(last)),
        };
        let mut rows: Vec<Counted> = (0..)
            .zip(&ended)
            .map(|(n, (key, revoked))| {
                let reason = if revoked.is_some() { Refusal::Revoked } else { Refusal::Disabled };
                row(*key, reason, each, n)
            })
            .filter(|row| row.times > 0)
            .collect();
        let rest = counts.refusals - rows.iter().map(|row| row.times).sum::<i64>();
        rows.push(row(KeyId(0), Refusal::Unknown, rest, 11));
        refusals::add(tx, &rows)?;
    }
    Ok(())
}

/// Sets a connection up for loading very much.
pub fn set_up(tx: &mut ReadTx) -> Result<(), Error> {
    Ok(dialect::set_up_load(tx.db())?)
}
