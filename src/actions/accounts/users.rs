//! What an operator does with people's accounts.

use serde_json::json;

use crate::actions::keys::generate;
use crate::actions::keys::room::counted;
use crate::actions::rights::grants::{self, GrantOptions};
use crate::actions::{Actor, App, Error};
use crate::domain::accounts::account::{Account, Kind, Role, Username};
use crate::domain::accounts::password::{Password, PasswordHash};
use crate::domain::audit::Action;
use crate::domain::field_error::FieldError;
use crate::domain::keys::lifetime::LifetimeRule;
use crate::store::accounts::NewAccount;
use crate::store::accounts::sessions;
use crate::store::accounts::sign_in_links;
use crate::store::keys::lifetime_rules;
use crate::store::rights::policies;
use crate::store::{self, Unique, accounts, audit};

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

/// What the form for a new key of a person offers an administrator.
#[derive(Debug, Clone)]
pub struct ForNewKey {
    /// Whose it will be.
    pub account: Account,
    /// What it can be given.
    pub offer: GrantOptions,
    /// The rule for its life.
    pub rule: LifetimeRule,
    /// Why none can be made at present.
    pub refusal: Option<String>,
}

impl App {
    /// What a new key of this person can be.
    pub async fn for_new_key_of(&self, username: &Username) -> Result<ForNewKey, Error> {
        let (username, now) = (username.clone(), self.now());
        self.store
            .read(move |db| {
                let account = accounts::credentials(db, &username)?.map(|known| known.account);
                let account = account.filter(|account| account.kind == Kind::User).ok_or(Error::NotFound)?;
                let (rule, live) = (lifetime_rules::for_owner(db, account.id)?, counted(db, account.id, now)?);
                let refusal = if account.active {
                    generate::why_not(db, &account, false, &rule, live, now)?
                } else {
                    Some(generate::deactivated(account.kind, false).to_owned())
                };
                Ok(ForNewKey { offer: grants::offer(db, &account)?, account, rule, refusal })
            })
            .await
    }

    /// Adds a person who can sign in.
    pub async fn create_user(&self, actor: &Actor, user: NewUser) -> Result<(), Error> {
        let password = self.hash(user.password).await?;
        let new = NewAccount {
            username: user.username,
            display_name: user.display_name,
            email: user.email,
            password: Some(password),
            role: user.role,
        };
        let (actor, now) = (actor.clone(), self.now());
        self.act(actor.authority(), move |db| {
            let id = accounts::insert(db, &new, actor.account, now).map_err(taken)?;
            let policies = policies::give_to_new_person(db, id)?;
            let details = json!({ "role": new.role.as_str(), "display_name": new.display_name, "policies": policies });
            Ok(audit::insert(db, &actor.did(now, Action::UserCreate, new.username.as_str(), details))?)
        })
        .await
    }

    /// Everybody, by user name.
    pub async fn list_users(&self) -> Result<Vec<Account>, Error> {
        Ok(self.store.read(accounts::list).await?)
    }

    /// Replaces a person's password and ends their sessions.
    pub async fn set_user_password(&self, actor: &Actor, username: &Username, password: Password) -> Result<(), Error> {
        let hash = self.hash(password).await?;
        self.change_user(actor, username, Action::UserSetPassword, move |db, account| {
            accounts::set_password(db, account.id, &hash)?;
            sign_in_links::delete(db, account.id)?;
            sessions::delete_all(db, account.id)?;
            Ok(true)
        })
        .await
    }

    /// Keeps a person out: sign-in stops, sessions end, keys are refused. Says no to the last active administrator.
    pub async fn deactivate_user(&self, actor: &Actor, username: &Username) -> Result<(), Error> {
        self.change_user(actor, username, Action::UserDeactivate, |db, account| {
            if account.active && account.is_admin() && accounts::other_active_admins(db, account.id)? == 0 {
                return Err(Error::Conflict("This is the last active administrator. Make another one first.".into()));
            }
            accounts::set_active(db, account.id, false)?;
            sessions::delete_all(db, account.id)?;
            sign_in_links::delete(db, account.id)?;
            Ok(account.active)
        })
        .await
    }

    /// Lets a person in again; their keys work again. One who was deleted comes back without a password and policies.
    pub async fn activate_user(&self, actor: &Actor, username: &Username) -> Result<(), Error> {
        self.change_user(actor, username, Action::UserActivate, |db, account| {
            if account.deleted_at.is_some() {
                accounts::set_deleted(db, account.id, None).map_err(|error| match taken(error) {
                    Error::Invalid(_) => Error::Conflict(format!(
                        "Another account has the email address of {} by now. Change one of the two first.",
                        account.display_name
                    )),
                    error => error,
                })?;
            }
            accounts::set_active(db, account.id, true)?;
            Ok(!account.active)
        })
        .await
    }

    /// Runs `change` on the account of `username`; what it answers with `true` is audited.
    async fn change_user<F>(&self, actor: &Actor, username: &Username, action: Action, change: F) -> Result<(), Error>
    where
        F: FnOnce(&mut store::Db, &Account) -> Result<bool, Error> + Send + 'static,
    {
        let (actor, username, now) = (actor.clone(), username.clone(), self.now());
        self.act(actor.authority(), move |db| {
            let id = accounts::person(db, &username)?.ok_or(Error::NotFound)?.account.id;
            if action == Action::UserDeactivate {
                accounts::lock_admins(db)?; // before the person's own row: two who deactivate each other take turns
            }
            accounts::lock(db, id)?;
            let account = accounts::find(db, id)?.ok_or(Error::NotFound)?;
            if change(db, &account)? {
                audit::insert(db, &actor.did(now, action, username.as_str(), json!({})))?;
            }
            Ok(())
        })
        .await
    }

    async fn hash(&self, password: Password) -> Result<PasswordHash, Error> {
        let mut rng = self.rng();
        let hash = self.hashing.run(move |memory| PasswordHash::of(&password, &mut *rng, memory)).await?;
        hash.ok_or_else(|| Error::Internal("argon2 refused a password".into()))
    }
}

/// What is wrong with an account that another one stands in the way of.
pub(in crate::actions) fn taken(error: store::Error) -> Error {
    match error {
        store::Error::Conflict(Unique::Username) => {
            FieldError::new("username", "This user name is taken. Choose another").into()
        }
        store::Error::Conflict(Unique::Email) => {
            let text = "Another account has this email address, and services tell people apart by it. Enter another";
            FieldError::new("email", text).into()
        }
        error => error.into(),
    }
}
