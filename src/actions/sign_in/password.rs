//! Signing in with user name and password, and signing out.

use serde_json::json;

use crate::actions::sign_in::sessions::{self, Session};
use crate::actions::{Actor, App, Error, Owner};
use crate::domain::accounts::account::Username;
use crate::domain::accounts::password::{Match, Password, PasswordHash};
use crate::domain::audit::Action;
use crate::domain::field_error::FieldError;
use crate::domain::ids::AccountId;
use crate::store::accounts;
use crate::store::accounts::Credentials;
use crate::store::accounts::sessions::{self as session_rows, IdHash};

/// One text for an unknown user, a wrong password and anything that cannot be one.
const REFUSED: &str = "The user name or password is not right";

/// What proved the password right: the hash that it was compared with, and a stronger one to replace it.
struct Proof {
    compared: PasswordHash,
    stronger: Option<PasswordHash>,
}

impl App {
    /// Checks user name and password, and begins a session. An unknown user costs as much time as a wrong password, and reads the same.
    pub async fn sign_in(
        &self,
        actor: &Actor,
        username: &str,
        password: String,
        agent: String,
    ) -> Result<Session, Error> {
        self.throttle.try_address(actor.address)?;
        let username = Username::parse(username);
        let known = match &username {
            Ok(username) => {
                let username = username.clone();
                self.store.query(move |tx| accounts::person(tx, &username)).await?
            }
            Err(_) => None,
        };
        let known_address = known.as_ref().and_then(|known| known.last_address.as_deref());
        let is_known = known_address.is_some_and(|known| known == actor.address_text());
        if let Ok(username) = &username {
            self.throttle.try_account(username, actor.address, known_address)?;
        }
        let Some(password) = Password::presented(password) else { return Err(refused()) };
        let stored = known.as_ref().and_then(|known| known.password.clone()).unwrap_or_else(PasswordHash::of_nobody);
        let (compared, old) = (stored.clone(), stored);
        let hashing = self.hashing.run_for(is_known, move |memory| (compared.compare(&password, memory), password));
        let (found, password) = hashing.await?;

        match (known.map(|known| known.account), found) {
            (Some(account), Match::Right | Match::RightButWeak) if account.active => {
                let stronger = match found {
                    Match::RightButWeak => self.rehash(password).await,
                    _ => None,
                };
                let proof = Proof { compared: old, stronger };
                self.admit(actor, account.id, proof, agent).await
            }
            (Some(account), Match::Right | Match::RightButWeak) => {
                self.note_refusal(actor, account.username.as_str(), "deactivated").await?;
                Err(FieldError::new("username", "Your account is deactivated. Ask an administrator").into())
            }
            (account, _) => {
                // What was typed is not kept when it is nobody's name: it may be a password in the wrong field.
                let target = account.as_ref().map_or("(unknown user)", |account| account.username.as_str());
                self.note_refusal(actor, target, "wrong user name or password").await?;
                Err(refused())
            }
        }
    }

    /// What is known of the one who acts, the hash of the password among it.
    pub(in crate::actions) async fn own_credentials(&self, by: Owner<'_>) -> Result<Credentials, Error> {
        let account = by.account();
        self.store.query(move |tx| accounts::find_with_password(tx, account)).await?.ok_or(Error::NotFound)
    }

    /// Checks the password of somebody who is signed in, before what is sensitive; it came in this field.
    pub async fn check_password(&self, by: Owner<'_>, field: &'static str, password: String) -> Result<(), Error> {
        let wrong = || Error::from(FieldError::new(field, "This is not your password"));
        let known = self.own_credentials(by).await?;
        self.throttle.try_account(&known.account.username, by.address, known.last_address.as_deref())?;
        let password = Password::presented(password).ok_or_else(wrong)?;
        let stored = known.password.unwrap_or_else(PasswordHash::of_nobody);
        let found = self.hashing.run(move |memory| stored.compare(&password, memory)).await?;
        let now = self.now();
        if matches!(found, Match::Wrong) {
            let event = by.failed(now, Action::PasswordConfirm, &by.name, json!({ "reason": "wrong password" }));
            self.record_failure(event).await?;
            return Err(wrong());
        }
        self.record(by.authority(), by.did(now, Action::PasswordConfirm, &by.name, json!({}))).await
    }

    /// As [`Self::check_password`], and for the minutes to come: the session gets a new id, which this gives.
    pub async fn confirm_password(&self, by: Owner<'_>, session: &str, password: String) -> Result<String, Error> {
        self.check_password(by, "password", password).await?;
        let (old, id, authority) = (IdHash::of(session), self.new_session_id(), by.authority());
        let now = self.now();
        let renewed = IdHash::of(&id);
        self.store
            .write_unaudited("that the password was given has its event", move |tx| {
                authority.confirm(tx, now)?;
                Ok::<_, Error>(session_rows::renew(tx, &old, &renewed)?)
            })
            .await?;
        Ok(id)
    }

    /// Ends the session with this id, in which somebody signs out.
    pub async fn sign_out(&self, by: Owner<'_>, session: &str) -> Result<(), Error> {
        let event = by.did(self.now(), Action::SignOut, &by.name, json!({}));
        let session = IdHash::of(session);
        self.store
            .write(move |tx| {
                session_rows::delete(tx, &session)?;
                tx.audit(event);
                Ok(())
            })
            .await
    }

    /// Admits the person, unless the password or the account was changed since it was compared.
    async fn admit(&self, actor: &Actor, account: AccountId, proof: Proof, agent: String) -> Result<Session, Error> {
        let (actor, id, now) = (actor.clone(), self.new_session_id(), self.now());
        self.store
            .write(move |tx| {
                accounts::lock(tx, account)?;
                let known = accounts::find_with_password(tx, account)?.filter(|known| known.account.active);
                let Some(Credentials { account, password: Some(stored), .. }) = known else { return Err(refused()) };
                if stored.as_str() != proof.compared.as_str() {
                    return Err(refused());
                }
                let actor = actor.on_behalf_of(account.id, account.username.as_str().to_owned());
                accounts::signed_in(tx, account.id, &actor.address_text(), now)?;
                if let Some(stronger) = &proof.stronger {
                    accounts::set_password(tx, account.id, stronger)?;
                }
                tx.audit(actor.did(now, Action::SignIn, &actor.name, json!({})));
                sessions::begin(tx, &id, &account, &actor.address_text(), agent, now)?;
                Ok(Session { id, account })
            })
            .await
    }

    async fn rehash(&self, password: Password) -> Option<PasswordHash> {
        let mut rng = self.rng();
        // Not being able to strengthen a hash is no reason to refuse the right password: the next sign-in tries again.
        self.hashing.run(move |memory| PasswordHash::of(&password, &mut *rng, memory)).await.unwrap_or_default()
    }

    async fn note_refusal(&self, actor: &Actor, target: &str, reason: &str) -> Result<(), Error> {
        let event = actor.failed(self.now(), Action::SignIn, target, json!({ "reason": reason }));
        self.record_failure(event).await
    }
}

fn refused() -> Error {
    FieldError::new("username", REFUSED).into()
}
