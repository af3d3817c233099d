//! Changing what a key may do: like a new key, of what its owner has.

use serde_json::{Value, json};

use crate::actions::keys::edit::own_living;
use crate::actions::rights::grants::{CheckedGrant, give, prove};
use crate::actions::{App, Error, Owner};
use crate::domain::audit::Action;
use crate::domain::keys::secret::FirstEight;
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{self, AccessView, GrantRequest};
use crate::store::{accounts, keys, rights as key_rights};

impl App {
    /// Gives a key of an owner other rights; the resource that it is bound to stays. The owner is the actor, or a service
    /// account that an administrator administers; `version` is the one that the person saw.
    pub async fn set_key_access(
        &self,
        by: Owner<'_>,
        first_eight: &FirstEight,
        version: i64,
        wish: GrantRequest,
    ) -> Result<(), Error> {
        let owner = by.account();
        let (actor, first_eight, now) = (by.actor().clone(), first_eight.clone(), self.now());
        self.act(by.authority(), move |tx| {
            accounts::lock(tx, owner)?;
            let key = keys::find_own(tx, owner, &first_eight)?.ok_or(Error::NotFound)?;
            let before = key_rights::access(tx, &key)?;
            let account = accounts::find(tx, owner)?.ok_or(Error::NotFound)?;
            prove(tx, &actor, &wish)?;
            let bound = before.resource.as_ref().and_then(|(name, _)| ResourceName::parse(name).ok());
            // The policy is held before the key, as bulk work holds them; what a key is bound to never changes.
            let given = give(tx, &account, &wish, bound.as_ref());
            let key = own_living(tx, owner, &first_eight)?;
            if key.version != version {
                let text = "This key was changed meanwhile. Reload to see the change, then try again.";
                return Err(Error::Conflict(text.into()));
            }
            let CheckedGrant { grant, scopes, .. } = given?;
            keys::set_grant(tx, key.id, grant, now)?;
            key_rights::set_scopes(tx, key.id, &scopes)?;
            let details = json!({ "name": key.name, "access": [event_details(&before), wish.event_details()] });
            tx.audit(actor.did(now, Action::KeyEdit, first_eight.as_str(), details));
            Ok(())
        })
        .await
    }
}

fn event_details(access: &AccessView) -> Value {
    match &access.grant {
        rights::GrantView::Everything => "inherit".into(),
        rights::GrantView::Scopes(scopes) => scopes.clone().into(),
        rights::GrantView::Policy(name) => json!({ "policy": name }),
    }
}
