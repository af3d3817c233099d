//! Changing the name and the note of a key: of an own one, or, for administrators, of any.

use serde_json::json;

use crate::actions::keys::generate::name_taken;
use crate::actions::{Actor, App, Error, Owner, Reauthenticated};
use crate::domain::accounts::account::Kind;
use crate::domain::audit::Action;
use crate::domain::ids::AccountId;
use crate::domain::keys::api_key::{ApiKey, KeyName, KeyNote};
use crate::domain::keys::secret::FirstEight;
use crate::domain::settings::OwnKeys;
use crate::domain::time::clock::Timestamp;
use crate::store::{ReadTx, WriteTx, accounts, keys, settings};

/// The text for a key that was revoked in the meantime.
pub(in crate::actions) const REVOKED: &str = "This key was revoked. It cannot be changed any more.";

impl App {
    /// Changes name and note of an own key; `version` is the one that the person saw.
    pub async fn edit_key(
        &self,
        by: Owner<'_>,
        first_eight: &FirstEight,
        version: i64,
        texts: (KeyName, KeyNote),
    ) -> Result<(), Error> {
        let owner = by.account();
        let (actor, first_eight, now) = (by.actor().clone(), first_eight.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let key = own_living(tx, owner, &first_eight)?;
            edit(tx, &actor, &key, version, &texts, now)
        })
        .await
    }

    /// Changes name and note of a key of anybody, for administrators.
    pub async fn edit_any_key(
        &self,
        by: Reauthenticated<'_>,
        first_eight: &FirstEight,
        version: i64,
        texts: (KeyName, KeyNote),
    ) -> Result<(), Error> {
        let (actor, first_eight, now) = (by.actor().clone(), first_eight.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let owner = keys::find(tx, &first_eight)?.ok_or(Error::NotFound)?.owner;
            let key = unless_revoked(lock_for_update(tx, owner, &first_eight)?)?;
            edit(tx, &actor, &key, version, &texts, now)
        })
        .await
    }
}

/// Changes a key that is held; `version` is the one that somebody saw.
fn edit(
    tx: &mut WriteTx,
    actor: &Actor,
    key: &ApiKey,
    version: i64,
    (name, note): &(KeyName, KeyNote),
    now: Timestamp,
) -> Result<(), Error> {
    if key.version != version {
        let text = "This key was changed meanwhile. Reload to see the change, then try again.";
        return Err(Error::Conflict(text.into()));
    }
    if name.0 != key.name {
        if keys::name_is_held(tx, key.owner, name, now)? {
            return Err(name_taken(actor, key.owner));
        }
        keys::set_name(tx, key, name, now)?;
    }
    keys::set_note(tx, key, note, now)?;
    let details = json!({ "name": [key.name, name.0], "note": [key.note, note.0] });
    tx.audit(actor.did(now, Action::KeyEdit, key.first_eight.as_str(), details));
    Ok(())
}

/// The text for a key whose time has passed.
const EXPIRED: &str = "This key has expired, so there is nothing to disable or enable. Generate a new one like it.";

/// The key of this owner, unless it has ended.
pub(in crate::actions) fn own_live(
    tx: &mut WriteTx,
    owner: AccountId,
    first_eight: &FirstEight,
    now: Timestamp,
) -> Result<ApiKey, Error> {
    let key = own_living(tx, owner, first_eight)?;
    if key.is_past_expiry(now) { Err(Error::Conflict(EXPIRED.into())) } else { Ok(key) }
}

/// Refuses where people may only see their own keys. Those of service accounts are changed by administrators.
pub(in crate::actions) fn may_manage(tx: &mut ReadTx, owner: AccountId) -> Result<(), Error> {
    let is_person = accounts::find(tx, owner)?.is_some_and(|owner| owner.kind == Kind::User);
    if is_person && settings::load(tx)?.own_keys != OwnKeys::Manage {
        let text = "On this server, only administrators change and revoke API keys. Ask one of them.";
        return Err(Error::Forbidden(text.into()));
    }
    Ok(())
}

/// The key of this owner, held, unless it was revoked.
pub(in crate::actions) fn own_living(
    tx: &mut WriteTx,
    owner: AccountId,
    first_eight: &FirstEight,
) -> Result<ApiKey, Error> {
    let key = lock_for_update(tx, owner, first_eight)?;
    may_manage(tx, owner)?;
    unless_revoked(key)
}

fn lock_for_update(tx: &mut WriteTx, owner: AccountId, first_eight: &FirstEight) -> Result<ApiKey, Error> {
    accounts::lock(tx, owner)?;
    keys::lock_own(tx, owner, first_eight)?.ok_or(Error::NotFound)
}

fn unless_revoked(key: ApiKey) -> Result<ApiKey, Error> {
    if key.revoked.is_some() { Err(Error::Conflict(REVOKED.into())) } else { Ok(key) }
}
