//! Revoke: ends a key for good, at once.

use serde_json::json;

use super::edit_key::may_manage;
use super::{Actor, App, Error};
use crate::domain::api_key::Stop;
use crate::domain::audit::Action;
use crate::domain::secret::FirstEight;
use crate::store::{accounts, audit, keys};

impl App {
    /// Ends an own key. One that was revoked already stays as it is.
    pub async fn revoke_key(&self, actor: &Actor, owner: i64, first_eight: &FirstEight) -> Result<(), Error> {
        let (actor, first_eight, now) = (actor.clone(), first_eight.clone(), self.now());
        self.act(actor.authority(), move |db| {
            accounts::lock(db, owner)?;
            let key = keys::hold_own(db, owner, &first_eight)?.ok_or(Error::NotFound)?;
            may_manage(db, owner)?;
            if key.revoked.is_some() {
                return Ok(());
            }
            keys::revoke(db, key.id, &Stop { at: now, by: actor.account, reason: String::new() })?;
            let details = json!({ "name": key.name });
            Ok(audit::insert(db, &actor.did(now, Action::KeyRevoke, first_eight.as_str(), details))?)
        })
        .await
    }
}
