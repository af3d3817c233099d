//! Filling an empty database with a demo: many rows in one statement.

mod refusals;
mod rights;

pub use refusals::insert_refusals;
pub use rights::{Ids, insert_rights};

use std::collections::HashMap;

use diesel::prelude::*;

use crate::domain::accounts::password::PasswordHash;
use crate::domain::demo::{DemoAccount, DemoGrant, DemoKey};
use crate::domain::ids::{AccountId, KeyId, PolicyId, ResourceId};
use crate::domain::key_filter::owner_folded;
use crate::domain::text;
use crate::store::connection::each;
use crate::store::schema::{accounts, api_keys, key_scopes, key_usage};
use crate::store::{Error, ReadTx, WriteTx, dialect};

/// Rows of one statement. SQLite takes at most 32,766 values in one, Postgres 65,535.
const BATCH: usize = 1_000;

#[derive(Insertable)]
#[diesel(table_name = accounts, treat_none_as_default_value = false)]
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
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
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

/// Sets a connection up for loading very much.
pub fn set_up(tx: &mut ReadTx) -> Result<(), Error> {
    Ok(dialect::set_up_load(tx.db())?)
}
