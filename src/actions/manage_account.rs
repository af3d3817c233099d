//! What a person changes of their own account.

use serde_json::json;

use super::{Actor, App, Error};
use crate::domain::audit::Action;
use crate::domain::mistake::Mistake;
use crate::domain::password::{Match, Password, PasswordHash};
use crate::domain::user::{Account, Appearance};
use crate::store::sessions::IdHash;
use crate::store::{accounts, audit, sessions};

impl App {
    /// The account with this id, if it may still come in.
    pub async fn active_account(&self, id: i64) -> Result<Option<Account>, Error> {
        let account = self.store.look_up(move |db| accounts::find(db, id)).await?;
        Ok(account.filter(|account| account.active))
    }

    /// Changes how the person is called and reached.
    pub async fn edit_profile(
        &self,
        actor: &Actor,
        account: i64,
        display_name: String,
        email: Option<String>,
    ) -> Result<(), Error> {
        let event = actor.did(self.now(), Action::UserEdit, &actor.name, json!({ "display_name": display_name }));
        self.store
            .write(move |db| {
                accounts::set_profile(db, account, &display_name, email.as_deref())?;
                Ok(audit::insert(db, &event)?)
            })
            .await
    }

    /// Changes the colours of the person's pages.
    pub async fn set_appearance(&self, actor: &Actor, account: i64, appearance: Appearance) -> Result<(), Error> {
        let event = actor.did(self.now(), Action::UserEdit, &actor.name, json!({ "appearance": appearance.word() }));
        self.store
            .write(move |db| {
                accounts::set_appearance(db, account, appearance)?;
                Ok(audit::insert(db, &event)?)
            })
            .await
    }

    /// Changes the password after checking the present one, and ends the person's other sessions; says how many.
    pub async fn change_own_password(
        &self,
        actor: &Actor,
        account: &Account,
        present: String,
        new: Password,
        session: &str,
    ) -> Result<usize, Error> {
        let username = account.username.clone();
        let known = self.store.look_up(move |db| accounts::credentials(db, &username)).await?.ok_or(Error::NotFound)?;
        self.throttle.try_account(&account.username, actor.address, known.last_address.as_deref())?;
        let wrong = || Error::from(Mistake::new("present", "This is not your present password"));
        let present = Password::presented(present).ok_or_else(wrong)?;
        let stored = known.password.unwrap_or_else(PasswordHash::of_nobody);
        let mut rng = self.rng();
        let (right, hash) = self
            .hashing
            .run(move || match stored.compare(&present) {
                Match::Wrong => (false, None),
                Match::Right | Match::RightButWeak => (true, PasswordHash::of(&new, &mut *rng)),
            })
            .await?;
        let (actor, id, keep, now) = (actor.clone(), account.id, IdHash::of(session), self.now());
        if !right {
            let event = actor.failed(now, Action::UserSetPassword, &actor.name, json!({ "reason": "wrong password" }));
            self.store.write(move |db| Ok::<_, Error>(audit::insert(db, &event)?)).await?;
            return Err(wrong());
        }
        let hash = hash.ok_or_else(|| Error::Internal("argon2 refused a password".into()))?;
        self.store
            .write(move |db| {
                accounts::set_password(db, id, &hash)?;
                let ended = sessions::delete_others(db, id, &keep)?;
                let details = json!({ "sessions_ended": ended });
                audit::insert(db, &actor.did(now, Action::UserSetPassword, &actor.name, details))?;
                Ok(ended)
            })
            .await
    }
}
