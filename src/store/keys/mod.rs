//! The table `api_keys`. A key is found by its owner and first eight, by the hash of its secret, or by a filter.
//!
//! `matching` is the one predicate of the administrators' grid, `grid` its pages and counts, `folding` the texts that it compares.
//! `one` changes a key, `change` many.

use std::collections::{BTreeSet, HashMap};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

pub mod addresses;
pub mod asked_permissions;
pub mod change;
pub mod columns;
mod count;
pub mod folding;
pub mod forms;
mod found;
pub mod grid;
pub mod lifetime_rules;
mod lists;
pub mod matching;
mod one;
pub mod predicate;
mod related;
pub mod replaced_secrets;
pub mod saved_views;
pub mod session_keys;

pub use count::{count_all_live, count_ended, count_live, count_live_of, count_live_of_services, count_where};
pub use lists::{list, of_resource, own_of_resource};

use crate::domain::accounts::account::Account;
use crate::domain::ids::{AccountId, KeyId, PolicyId, ResourceId};
use crate::domain::keys::api_key::{ApiKey, KeyName, KeyNote, Stop, Use};
use crate::domain::keys::secret::{FirstEight, SecretHash};
use crate::domain::rights::Grant;
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::store::schema::{accounts, api_keys, key_secrets};
use crate::store::{Error, ReadTx, WriteTx, dialect};

pub use one::{put_grant_back, revoke, set_disabled, set_grant, set_name, set_note};

/// A row.
#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub(in crate::store) struct Row {
    id: KeyId,
    first_eight: String,
    secret_hash: Vec<u8>,
    owner: AccountId,
    name: String,
    note: String,
    grant_kind: String,
    created_at: i64,
    created_by: AccountId,
    rotated_at: Option<i64>,
    expires_at: Option<i64>,
    disabled_at: Option<i64>,
    disabled_by: Option<AccountId>,
    disabled_reason: String,
    revoked_at: Option<i64>,
    revoked_by: Option<AccountId>,
    revoked_reason: String,
    last_used_at: Option<i64>,
    last_used_address: Option<String>,
    last_used_agent: Option<String>,
    use_count: i64,
    version: i64,
    name_folded: String,
    owner_folded: String,
    changed_at: i64,
    policy: Option<PolicyId>,
    resource: Option<ResourceId>,
    end_limit: Option<i64>,
}

impl Row {
    /// As the column of this name, which the databases work out themselves.
    fn standing(&self) -> i64 {
        match (self.revoked_at, self.disabled_at) {
            (Some(_), _) => 2,
            (None, Some(_)) => 1,
            (None, None) => 0,
        }
    }
}

impl TryFrom<Row> for ApiKey {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let first_eight = FirstEight::parse(&row.first_eight)
            .ok_or_else(|| Error::Internal(format!("the key with id {} has a damaged first eight", row.id)))?;
        let grant = match (row.grant_kind.as_str(), row.policy) {
            ("inherit", _) => Grant::Inherit,
            ("policy", Some(policy)) => Grant::Policy(policy),
            _ => Grant::Scopes, // the least: without a list, nothing
        };
        let stop = |at: Option<i64>, by, reason| at.map(|at| Stop { at: Timestamp(at), by, reason });
        Ok(Self {
            id: row.id,
            first_eight,
            owner: row.owner,
            name: row.name,
            note: row.note,
            grant,
            resource: row.resource,
            created_at: Timestamp(row.created_at),
            created_by: row.created_by,
            rotated_at: row.rotated_at.map(Timestamp),
            expires_at: row.expires_at.map(Timestamp),
            disabled: stop(row.disabled_at, row.disabled_by, row.disabled_reason),
            revoked: stop(row.revoked_at, row.revoked_by, row.revoked_reason),
            last_use: row.last_used_at.map(|at| Use {
                at: Timestamp(at),
                address: row.last_used_address.unwrap_or_default(),
                agent: row.last_used_agent.unwrap_or_default(),
            }),
            use_count: row.use_count,
            version: row.version,
            changed_at: Timestamp(row.changed_at),
            end_limit: row.end_limit.map(Timestamp),
        })
    }
}

