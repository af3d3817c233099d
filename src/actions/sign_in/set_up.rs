//! The first start: a one-time link makes the first administrator.

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::actions::sign_in::sessions::{self, Session};
use crate::actions::{Actor, App, Error};
use crate::domain::accounts::account::{Role, Username};
use crate::domain::accounts::password::{Password, PasswordHash, Proposal};
use crate::domain::audit::Action;
use crate::domain::keys::secret::base62;
use crate::store::accounts::NewAccount;
use crate::store::settings::Internal;
use crate::store::{accounts, settings};

/// How often an offer is made anew when other nodes make theirs at the same moment.
const OFFERS: usize = 10;

/// The administrator to be.
pub struct FirstAdmin {
    /// To sign in with.
    pub username: Username,
    /// To read.
    pub display_name: String,
    /// Proposed by them.
    pub password: Proposal,
}

impl App {
    /// While nobody has an account: a new token for the set-up link; the one before it ends.
    pub async fn offer_set_up(&self) -> Result<Option<String>, Error> {
        for _ in 0..OFFERS {
            match self.offer_once().await {
                Err(Error::Conflict(_)) => {} // another node made its offer at this moment: ours replaces it
                offered => return offered,
            }
        }
        Err(Error::Unavailable("many nodes start at the same moment".into()))
    }

    async fn offer_once(&self) -> Result<Option<String>, Error> {
        let token = base62(&mut *self.rng(), 43).to_string();
        let hash = hash(&token);
        let now = self.now();
        let offered: bool = self
            .store
            .write_unaudited("the set-up link is written to the log of the process", move |tx| {
                if accounts::any(tx)? {
                    return Ok::<_, Error>(false);
                }
                settings::set_internal(tx, Internal::SetupToken, &hash, now)?;
                Ok(true)
            })
            .await?;
        Ok(offered.then_some(token))
    }

    /// Is this the token of a set-up that is still to be done? Anything else is not found.
    pub async fn check_set_up(&self, token: &str) -> Result<(), Error> {
        let hash = hash(token);
        let open = self
            .store
            .read(move |tx| {
                let waiting = settings::internal(tx, Internal::SetupToken)?;
                Ok::<_, Error>(waiting.as_deref() == Some(&hash) && !accounts::any(tx)?)
            })
            .await?;
        if open { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Makes the first administrator, who is signed in afterwards. Of many at once with the same token, exactly one succeeds.
    pub async fn set_up(&self, actor: &Actor, token: &str, admin: FirstAdmin, agent: String) -> Result<Session, Error> {
        self.check_set_up(token).await?;
        let (mut rng, owner) = (self.rng(), admin.username.clone());
        let password = self
            .hashing
            .run(move |memory| {
                Password::chosen(admin.password, &owner).map(|password| PasswordHash::of(&password, &mut *rng, memory))
            })
            .await??
            .ok_or_else(|| Error::Internal("argon2 refused a password".into()))?;
        let new = NewAccount {
            username: admin.username,
            display_name: admin.display_name,
            email: None,
            password: Some(password),
            role: Role::Admin,
        };
        let (hash, actor, now) = (hash(token), actor.clone(), self.now());
        let id = self.new_session_id();
        self.store
            .write(move |tx| {
                if !settings::take_internal(tx, Internal::SetupToken, &hash)? || accounts::any(tx)? {
                    return Err(Error::NotFound);
                }
                let account = accounts::insert(tx, &new, None, now)?;
                accounts::signed_in(tx, account, &actor.address_text(), now)?;
                tx.audit(actor.did(now, Action::SiteSetUp, new.username.as_str(), json!({})));
                let account = accounts::find(tx, account)?.ok_or(Error::NotFound)?;
                sessions::begin(tx, &id, &account, &actor.address_text(), agent, now)?;
                Ok(Session { id, account })
            })
            .await
    }
}

fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
