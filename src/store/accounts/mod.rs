//! The table `accounts`: people, their passwords' hashes, their roles.

mod change;
pub mod people;
pub mod sessions;
pub mod sign_in_links;

pub use change::{
    set_active, set_appearance, set_deleted, set_description, set_display_name, set_email, set_password, set_role,
    signed_in,
};

use std::collections::HashMap;

use diesel::prelude::*;

use crate::domain::accounts::account::{Account, Appearance, Kind, Role, Username};
use crate::domain::accounts::account::{NewService, OwnerView};
use crate::domain::accounts::password::PasswordHash;
use crate::domain::ids::AccountId;
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::store::schema::accounts;
use crate::store::{Error, ReadTx, Unique, WriteTx, dialect};

/// A row.
#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub(super) struct Row {
    id: AccountId,
    kind: String,
    username: String,
    display_name: String,
    email: Option<String>,
    password_hash: Option<String>,
    role: String,
    active: bool,
    appearance: String,
    created_at: i64,
    last_sign_in_at: Option<i64>,
    last_sign_in_address: Option<String>,
    description: String,
    deleted_at: Option<i64>,
}

impl From<Row> for Account {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            username: Username::from_db(row.username),
            display_name: row.display_name,
            email: row.email,
            kind: if row.kind == "service" { Kind::Service } else { Kind::User },
            role: Role::from_db(&row.role),
            description: row.description,
            active: row.active,
            appearance: row.appearance.parse::<Appearance>().ok().unwrap_or_default(),
            created_at: Timestamp(row.created_at),
            last_sign_in_at: row.last_sign_in_at.map(Timestamp),
            deleted_at: row.deleted_at.map(Timestamp),
        }
    }
}

/// A person to be.
pub struct NewAccount {
    /// To sign in with.
    pub username: Username,
    /// To read.
    pub display_name: String,
    /// May be unknown.
    pub email: Option<String>,
    /// The hash of the first password; `None` for somebody who chooses it by a link.
    pub password: Option<PasswordHash>,
    /// What they may do.
    pub role: Role,
}

/// An account with what sign-in needs to know of it.
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// `None` for an account that has no password.
    pub password: Option<PasswordHash>,
    /// Where the latest successful sign-in came from.
    pub last_address: Option<String>,
}

impl From<Row> for Credentials {
    fn from(mut row: Row) -> Self {
        Self {
            password: row.password_hash.take().map(PasswordHash::from_db),
            last_address: row.last_sign_in_address.take(),
            account: row.into(),
        }
    }
}

/// Adds a person. A taken user name, or email address, is a conflict.
pub fn insert(
    tx: &mut WriteTx,
    new: &NewAccount,
    created_by: Option<AccountId>,
    now: Timestamp,
) -> Result<AccountId, Error> {
    free_address(tx, None, new.email.as_deref())?;
    Ok(diesel::insert_into(accounts::table)
        .values((
            accounts::kind.eq("user"),
            accounts::username.eq(new.username.as_str()),
            accounts::display_name.eq(&new.display_name),
            accounts::email.eq(new.email.as_deref()),
            accounts::email_folded.eq(new.email.as_deref().map(text::folded)),
            accounts::password_hash.eq(new.password.as_ref().map(PasswordHash::as_str)),
            accounts::role.eq(new.role.as_str()),
            accounts::active.eq(true),
            accounts::appearance.eq(Appearance::default().as_str()),
            accounts::created_at.eq(now.0),
            accounts::created_by.eq(created_by),
            accounts::name_folded.eq(text::folded(&new.display_name)),
        ))
        .returning(accounts::id)
        .get_result(tx.writing())?)
}

/// Adds a service account. A taken name is a conflict.
pub fn insert_service(
    tx: &mut WriteTx,
    new: &NewService,
    created_by: Option<AccountId>,
    now: Timestamp,
) -> Result<AccountId, Error> {
    Ok(diesel::insert_into(accounts::table)
        .values((
            accounts::kind.eq(Kind::Service.as_str()),
            accounts::username.eq(new.username.as_str()),
            accounts::display_name.eq(&new.display_name),
            accounts::description.eq(&new.description),
            accounts::role.eq(Role::User.as_str()),
            accounts::active.eq(true),
            accounts::appearance.eq(Appearance::default().as_str()),
            accounts::created_at.eq(now.0),
            accounts::created_by.eq(created_by),
            accounts::name_folded.eq(text::folded(&new.display_name)),
        ))
        .returning(accounts::id)
        .get_result(tx.writing())?)
}

/// What sign-in needs to know of the person with this user name. A service account is nobody who could sign in.
pub fn person(tx: &mut ReadTx, username: &Username) -> Result<Option<Credentials>, Error> {
    Ok(credentials(tx, username)?.filter(|known| known.account.kind == Kind::User))
}

/// The account with this id.
pub fn find(tx: &mut ReadTx, id: AccountId) -> Result<Option<Account>, Error> {
    let row = accounts::table.find(id).select(Row::as_select()).first::<Row>(tx.db()).optional()?;
    Ok(row.map(Account::from))
}

