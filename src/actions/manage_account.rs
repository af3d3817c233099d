//! What a person changes of their own account.

use serde_json::json;

use super::sessions::idle_since;
use super::{Actor, App, Error};
use crate::domain::audit::Action;
use crate::domain::mistake::Mistake;
use crate::domain::password::{Match, Password, PasswordHash, Proposal};
use crate::domain::user::{Account, Appearance};
use crate::store::sessions::IdHash;
use crate::store::{accounts, audit, resources, sessions, sign_in_links};

impl App {
    /// Who is signed in with the session with this id, unless it has ended or they are not active any more; and whether they
    /// administer resources.
    pub async fn account_of_session(&self, id: &str) -> Result<Option<(Account, bool)>, Error> {
        let (id, now) = (IdHash::of(id), self.now());
        let found = self.store.look_up(move |db| {
            let account = sessions::account(db, &id, now, idle_since(now))?.filter(|account| account.active);
            let Some(account) = account else { return Ok(None) };
            let administers = resources::looks_after_any(db, account.id)?;
            Ok::<_, Error>(Some((account, administers)))
        });
        found.await
    }

    /// Changes how the person is called. The email address is not theirs to change: services know people by it.
    pub async fn set_display_name(&self, actor: &Actor, account: i64, display_name: String) -> Result<(), Error> {
        let event = actor.did(self.now(), Action::UserEdit, &actor.name, json!({ "display_name": display_name }));
        self.act(actor.authority(), move |db| {
            accounts::set_display_name(db, account, &display_name)?;
            Ok(audit::insert(db, &event)?)
        })
        .await
    }

    /// Changes the colours of the person's pages.
    pub async fn set_appearance(&self, actor: &Actor, account: i64, appearance: Appearance) -> Result<(), Error> {
        let event = actor.did(self.now(), Action::UserEdit, &actor.name, json!({ "appearance": appearance.word() }));
        self.act(actor.authority(), move |db| {
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
        new: Proposal,
        session: &str,
    ) -> Result<usize, Error> {
        let username = account.username.clone();
        let known = self.store.look_up(move |db| accounts::person(db, &username)).await?.ok_or(Error::NotFound)?;
        self.throttle.try_account(&account.username, actor.address, known.last_address.as_deref())?;
        let wrong = || Error::from(Mistake::new("present", "This is not your present password"));
        let present = Password::presented(present).ok_or_else(wrong)?;
        let stored = known.password.unwrap_or_else(PasswordHash::of_nobody);
        let (compared, owner, mut rng) = (stored.clone(), account.username.clone(), self.rng());
        let hash = self
            .hashing
            .run(move |memory| match compared.compare(&present, memory) {
                Match::Wrong => None,
                _ if new.is(&present) => {
                    Some(Err(Mistake::new("password", "Choose a password other than the present one")))
                }
                _ => Some(Password::chosen(new, &owner).map(|new| PasswordHash::of(&new, &mut *rng, memory))),
            })
            .await?;
        let (actor, id, keep, now) = (actor.clone(), account.id, IdHash::of(session), self.now());
        let Some(hash) = hash else {
            let event = actor.failed(now, Action::UserSetPassword, &actor.name, json!({ "reason": "wrong password" }));
            self.act(actor.authority(), move |db| Ok::<_, Error>(audit::insert(db, &event)?)).await?;
            return Err(wrong());
        };
        let hash = hash?.ok_or_else(|| Error::Internal("argon2 refused a password".into()))?;
        self.act(actor.authority(), move |db| {
            accounts::lock(db, id)?;
            let known = accounts::find_with_password(db, id)?.and_then(|known| known.password);
            if known.is_none_or(|known| known.as_str() != stored.as_str()) {
                return Err(wrong()); // it was changed since it was compared
            }
            accounts::set_password(db, id, &hash)?;
            sign_in_links::delete(db, id)?;
            let ended = sessions::delete_others(db, id, &keep)?;
            let details = json!({ "sessions_ended": ended });
            audit::insert(db, &actor.did(now, Action::UserSetPassword, &actor.name, details))?;
            Ok(ended)
        })
        .await
    }
}
