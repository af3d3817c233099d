//! The table `saved_views`: filters of the grid under a name.

use diesel::prelude::*;

use crate::domain::ids::{AccountId, SavedViewId};
use crate::domain::key_filter::SavedView;
use crate::domain::time::clock::Timestamp;
use crate::store::schema::saved_views;
use crate::store::{Error, ReadTx, Write, WriteTx};

/// The views of an account, by name.
pub fn list(tx: &mut ReadTx, account: AccountId) -> Result<Vec<SavedView>, Error> {
    let rows: Vec<(SavedViewId, String, String)> = saved_views::table
        .filter(saved_views::account.eq(account))
        .order(saved_views::name.asc())
        .select((saved_views::id, saved_views::name, saved_views::query))
        .load(tx.db())?;
    Ok(rows.into_iter().map(|(id, name, query)| SavedView { id, name, query }).collect())
}

/// Saves a view. A name that the account has already is a conflict.
pub fn insert(
    tx: &mut WriteTx,
    account: AccountId,
    name: &str,
    query: &str,
    now: Timestamp,
) -> Result<SavedViewId, Error> {
    Ok(diesel::insert_into(saved_views::table)
        .values((
            saved_views::account.eq(account),
            saved_views::name.eq(name),
            saved_views::query.eq(query),
            saved_views::created_at.eq(now.0),
        ))
        .returning(saved_views::id)
        .get_result(tx.writing())?)
}

/// Deletes a view of this account; says how many there were.
pub fn delete(tx: &mut WriteTx, account: AccountId, id: SavedViewId) -> Result<usize, Error> {
    let own = saved_views::table.filter(saved_views::id.eq(id).and(saved_views::account.eq(account)));
    Ok(diesel::delete(own).write(tx)?)
}
