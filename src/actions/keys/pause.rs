//! Disable and enable: the reversible pause of a key.

use serde_json::json;

use crate::actions::keys::edit::own_live;
use crate::actions::{App, Error, Owner};
use crate::domain::audit::Action;
use crate::domain::keys::api_key::{ApiKey, Stop};
use crate::domain::keys::secret::FirstEight;
use crate::store::keys;

impl App {
    /// Pauses an own key. A key that is paused already stays as it is.
    pub async fn disable_key(&self, by: Owner<'_>, first_eight: &FirstEight) -> Result<(), Error> {
        let owner = by.account();
        let (actor, first_eight, now) = (by.actor().clone(), first_eight.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let key = own_live(tx, owner, &first_eight, now)?;
            if key.disabled.is_some() {
                return Ok(());
            }
            keys::set_disabled(tx, key.id, Some(&Stop { at: now, by: actor.account, reason: String::new() }), now)?;
            tx.audit(actor.did(now, Action::KeyDisable, first_eight.as_str(), json!({})));
            Ok(())
        })
        .await
    }

    /// Ends the pause of an own key, if the owner may. A key that is not paused stays as it is.
    pub async fn enable_key(&self, by: Owner<'_>, first_eight: &FirstEight) -> Result<ApiKey, Error> {
        let owner = by.account();
        let (actor, first_eight, now) = (by.actor().clone(), first_eight.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let key = own_live(tx, owner, &first_eight, now)?;
            if key.disabled.is_none() {
                return Ok(key);
            }
            if !key.owner_may_enable() {
                let text = "An administrator disabled this key. Ask an administrator to enable it.";
                return Err(Error::Forbidden(text.into()));
            }
            keys::set_disabled(tx, key.id, None, now)?;
            tx.audit(actor.did(now, Action::KeyEnable, first_eight.as_str(), json!({})));
            keys::find_own(tx, owner, &first_eight)?.ok_or(Error::NotFound)
        })
        .await
    }
}
