//! The table `sign_in_links`: one-time links by which a person chooses a password.

use diesel::prelude::*;

use crate::domain::ids::AccountId;
use crate::domain::time::clock::Timestamp;
use crate::store::schema::sign_in_links;
use crate::store::{Error, ReadTx, Write, WriteTx};

/// Adds a link; those before it end. Of one account one link is good.
pub fn replace(
    tx: &mut WriteTx,
    account: AccountId,
    token_hash: &[u8],
    created_by: Option<AccountId>,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    delete(tx, account)?;
    diesel::insert_into(sign_in_links::table)
        .values((
            sign_in_links::token_hash.eq(token_hash),
            sign_in_links::account.eq(account),
            sign_in_links::created_at.eq(now.0),
            sign_in_links::created_by.eq(created_by),
            sign_in_links::expires_at.eq(expires_at.0),
        ))
        .write(tx)?;
    Ok(())
}

/// The account of a link that is good.
pub fn find(tx: &mut ReadTx, token_hash: &[u8], now: Timestamp) -> Result<Option<AccountId>, Error> {
    Ok(sign_in_links::table
        .find(token_hash)
        .filter(sign_in_links::expires_at.gt(now.0))
        .select(sign_in_links::account)
        .first(tx.db())
        .optional()?)
}

/// Ends the links of an account.
pub fn delete(tx: &mut WriteTx, account: AccountId) -> Result<(), Error> {
    diesel::delete(sign_in_links::table.filter(sign_in_links::account.eq(account))).write(tx)?;
    Ok(())
}
