//! Adding people: with a password, by the operator, or with a link by which they choose one.

use serde_json::json;

use crate::actions::App;
use crate::actions::Error;
use crate::actions::Reauthenticated;
use crate::actions::accounts::links;
use crate::actions::accounts::links::Link;
use crate::actions::accounts::taken;
use crate::domain::accounts::account::Role;
use crate::domain::accounts::account::Username;
use crate::domain::accounts::password::Password;
use crate::domain::accounts::password::PasswordHash;
use crate::domain::audit::Action;
use crate::store::accounts;
use crate::store::accounts::NewAccount;
use crate::store::accounts::sign_in_links;
use crate::store::rights::policies;

/// A person to be.
pub struct NewUser {
    /// To sign in with.
    pub username: Username,
    /// To read.
    pub display_name: String,
    /// May be unknown.
    pub email: Option<String>,
    /// What they may do.
    pub role: Role,
    /// Their first password.
    pub password: Password,
}

/// A person to be, who chooses the password by a link.
#[derive(Debug, Clone)]
pub struct Invited {
    /// To sign in with.
    pub username: Username,
    /// To read.
    pub display_name: String,
    /// May be unknown.
    pub email: Option<String>,
    /// What they may do.
    pub role: Role,
}

impl App {
    /// Adds a person who can sign in.
    pub async fn create_user(&self, by: Reauthenticated<'_>, user: NewUser) -> Result<(), Error> {
        let password = self.hash(user.password).await?;
        let new = NewAccount {
            username: user.username,
            display_name: user.display_name,
            email: user.email,
            password: Some(password),
            role: user.role,
        };
        let (actor, now) = (by.actor().clone(), self.now());
        self.act(by.authority(), move |tx| {
            let id = accounts::insert(tx, &new, actor.account, now).map_err(taken)?;
            let policies = policies::give_to_new_person(tx, id)?;
            let details = json!({ "role": new.role.as_str(), "display_name": new.display_name, "policies": policies });
            tx.audit(actor.did(now, Action::UserCreate, new.username.as_str(), details));
            Ok(())
        })
        .await
    }

    /// Adds a person, and makes the link by which they choose their password.
    pub async fn invite(&self, by: Reauthenticated<'_>, invited: Invited) -> Result<Link, Error> {
        let link = self.new_link();
        let (actor, now, hash, expires_at) =
            (by.actor().clone(), self.now(), links::hash(&link.token), link.expires_at);
        let new = NewAccount {
            username: invited.username,
            display_name: invited.display_name,
            email: invited.email,
            password: None,
            role: invited.role,
        };
        self.act(by.authority(), move |tx| {
            let id = accounts::insert(tx, &new, actor.account, now).map_err(taken)?;
            sign_in_links::replace(tx, id, &hash, actor.account, expires_at, now)?;
            let policies = policies::give_to_new_person(tx, id)?;
            let details = json!({
                "role": new.role.as_str(), "display_name": new.display_name, "link_until": expires_at.rfc3339(),
                "policies": policies,
            });
            tx.audit(actor.did(now, Action::UserCreate, new.username.as_str(), details));
            Ok::<_, Error>(())
        })
        .await?;
        Ok(link)
    }

    pub(super) async fn hash(&self, password: Password) -> Result<PasswordHash, Error> {
        let mut rng = self.rng();
        let hash = self.hashing.run(move |memory| PasswordHash::of(&password, &mut *rng, memory)).await?;
        hash.ok_or_else(|| Error::Internal("argon2 refused a password".into()))
    }
}