/// A key to be.
pub struct NewKey {
    /// Its public identifier.
    pub first_eight: FirstEight,
    /// What is kept of its secret.
    pub secret_hash: SecretHash,
    /// Whose rights bound it.
    pub owner: AccountId,
    /// Its name.
    pub name: KeyName,
    /// Its note.
    pub note: KeyNote,
    /// What it may do of what its owner may; its scopes are written apart.
    pub grant: Grant,
    /// The resource that it is bound to.
    pub resource: Option<ResourceId>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Adds a key that holds its name. A taken name and taken first eight are conflicts.
pub fn insert(tx: &mut WriteTx, new: &NewKey, created_by: AccountId, now: Timestamp) -> Result<KeyId, Error> {
    let owner_folded = folding::of_owner(tx, new.owner)?;
    Ok(diesel::insert_into(api_keys::table)
        .values((
            api_keys::first_eight.eq(new.first_eight.as_str()),
            api_keys::secret_hash.eq(new.secret_hash.as_bytes()),
            api_keys::owner.eq(new.owner),
            api_keys::name.eq(&new.name.0),
            api_keys::holds_name.eq(true),
            api_keys::note.eq(&new.note.0),
            api_keys::grant_kind.eq(new.grant.as_str()),
            api_keys::policy.eq(new.grant.policy()),
            api_keys::resource.eq(new.resource),
            api_keys::created_at.eq(now.0),
            api_keys::created_by.eq(created_by),
            api_keys::expires_at.eq(new.expires_at.map(|at| at.0)),
            api_keys::disabled_reason.eq(""),
            api_keys::revoked_reason.eq(""),
            api_keys::use_count.eq(0_i64),
            api_keys::version.eq(1_i64),
            api_keys::name_folded.eq(text::folded(&new.name.0)),
            api_keys::note_folded.eq(text::folded(&new.note.0)),
            api_keys::owner_folded.eq(owner_folded),
            api_keys::changed_at.eq(now.0),
        ))
        .returning(api_keys::id)
        .get_result(tx.writing())?)
}

/// The owners of these keys.
pub fn owners_of(tx: &mut ReadTx, ids: &[KeyId]) -> Result<BTreeSet<AccountId>, Error> {
    let owners: Vec<AccountId> =
        api_keys::table.filter(api_keys::id.eq_any(ids)).select(api_keys::owner).distinct().load(tx.db())?;
    Ok(owners.into_iter().collect())
}

/// Holds off other transactions that count or add server keys.
pub fn lock_server_keys(tx: &mut WriteTx) -> Result<(), Error> {
    Ok(dialect::lock_server_keys(tx.db())?)
}

/// Lets expired keys of the owner let go of `name`, and says whether a live key still holds it.
pub fn name_is_held(tx: &mut WriteTx, owner: AccountId, name: &KeyName, now: Timestamp) -> Result<bool, Error> {
    // Written out, since a value that is bound would not reach the partial index on held names.
    let held = || sql::<Bool>("api_keys.holds_name");
    let holder = || api_keys::owner.eq(owner).and(api_keys::name.eq(name.0.clone())).and(held());
    let expired = api_keys::table.filter(holder()).filter(api_keys::expires_at.le(now.0));
    tx.tidy_with(|db| diesel::update(expired).set(api_keys::holds_name.eq(false)).execute(db))?;
    let query = api_keys::table.filter(holder()).select(api_keys::id);
    Ok(diesel::select(diesel::dsl::exists(query)).get_result(tx.db())?)
}

/// Does a live key hold `name`? Changes nothing.
pub fn is_name_held(tx: &mut ReadTx, owner: AccountId, name: &KeyName, now: Timestamp) -> Result<bool, Error> {
    let holder =
        api_keys::owner.eq(owner).and(api_keys::name.eq(name.0.clone())).and(sql::<Bool>("api_keys.holds_name"));
    let lives = api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now.0));
    let query = api_keys::table.filter(holder).filter(lives).select(api_keys::id);
    Ok(diesel::select(diesel::dsl::exists(query)).get_result(tx.db())?)
}