/// The owners with these ids.
pub fn owners(tx: &mut ReadTx, ids: &[AccountId]) -> Result<HashMap<AccountId, OwnerView>, Error> {
    let rows: Vec<(AccountId, String, String, String, bool, Option<String>)> = accounts::table
        .filter(accounts::id.eq_any(ids))
        .select((
            accounts::id,
            accounts::username,
            accounts::display_name,
            accounts::kind,
            accounts::active,
            accounts::email,
        ))
        .load(tx.db())?;
    let owner = |(id, username, display_name, kind, active, email): (
        AccountId,
        String,
        String,
        String,
        bool,
        Option<String>,
    )| { (id, OwnerView { username, display_name, is_service: kind == "service", active, email }) };
    Ok(rows.into_iter().map(owner).collect())
}

/// The first accounts by display name: user name and display name.
pub fn first_names(tx: &mut ReadTx, most: i64) -> Result<Vec<(String, String)>, Error> {
    Ok(accounts::table
        .filter(accounts::deleted_at.is_null())
        .order((accounts::name_folded.asc(), accounts::id.asc()))
        .limit(most)
        .select((accounts::username, accounts::display_name))
        .load(tx.db())?)
}

/// What sign-in needs to know of `username`.
pub fn credentials(tx: &mut ReadTx, username: &Username) -> Result<Option<Credentials>, Error> {
    let row = accounts::table
        .filter(accounts::username.eq(username.as_str()))
        .select(Row::as_select())
        .first::<Row>(tx.db())
        .optional()?;
    Ok(row.map(Credentials::from))
}

/// What sign-in needs to know of the account with this id.
pub fn find_with_password(tx: &mut ReadTx, id: AccountId) -> Result<Option<Credentials>, Error> {
    let row = accounts::table.find(id).select(Row::as_select()).first::<Row>(tx.db()).optional()?;
    Ok(row.map(Credentials::from))
}

/// Holds off other transactions that change or admit this person, or count or add their keys. Says whether they exist.
pub fn lock(tx: &mut WriteTx, id: AccountId) -> Result<bool, Error> {
    Ok(dialect::lock_account(tx.db(), id)?)
}

/// As [`lock`], for several.
pub fn lock_all(tx: &mut WriteTx, ids: &[AccountId]) -> Result<(), Error> {
    Ok(dialect::lock_accounts(tx.db(), ids)?)
}

/// The accounts with these ids.
pub fn find_all(tx: &mut ReadTx, ids: &[AccountId]) -> Result<Vec<Account>, Error> {
    let rows: Vec<Row> = accounts::table.filter(accounts::id.eq_any(ids)).select(Row::as_select()).load(tx.db())?;
    Ok(rows.into_iter().map(Account::from).collect())
}

/// Holds off other transactions that count the active administrators.
pub fn lock_admins(tx: &mut WriteTx) -> Result<(), Error> {
    Ok(dialect::lock_admins(tx.db())?)
}

/// Everybody, by user name.
pub fn list(tx: &mut ReadTx) -> Result<Vec<Account>, Error> {
    let people = accounts::table.filter(accounts::kind.eq(Kind::User.as_str()));
    let rows = people.order(accounts::username.asc()).select(Row::as_select()).load::<Row>(tx.db())?;
    Ok(rows.into_iter().map(Account::from).collect())
}

/// Is there anybody?
pub fn any(tx: &mut ReadTx) -> Result<bool, Error> {
    Ok(diesel::select(diesel::dsl::exists(accounts::table.select(accounts::id))).get_result(tx.db())?)
}

/// How many active administrators there are besides `id`.
pub fn other_active_admins(tx: &mut ReadTx, id: AccountId) -> Result<i64, Error> {
    Ok(accounts::table
        .filter(accounts::role.eq(Role::Admin.as_str()).and(accounts::active.eq(true)).and(accounts::id.ne(id)))
        .count()
        .get_result(tx.db())?)
}

/// Refuses an address that an account other than this has, also one from before addresses were one person's, which has no folded one.
pub(in crate::store) fn free_address(tx: &mut ReadTx, id: Option<AccountId>, email: Option<&str>) -> Result<(), Error> {
    let Some(folded) = email.map(text::folded) else { return Ok(()) };
    let others = accounts::table.filter(accounts::deleted_at.is_null().and(accounts::id.ne(id.map_or(0, |id| id.0))));
    let same = others.filter(accounts::email_folded.eq(&folded));
    let taken: bool = diesel::select(diesel::dsl::exists(same)).get_result(tx.db())?;
    let without_folded = others.filter(accounts::email.is_not_null().and(accounts::email_folded.is_null()));
    let older: Vec<Option<String>> = without_folded.select(accounts::email).distinct().load(tx.db())?;
    let taken = taken || older.iter().flatten().any(|older| text::folded(older) == folded);
    if taken { Err(Error::Conflict(Unique::Email)) } else { Ok(()) }
}
