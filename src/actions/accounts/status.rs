//! What a person may do here at all: role, password, in or out. Each change ends their sessions.

use serde_json::json;

use crate::actions::App;
use crate::actions::Error;
use crate::actions::accounts::keep_an_administrator;
use crate::actions::accounts::person;
use crate::actions::accounts::taken;
use crate::actions::{Administrator, Reauthenticated};
use crate::domain::accounts::account::Account;
use crate::domain::accounts::account::Role;
use crate::domain::accounts::account::Username;
use crate::domain::accounts::password::Password;
use crate::domain::audit::Action;
use crate::domain::ids::SessionId;
use crate::store::accounts::sessions;
use crate::store::accounts::sign_in_links;
use crate::store::{WriteTx, accounts};

impl App {
    /// Replaces a person's password and ends their sessions.
    pub async fn set_user_password(
        &self,
        by: Reauthenticated<'_>,
        username: &Username,
        password: Password,
    ) -> Result<(), Error> {
        let hash = self.hash(password).await?;
        self.change_user(by, username, Action::UserSetPassword, move |tx, account| {
            accounts::set_password(tx, account.id, &hash)?;
            sign_in_links::delete(tx, account.id)?;
            sessions::delete_all(tx, account.id)?;
            Ok(true)
        })
        .await
    }

    /// Keeps a person out: sign-in stops, sessions end, keys are refused. Says no to the last active administrator.
    pub async fn deactivate_user(&self, by: Reauthenticated<'_>, username: &Username) -> Result<(), Error> {
        self.change_user(by, username, Action::UserDeactivate, |tx, account| {
            keep_an_administrator(tx, account)?;
            accounts::set_active(tx, account.id, false)?;
            sessions::delete_all(tx, account.id)?;
            sign_in_links::delete(tx, account.id)?;
            Ok(account.active)
        })
        .await
    }

    /// Lets a person in again; their keys work again. One who was deleted comes back without a password and policies.
    pub async fn activate_user(&self, by: Reauthenticated<'_>, username: &Username) -> Result<(), Error> {
        self.change_user(by, username, Action::UserActivate, |tx, account| {
            if account.deleted_at.is_some() {
                accounts::set_deleted(tx, account.id, None).map_err(|error| match taken(error) {
                    Error::Invalid(_) => Error::Conflict(format!(
                        "Another account has the email address of {} by now. Change one of the two first.",
                        account.display_name
                    )),
                    error => error,
                })?;
            }
            accounts::set_active(tx, account.id, true)?;
            Ok(!account.active)
        })
        .await
    }

    /// Gives a person another role, and ends their sessions. The last active administrator stays one.
    pub async fn set_role(&self, by: Reauthenticated<'_>, username: &Username, role: Role) -> Result<(), Error> {
        let (actor, username, now) = (by.actor().clone(), username.clone(), self.now());
        self.act(by.authority(), move |tx| {
            accounts::lock_admins(tx)?;
            let before = person(tx, &username)?;
            if before.role == role {
                return Ok(());
            }
            keep_an_administrator(tx, &before)?;
            accounts::set_role(tx, before.id, role)?;
            sign_in_links::delete(tx, before.id)?;
            sessions::delete_all(tx, before.id)?;
            let details = json!({ "before": before.role.as_str(), "after": role.as_str() });
            tx.audit(actor.did(now, Action::UserSetRole, username.as_str(), details));
            Ok(())
        })
        .await
    }

    /// Ends a session of somebody.
    pub async fn end_session_of(
        &self,
        by: Administrator<'_>,
        username: &Username,
        session: SessionId,
    ) -> Result<(), Error> {
        let (actor, username, now) = (by.actor().clone(), username.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let account = person(tx, &username)?;
            if sessions::delete_listed(tx, account.id, session)? == 0 {
                return Err(Error::NotFound);
            }
            tx.audit(actor.did(now, Action::SessionsEnd, username.as_str(), json!({ "sessions": 1 })));
            Ok(())
        })
        .await
    }

    /// Runs `change` on the account of `username`; what it answers with `true` is audited.
    async fn change_user<F>(
        &self,
        by: Reauthenticated<'_>,
        username: &Username,
        action: Action,
        change: F,
    ) -> Result<(), Error>
    where
        F: FnOnce(&mut WriteTx, &Account) -> Result<bool, Error> + Send + 'static,
    {
        let (actor, username, now) = (by.actor().clone(), username.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let id = accounts::person(tx, &username)?.ok_or(Error::NotFound)?.account.id;
            if action == Action::UserDeactivate {
                accounts::lock_admins(tx)?; // before the person's own row: two who deactivate each other take turns
            }
            accounts::lock(tx, id)?;
            let account = accounts::find(tx, id)?.ok_or(Error::NotFound)?;
            if change(tx, &account)? {
                tx.audit(actor.did(now, action, username.as_str(), json!({})));
            } else {
                tx.without_event("it was so already");
            }
            Ok(())
        })
        .await
    }
}
