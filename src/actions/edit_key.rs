//! Changing the name and the note of a key.

use serde_json::json;

use super::{Actor, App, Error};
use crate::domain::api_key::{ApiKey, KeyName, KeyNote};
use crate::domain::audit::Action;
use crate::domain::secret::FirstEight;
use crate::store::{Db, accounts, audit, keys};

/// The text for a key that was revoked in the meantime.
pub(super) const REVOKED: &str = "This key was revoked. It cannot be changed any more.";

impl App {
    /// Changes name and note of an own key; `version` is the one that the person saw.
    pub async fn edit_key(
        &self,
        actor: &Actor,
        owner: i64,
        first_eight: &FirstEight,
        version: i64,
        texts: (KeyName, KeyNote),
    ) -> Result<(), Error> {
        let (actor, first_eight, now) = (actor.clone(), first_eight.clone(), self.now());
        let (name, note) = texts;
        self.act(actor.authority(), move |db| {
            let key = own_living(db, owner, &first_eight)?;
            if key.version != version {
                let text = "This key was changed meanwhile. Reload to see the change, then try again.";
                return Err(Error::Conflict(text.into()));
            }
            if name.0 != key.name {
                if keys::name_is_held(db, owner, &name, now)? {
                    return Err(super::generate_key::name_taken());
                }
                keys::set_name(db, &key, &name, now)?;
            }
            keys::set_note(db, &key, &note, now)?;
            let details = json!({ "name": [key.name, name.0], "note": [key.note, note.0] });
            Ok(audit::insert(db, &actor.did(now, Action::KeyEdit, first_eight.as_str(), details))?)
        })
        .await
    }
}

/// The key of this owner, unless it was revoked.
pub(super) fn own_living(db: &mut Db, owner: i64, first_eight: &FirstEight) -> Result<ApiKey, Error> {
    accounts::lock(db, owner)?;
    let key = keys::hold_own(db, owner, first_eight)?.ok_or(Error::NotFound)?;
    if key.revoked.is_some() { Err(Error::Conflict(REVOKED.into())) } else { Ok(key) }
}
