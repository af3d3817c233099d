//! The table `key_secrets`: secrets that a rotation replaced, until their grace period is over.

use diesel::prelude::*;

use crate::domain::change::Change;
use crate::domain::ids::KeyId;
use crate::domain::keys::secret::SecretHash;
use crate::domain::time::clock::Timestamp;
use crate::store::schema::{api_keys, key_secrets};
use crate::store::{Error, ReadTx, Write, WriteTx};

/// Gives a key a new secret and a new end. Its present secret stays good until `grace_ends`, older ones end now.
pub fn rotate(tx: &mut WriteTx, id: KeyId, secret: &Rotation, now: Timestamp) -> Result<(), Error> {
    tx.changed(Change::Key(id));
    delete(tx, id)?;
    if secret.grace_ends > now {
        let old: Vec<u8> = api_keys::table.find(id).select(api_keys::secret_hash).first(tx.db())?;
        diesel::insert_into(key_secrets::table)
            .values((
                key_secrets::key.eq(id),
                key_secrets::secret_hash.eq(old),
                key_secrets::expires_at.eq(secret.grace_ends.0),
            ))
            .write(tx)?;
    }
    diesel::update(api_keys::table.find(id))
        .set((
            api_keys::secret_hash.eq(secret.hash.as_bytes()),
            api_keys::rotated_at.eq(Some(now.0)),
            api_keys::expires_at.eq(secret.expires_at.map(|at| at.0)),
            api_keys::changed_at.eq(now.0),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .write(tx)?;
    Ok(())
}

/// What a rotation brings.
pub struct Rotation {
    /// The new secret's hash.
    pub hash: SecretHash,
    /// The key's new end.
    pub expires_at: Option<Timestamp>,
    /// Until when the secret before it stays good.
    pub grace_ends: Timestamp,
}

/// Until when the replaced secret of a key stays good, if there is one at `now`.
pub fn grace_ends(tx: &mut ReadTx, id: KeyId, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let end: Option<i64> = key_secrets::table
        .filter(key_secrets::key.eq(id).and(key_secrets::expires_at.gt(now.0)))
        .select(key_secrets::expires_at)
        .order(key_secrets::expires_at.desc())
        .first(tx.db())
        .optional()?;
    Ok(end.map(Timestamp))
}

/// Removes replaced secrets whose grace period is over.
pub fn purge(tx: &mut WriteTx, now: Timestamp) -> Result<usize, Error> {
    Ok(diesel::delete(key_secrets::table.filter(key_secrets::expires_at.le(now.0))).write(tx)?)
}

/// Ends the replaced secrets of a key now.
pub fn delete(tx: &mut WriteTx, id: KeyId) -> Result<(), Error> {
    tx.changed(Change::Key(id));
    diesel::delete(key_secrets::table.filter(key_secrets::key.eq(id))).write(tx)?;
    Ok(())
}
