//! Filling an empty database with a demo: many rows in one statement.

use diesel::prelude::*;

use super::connection::{Db, each};
use super::schema::{accounts, api_keys};
use super::{Error, dialect};
use crate::domain::demo::{DemoAccount, DemoKey};
use crate::domain::key_filter::owner_folded;
use crate::domain::password::PasswordHash;
use crate::domain::text;

/// Rows of one statement. Postgres takes at most 65,535 values in one.
const BATCH: usize = 1_500;

#[derive(Insertable)]
#[diesel(table_name = accounts)]
struct NewAccount {
    kind: &'static str,
    username: String,
    display_name: String,
    email: Option<String>,
    password_hash: Option<String>,
    role: &'static str,
    active: bool,
    appearance: &'static str,
    created_at: i64,
    name_folded: String,
}

#[derive(Insertable)]
#[diesel(table_name = api_keys)]
struct NewKey {
    first_eight: String,
    secret_hash: Vec<u8>,
    owner: i64,
    name: String,
    holds_name: bool,
    note: String,
    grant_kind: &'static str,
    created_at: i64,
    created_by: i64,
    expires_at: Option<i64>,
    disabled_at: Option<i64>,
    disabled_by: Option<i64>,
    disabled_reason: &'static str,
    revoked_at: Option<i64>,
    revoked_by: Option<i64>,
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
pub fn insert_accounts(db: &mut Db, people: &[DemoAccount], password: &PasswordHash) -> Result<Vec<i64>, Error> {
    for (batch, people) in people.chunks(BATCH).enumerate() {
        let rows: Vec<NewAccount> = people
            .iter()
            .enumerate()
            .map(|(n, person)| {
                let first = batch == 0 && n == 0;
                NewAccount {
                    kind: if person.is_service { "service" } else { "user" },
                    username: person.username.clone(),
                    display_name: person.display_name.clone(),
                    email: (!person.is_service).then(|| format!("{}@northgate.example", person.username)),
                    password_hash: first.then(|| password.as_str().to_owned()),
                    role: if first { "admin" } else { "user" },
                    active: person.active,
                    appearance: "auto",
                    created_at: person.created_at.0,
                    name_folded: text::folded(&person.display_name),
                }
            })
            .collect();
        each!(db, c => diesel::insert_into(accounts::table).values(rows).execute(c).map(drop))?;
    }
    Ok(accounts::table.order(accounts::id.asc()).select(accounts::id).load(db)?)
}

/// Adds keys of these accounts, whose ids are `ids`.
pub fn insert_keys(db: &mut Db, keys: &[DemoKey], people: &[DemoAccount], ids: &[i64]) -> Result<(), Error> {
    for keys in keys.chunks(BATCH) {
        let rows: Vec<NewKey> = keys.iter().map(|key| row(key, &people[key.owner], ids[key.owner], ids[0])).collect();
        each!(db, c => diesel::insert_into(api_keys::table).values(rows).execute(c).map(drop))?;
    }
    Ok(())
}

fn row(key: &DemoKey, owner: &DemoAccount, owner_id: i64, admin: i64) -> NewKey {
    let changes = [Some(key.created_at), key.disabled_at, key.revoked_at];
    let last_use = key.last_use.as_ref();
    NewKey {
        first_eight: key.first_eight.clone(),
        secret_hash: key.secret_hash.to_vec(),
        owner: owner_id,
        name: key.name.clone(),
        holds_name: key.revoked_at.is_none(),
        note: key.note.clone(),
        grant_kind: "inherit",
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

/// Lets the database look at what it holds, so that it plans well.
pub fn analyze(db: &mut Db) -> Result<(), Error> {
    Ok(dialect::analyze(db)?)
}

/// Sets a connection up for loading very much.
pub fn set_up(db: &mut Db) -> Result<(), Error> {
    Ok(dialect::set_up_load(db)?)
}
