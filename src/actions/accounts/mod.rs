//! People and service accounts: found, added, changed, deactivated, deleted; and one’s own account.

pub mod add;
pub mod delete;
pub mod links;
pub mod own;
pub mod people;
pub mod service_accounts;
pub mod status;

use crate::actions::Error;
use crate::domain::accounts::account::Account;
use crate::domain::accounts::account::Username;
use crate::domain::field_error::FieldError;
use crate::store::{self, ReadTx, Unique, WriteTx, accounts};

/// What is wrong with an account that another one stands in the way of.
pub(in crate::actions) fn taken(error: store::Error) -> Error {
    match error {
        store::Error::Conflict(Unique::Username) => {
            FieldError::new("username", "This user name is taken. Choose another").into()
        }
        store::Error::Conflict(Unique::Email) => {
            let text = "Another account has this email address, and services tell people apart by it. Enter another";
            FieldError::new("email", text).into()
        }
        error => error.into(),
    }
}

/// A person, whose row nobody else changes until the end of the transaction.
fn person(tx: &mut WriteTx, username: &Username) -> Result<Account, Error> {
    let id = accounts::person(tx, username)?.ok_or(Error::NotFound)?.account.id;
    accounts::lock(tx, id)?;
    accounts::find(tx, id)?.ok_or(Error::NotFound)
}

/// Refuses to take the last active administrator away. The caller holds the administrators ([`accounts::lock_admins`]), so that
/// two who do it to each other take turns.
fn keep_an_administrator(tx: &mut ReadTx, account: &Account) -> Result<(), Error> {
    if account.active && account.is_admin() && accounts::other_active_admins(tx, account.id)? == 0 {
        return Err(Error::Conflict("This is the last active administrator. Make another one first.".into()));
    }
    Ok(())
}