/// The key of this owner. Somebody else's key is not found.
pub fn find_own(tx: &mut ReadTx, owner: AccountId, first_eight: &FirstEight) -> Result<Option<ApiKey>, Error> {
    let row: Option<Row> = api_keys::table
        .filter(api_keys::owner.eq(owner).and(api_keys::first_eight.eq(first_eight.as_str())))
        .select(Row::as_select())
        .first(tx.db())
        .optional()?;
    row.map(ApiKey::try_from).transpose()
}

/// The key of this owner, held against other transactions that change it until the end of this one.
pub fn lock_own(tx: &mut WriteTx, owner: AccountId, first_eight: &FirstEight) -> Result<Option<ApiKey>, Error> {
    let Some(key) = find_own(tx, owner, first_eight)? else { return Ok(None) };
    dialect::lock_keys(tx.db(), &[key.id])?;
    find_own(tx, owner, first_eight)
}

/// The key with this first eight, whoever owns it.
pub fn find(tx: &mut ReadTx, first_eight: &FirstEight) -> Result<Option<ApiKey>, Error> {
    let row: Option<Row> = api_keys::table
        .filter(api_keys::first_eight.eq(first_eight.as_str()))
        .select(Row::as_select())
        .first(tx.db())
        .optional()?;
    row.map(ApiKey::try_from).transpose()
}

/// A key found by a presented secret.
pub struct Found {
    /// The key.
    pub key: ApiKey,
    /// Its owner.
    pub owner: Account,
    /// Set when the secret is an old one: the end of its grace period.
    pub replaced_until: Option<Timestamp>,
}

/// The keys whose present or replaced secrets have these hashes. Both tables are always asked, so that the time of the answer does
/// not tell a secret that is known from one that is not.
pub fn find_by_secrets(tx: &mut ReadTx, hashes: &[SecretHash]) -> Result<HashMap<SecretHash, Found>, Error> {
    let joined = api_keys::table.inner_join(accounts::table.on(accounts::id.eq(api_keys::owner)));
    let presented = |tx: &ReadTx, column| dialect::one_of_hashes(tx.kind(), column, hashes.iter());
    let present: Vec<(Row, super::accounts::Row)> = joined
        .filter(presented(tx, "api_keys.secret_hash"))
        .select((Row::as_select(), super::accounts::Row::as_select()))
        .load(tx.db())?;
    let replaced: Vec<(Row, super::accounts::Row, Vec<u8>, i64)> = key_secrets::table
        .inner_join(joined.on(api_keys::id.eq(key_secrets::key)))
        .filter(presented(tx, "key_secrets.secret_hash"))
        .select((
            Row::as_select(),
            super::accounts::Row::as_select(),
            key_secrets::secret_hash,
            key_secrets::expires_at,
        ))
        .load(tx.db())?;
    let mut found = HashMap::with_capacity(present.len());
    let asked = |hash: &[u8]| SecretHash::from_bytes(hash).filter(|hash| hashes.contains(hash));
    let damaged = || Error::Unavailable("the index on secret_hash is damaged".into());
    for (row, owner, hash, until) in replaced {
        let hash = asked(&hash).ok_or_else(damaged)?;
        let replaced_until = Some(Timestamp(until));
        found.insert(hash, Found { key: row.try_into()?, owner: owner.into(), replaced_until });
    }
    for (row, owner) in present {
        let hash = asked(&row.secret_hash).ok_or_else(damaged)?;
        found.insert(hash, Found { key: row.try_into()?, owner: owner.into(), replaced_until: None });
    }
    Ok(found)
}

/// The key whose present or replaced secret has this hash.
pub fn find_by_secret(tx: &mut ReadTx, hash: &SecretHash) -> Result<Option<Found>, Error> {
    Ok(find_by_secrets(tx, std::slice::from_ref(hash))?.remove(hash))
}
