//! The folded texts beside names and notes: lower case as Unicode has it, worked out here, because the databases' own
//! `lower` differs (SQLite knows ASCII only, Postgres what its locale knows).

use diesel::prelude::*;

use crate::domain::ids::{AccountId, KeyId};
use crate::domain::key_filter::owner_folded;
use crate::domain::text;
use crate::store::schema::{accounts, api_keys};
use crate::store::{Error, ReadTx, Write, WriteTx};

/// Rows that are filled in by one round of [`fill_in`].
const BATCH: i64 = 1_000;

/// The owner's folded text for a key.
pub fn of_owner(tx: &mut ReadTx, owner: AccountId) -> Result<String, Error> {
    let (display_name, username): (String, String) =
        accounts::table.find(owner).select((accounts::display_name, accounts::username)).first(tx.db())?;
    Ok(owner_folded(&display_name, &username))
}

/// Writes a changed display name to the owner's keys.
pub fn owner_was_renamed(tx: &mut WriteTx, owner: AccountId) -> Result<(), Error> {
    let folded = of_owner(tx, owner)?;
    diesel::update(api_keys::table.filter(api_keys::owner.eq(owner)))
        .set(api_keys::owner_folded.eq(folded))
        .write(tx)?;
    Ok(())
}

/// Fills in the texts of rows that were written before these columns were there.
pub fn fill_in(tx: &mut WriteTx) -> Result<(), Error> {
    let people: Vec<(AccountId, String)> = accounts::table
        .filter(accounts::name_folded.eq(""))
        .select((accounts::id, accounts::display_name))
        .load(tx.db())?;
    for (id, display_name) in people {
        diesel::update(accounts::table.find(id))
            .set(accounts::name_folded.eq(text::folded(&display_name)))
            .write(tx)?;
    }
    loop {
        let keys: Vec<(KeyId, AccountId, String, String, i64)> = api_keys::table
            .filter(api_keys::owner_folded.eq(""))
            .limit(BATCH)
            .select((api_keys::id, api_keys::owner, api_keys::name, api_keys::note, api_keys::created_at))
            .load(tx.db())?;
        if keys.is_empty() {
            return Ok(());
        }
        for (id, owner, name, note, created_at) in keys {
            let owner = of_owner(tx, owner)?;
            diesel::update(api_keys::table.find(id))
                .set((
                    api_keys::name_folded.eq(text::folded(&name)),
                    api_keys::note_folded.eq(text::folded(&note)),
                    api_keys::owner_folded.eq(owner),
                    api_keys::changed_at.eq(created_at),
                ))
                .write(tx)?;
        }
    }
}
