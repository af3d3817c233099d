//! The table `used_forms`: forms whose answer showed a secret. Sending one again shows and makes nothing.

use diesel::prelude::*;

use crate::domain::ids::{AccountId, KeyId};
use crate::domain::keys::secret::FirstEight;
use crate::domain::time::clock::Timestamp;
use crate::store::schema::used_forms;
use crate::store::{Error, ReadTx, Write, WriteTx};

/// Which secret a form's answer showed.
pub struct Shown<'a> {
    /// Of this key.
    pub first_eight: &'a FirstEight,
    /// Its id; `None` for a session key, which is no row of the keys.
    pub key: Option<KeyId>,
}

/// Notes that a form was answered with a secret. A form that was used before is a conflict.
pub fn insert(
    tx: &mut WriteTx,
    form_hash: &[u8],
    account: AccountId,
    shown: &Shown<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    diesel::insert_into(used_forms::table)
        .values((
            used_forms::form_hash.eq(form_hash),
            used_forms::account.eq(account),
            used_forms::first_eight.eq(shown.first_eight.as_str()),
            used_forms::key.eq(shown.key),
            used_forms::used_at.eq(now.0),
        ))
        .write(tx)?;
    Ok(())
}

/// The key whose secret this form's answer showed to this account, if it was used.
pub fn find(tx: &mut ReadTx, form_hash: &[u8], account: AccountId) -> Result<Option<FirstEight>, Error> {
    let found: Option<String> = used_forms::table
        .find(form_hash)
        .filter(used_forms::account.eq(account))
        .select(used_forms::first_eight)
        .first(tx.db())
        .optional()?;
    Ok(found.as_deref().and_then(FirstEight::parse))
}

/// Forgets forms of session keys that were used before `before`: their sessions are long over. The form of any other key is
/// known for as long as the key, since a page that was open for days sends it again: its row goes with the key's.
pub fn purge(tx: &mut WriteTx, before: Timestamp) -> Result<usize, Error> {
    let of_sessions = used_forms::key.is_null().and(used_forms::used_at.lt(before.0));
    Ok(diesel::delete(used_forms::table.filter(of_sessions)).write(tx)?)
}
