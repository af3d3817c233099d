//! Changing accounts, one column after the other.

use diesel::prelude::*;

use super::free_address;
use crate::domain::accounts::account::{Appearance, Role};
use crate::domain::accounts::password::PasswordHash;
use crate::domain::change::Change;
use crate::domain::ids::AccountId;
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::store::keys::folding;
use crate::store::schema::accounts;
use crate::store::{Error, Write, WriteTx};

/// Changes what a service account is for.
pub fn set_description(tx: &mut WriteTx, id: AccountId, description: &str) -> Result<(), Error> {
    diesel::update(accounts::table.find(id)).set(accounts::description.eq(description)).write(tx)?;
    Ok(())
}

/// Notes a successful sign-in.
pub fn signed_in(tx: &mut WriteTx, id: AccountId, address: &str, now: Timestamp) -> Result<(), Error> {
    diesel::update(accounts::table.find(id))
        .set((accounts::last_sign_in_at.eq(Some(now.0)), accounts::last_sign_in_address.eq(Some(address))))
        .write(tx)?;
    Ok(())
}

/// Replaces the password.
pub fn set_password(tx: &mut WriteTx, id: AccountId, password: &PasswordHash) -> Result<(), Error> {
    diesel::update(accounts::table.find(id)).set(accounts::password_hash.eq(Some(password.as_str()))).write(tx)?;
    Ok(())
}

/// Lets an account in or keeps it out.
pub fn set_active(tx: &mut WriteTx, id: AccountId, active: bool) -> Result<(), Error> {
    tx.changed(Change::Owner(id));
    diesel::update(accounts::table.find(id)).set(accounts::active.eq(active)).write(tx)?;
    Ok(())
}

/// Deletes a person, or brings them back: what belongs to signing in is gone, the name stays.
pub fn set_deleted(tx: &mut WriteTx, id: AccountId, at: Option<Timestamp>) -> Result<(), Error> {
    tx.changed(Change::Owner(id));
    // Who is deleted lets go of the address, for whoever comes under it next.
    let email: Option<String> = accounts::table.find(id).select(accounts::email).first(tx.db())?;
    if at.is_none() {
        free_address(tx, Some(id), email.as_deref())?;
    }
    let email_folded = email.filter(|_| at.is_none()).as_deref().map(text::folded);
    diesel::update(accounts::table.find(id))
        .set((
            accounts::deleted_at.eq(at.map(|at| at.0)),
            accounts::active.eq(at.is_none()),
            accounts::password_hash.eq(None::<String>),
            accounts::email_folded.eq(email_folded),
        ))
        .write(tx)?;
    Ok(())
}

/// Changes how a person is called, also where their keys are searched and sorted by it.
pub fn set_display_name(tx: &mut WriteTx, id: AccountId, display_name: &str) -> Result<(), Error> {
    tx.changed(Change::Owner(id));
    diesel::update(accounts::table.find(id))
        .set((accounts::display_name.eq(display_name), accounts::name_folded.eq(text::folded(display_name))))
        .write(tx)?;
    folding::owner_was_renamed(tx, id)
}

/// Changes a person's email address. That of somebody else is a conflict.
pub fn set_email(tx: &mut WriteTx, id: AccountId, email: Option<&str>) -> Result<(), Error> {
    tx.changed(Change::Owner(id));
    let deleted_at: Option<i64> = accounts::table.find(id).select(accounts::deleted_at).first(tx.db())?;
    if deleted_at.is_none() {
        free_address(tx, Some(id), email)?;
    }
    let folded = email.filter(|_| deleted_at.is_none()).map(text::folded);
    diesel::update(accounts::table.find(id))
        .set((accounts::email.eq(email), accounts::email_folded.eq(folded)))
        .write(tx)?;
    Ok(())
}

/// Changes what a person may do here.
pub fn set_role(tx: &mut WriteTx, id: AccountId, role: Role) -> Result<(), Error> {
    tx.changed(Change::Owner(id));
    diesel::update(accounts::table.find(id)).set(accounts::role.eq(role.as_str())).write(tx)?;
    Ok(())
}

/// Changes the colours of a person's pages.
pub fn set_appearance(tx: &mut WriteTx, id: AccountId, appearance: Appearance) -> Result<(), Error> {
    diesel::update(accounts::table.find(id)).set(accounts::appearance.eq(appearance.as_str())).write(tx)?;
    Ok(())
}
