//! Changing one key.

use diesel::prelude::*;

use crate::domain::change::Change;
use crate::domain::ids::KeyId;
use crate::domain::keys::api_key::{ApiKey, KeyName, KeyNote, Stop};
use crate::domain::rights::Grant;
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::store::keys::replaced_secrets;
use crate::store::schema::api_keys;
use crate::store::{Error, Write, WriteTx};

/// Writes a new name, which a key that is not past its time holds, and counts the version up.
pub fn set_name(tx: &mut WriteTx, key: &ApiKey, name: &KeyName, now: Timestamp) -> Result<(), Error> {
    tx.changed(Change::Key(key.id));
    diesel::update(api_keys::table.find(key.id))
        .set((
            api_keys::name.eq(&name.0),
            api_keys::name_folded.eq(text::folded(&name.0)),
            api_keys::holds_name.eq(!key.is_past_expiry(now)),
            api_keys::changed_at.eq(now.0),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .write(tx)?;
    Ok(())
}

/// Writes a new note, and counts the version up.
pub fn set_note(tx: &mut WriteTx, key: &ApiKey, note: &KeyNote, now: Timestamp) -> Result<(), Error> {
    diesel::update(api_keys::table.find(key.id))
        .set((
            api_keys::note.eq(&note.0),
            api_keys::note_folded.eq(text::folded(&note.0)),
            api_keys::changed_at.eq(now.0),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .write(tx)?;
    Ok(())
}

/// Changes what a key may do of what its owner may, and counts the version up; its scopes are written apart.
pub fn set_grant(tx: &mut WriteTx, id: KeyId, grant: Grant, now: Timestamp) -> Result<(), Error> {
    tx.changed(Change::Key(id));
    diesel::update(api_keys::table.find(id))
        .set((
            api_keys::grant_kind.eq(grant.as_str()),
            api_keys::policy.eq(grant.policy()),
            api_keys::changed_at.eq(now.0),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .write(tx)?;
    Ok(())
}

/// Gives a key back what it could do, as part of a change that counts the version up itself.
pub fn put_grant_back(tx: &mut WriteTx, id: KeyId, grant: Grant) -> Result<(), Error> {
    tx.changed(Change::Key(id));
    diesel::update(api_keys::table.find(id))
        .set((api_keys::grant_kind.eq(grant.as_str()), api_keys::policy.eq(grant.policy())))
        .write(tx)?;
    Ok(())
}

/// Pauses a key, or ends the pause.
pub fn set_disabled(tx: &mut WriteTx, id: KeyId, stop: Option<&Stop>, now: Timestamp) -> Result<(), Error> {
    tx.changed(Change::Key(id));
    diesel::update(api_keys::table.find(id))
        .set((
            api_keys::disabled_at.eq(stop.map(|stop| stop.at.0)),
            api_keys::disabled_by.eq(stop.and_then(|stop| stop.by)),
            api_keys::disabled_reason.eq(stop.map_or("", |stop| &stop.reason)),
            api_keys::changed_at.eq(now.0),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .write(tx)?;
    Ok(())
}

/// Ends a key for good: it lets go of its name, and its replaced secrets are forgotten.
pub fn revoke(tx: &mut WriteTx, id: KeyId, stop: &Stop) -> Result<(), Error> {
    tx.changed(Change::Key(id));
    diesel::update(api_keys::table.find(id))
        .set((
            api_keys::revoked_at.eq(Some(stop.at.0)),
            api_keys::revoked_by.eq(stop.by),
            api_keys::revoked_reason.eq(&stop.reason),
            api_keys::holds_name.eq(false),
            api_keys::changed_at.eq(stop.at.0),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .write(tx)?;
    replaced_secrets::delete(tx, id)
}
