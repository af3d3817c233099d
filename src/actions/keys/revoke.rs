//! Revoke: ends a key for good, at once.

use serde_json::json;

use crate::actions::keys::edit::may_manage;
use crate::actions::verification::verify::GoodKey;
use crate::actions::{App, Error, Owner};
use crate::domain::audit::Action;
use crate::domain::keys::api_key::Stop;
use crate::domain::keys::secret::FirstEight;
use crate::domain::rights::permission::{OwnPermission, PermissionName};
use crate::store::keys::session_keys;
use crate::store::{accounts, keys, settings};

impl App {
    /// Ends an own key. One that was revoked already stays as it is.
    pub async fn revoke_key(&self, by: Owner<'_>, first_eight: &FirstEight) -> Result<(), Error> {
        let owner = by.account();
        let (actor, first_eight, now) = (by.actor().clone(), first_eight.clone(), self.now());
        self.act(by.authority(), move |tx| {
            accounts::lock(tx, owner)?;
            let key = keys::lock_own(tx, owner, &first_eight)?.ok_or(Error::NotFound)?;
            may_manage(tx, owner)?;
            if key.revoked.is_some() {
                return Ok(());
            }
            keys::revoke(tx, key.id, &Stop { at: now, by: actor.account, reason: String::new() })?;
            let details = json!({ "name": key.name });
            tx.audit(actor.did(now, Action::KeyRevoke, first_eight.as_str(), details));
            Ok(())
        })
        .await
    }

    /// A program ends a key of its owner with a key: the one that it uses, where the settings let it, or another one with
    /// `claviger:keys:revoke`. One that was revoked already stays as it is.
    pub async fn revoke_with_key(
        &self,
        by: Owner<'_>,
        asking: &GoodKey,
        first_eight: &FirstEight,
    ) -> Result<(), Error> {
        let (actor, first_eight, now) = (by.actor().clone(), first_eight.clone(), self.now());
        let (owner, by_key) = (by.account(), asking.key.first_eight.clone());
        let revoke = PermissionName::of_own(OwnPermission::RevokeKeys);
        let may_revoke = asking.rights.contains(&revoke) && asking.bound.is_none();
        self.act(by.authority(), move |tx| {
            accounts::lock(tx, owner)?;
            if first_eight == by_key {
                if !settings::load(tx)?.key_may_revoke_itself {
                    return Err(Error::Forbidden("On this server, an API key may not revoke itself.".into()));
                }
            } else if may_revoke {
                may_manage(tx, owner)?;
            } else {
                return Err(Error::Forbidden(format!("To revoke another key, this one needs {}.", revoke.as_str())));
            }
            let stop = Stop { at: now, by: Some(owner), reason: format!("By key {by_key}") };
            match keys::lock_own(tx, owner, &first_eight)? {
                Some(key) if key.revoked.is_some() => return Ok(()),
                Some(key) => keys::revoke(tx, key.id, &stop)?,
                None if session_keys::delete(tx, owner, &first_eight)? => {}
                None => return Err(Error::NotFound),
            }
            let details = json!({ "by_key": by_key.as_str() });
            tx.audit(actor.did(now, Action::KeyRevoke, first_eight.as_str(), details));
            Ok(())
        })
        .await
    }
}
