//! Service accounts: they own server keys, and never sign in.

use serde_json::json;

use crate::actions::accounts::people::PeoplePage;
use crate::actions::keys::creation::why_not;
use crate::actions::keys::generate::issue;
use crate::actions::keys::request::{Issued, KeyRequest};
use crate::actions::{Actor, Administrator, App, Error, Reauthenticated};
use crate::domain::accounts::account::PeopleFilter;
use crate::domain::accounts::account::{Account, Kind, Username};
use crate::domain::audit::Action;
use crate::domain::field_error::FieldError;
use crate::domain::ids::AccountId;
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::paging::From;
use crate::domain::rights::policy::PolicyName;
use crate::domain::time::clock::Timestamp;
use crate::store::accounts::people;
use crate::store::keys::forms;
use crate::store::keys::lifetime_rules;
use crate::store::rights::policies;
use crate::store::{Error as StoreError, ReadTx, Unique, WriteTx, accounts, keys};

pub use crate::actions::rights::grants::GrantOptions;
use crate::domain::accounts::account::NewService;

/// Accounts of one page.
const PAGE: i64 = 50;

/// A service account with what its page tells.
#[derive(Debug, Clone)]
pub struct ServiceAccount {
    /// Which.
    pub account: Account,
    /// How many of its keys are live.
    pub live: i64,
    /// Its policies, and all that there are, by name.
    pub policies: (Vec<String>, Vec<String>),
    /// What a new key of it can be given.
    pub offer: GrantOptions,
    /// The rule for new keys.
    pub rule: LifetimeRule,
    /// Why it can have no other key at present.
    pub refusal: Option<String>,
}

impl App {
    /// A page of service accounts.
    pub async fn browse_service_accounts(
        &self,
        _: Administrator<'_>,
        filter: &PeopleFilter,
        from: From<AccountId>,
    ) -> Result<PeoplePage, Error> {
        let (filter, now) = (PeopleFilter { kind: Kind::Service, ..filter.clone() }, self.now());
        self.store
            .read(move |tx| {
                let people = people::page(tx, &filter, from, PAGE, now)?;
                Ok(PeoplePage { people, total: people::count(tx, Kind::Service)? })
            })
            .await
    }

    /// One service account.
    pub async fn find_service_account(
        &self,
        _: Administrator<'_>,
        username: &Username,
    ) -> Result<ServiceAccount, Error> {
        let (username, now) = (username.clone(), self.now());
        self.store
            .read(move |tx| {
                let account = service(tx, &username)?;
                let held = policies::held_by(tx, account.id)?.into_iter().map(|(_, name)| name).collect();
                let all = policies::list(tx)?.into_iter().map(|policy| policy.name.as_str().to_owned()).collect();
                let offer = crate::actions::rights::grants::offer(tx, &account)?;
                let (live, rule) = (keys::count_live(tx, account.id, now)?, lifetime_rules::for_owner(tx, account.id)?);
                let refusal = why_not(tx, &account, false, &rule, live, now)?;
                Ok(ServiceAccount { policies: (held, all), account, live, offer, rule, refusal })
            })
            .await
    }

    /// Adds a service account.
    pub async fn create_service_account(&self, by: Reauthenticated<'_>, new: NewService) -> Result<(), Error> {
        let (actor, now) = (by.actor().clone(), self.now());
        self.act(by.authority(), move |tx| {
            add(tx, &actor, &new, now)?;
            Ok(())
        })
        .await
    }

    /// Changes what a service account is called and what it is for.
    pub async fn edit_service_account(
        &self,
        by: Reauthenticated<'_>,
        username: &Username,
        display_name: String,
        description: String,
    ) -> Result<(), Error> {
        let (actor, username, now) = (by.actor().clone(), username.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let before = service(tx, &username)?;
            accounts::lock(tx, before.id)?;
            accounts::set_display_name(tx, before.id, &display_name)?;
            accounts::set_description(tx, before.id, &description)?;
            let details = json!({
                "display_name": [before.display_name, display_name], "description": [before.description, description],
            });
            tx.audit(actor.did(now, Action::ServiceEdit, username.as_str(), details));
            Ok(())
        })
        .await
    }

    /// Stops a service account: its keys are refused at once. Or lets it go on.
    pub async fn set_service_active(
        &self,
        by: Reauthenticated<'_>,
        username: &Username,
        active: bool,
    ) -> Result<(), Error> {
        let (actor, username, now) = (by.actor().clone(), username.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let before = service(tx, &username)?;
            accounts::lock(tx, before.id)?;
            if before.active == active {
                return Ok(());
            }
            accounts::set_active(tx, before.id, active)?;
            let action = if active { Action::ServiceActivate } else { Action::ServiceDeactivate };
            tx.audit(actor.did(now, action, username.as_str(), json!({})));
            Ok(())
        })
        .await
    }

    /// What the form for a new server key offers: all policies by name, and the rule for a service account's keys.
    pub async fn for_new_server_key(&self, _: Administrator<'_>) -> Result<(Vec<String>, LifetimeRule), Error> {
        self.store
            .read(|tx| {
                let all = policies::list(tx)?.into_iter().map(|policy| policy.name.as_str().to_owned()).collect();
                Ok((all, lifetime_rules::for_new_service(tx)?))
            })
            .await
    }

    /// Makes a service account, gives it a policy, and makes its first key: all, or nothing.
    pub async fn new_server_key(
        &self,
        by: Reauthenticated<'_>,
        new: NewService,
        policy: Option<PolicyName>,
        request: KeyRequest,
    ) -> Result<Issued, Error> {
        self.throttle.try_creation(by.account)?;
        let made = self.attempt(async || {
            let (first_eight, secret) = self.draw_key();
            let hashed = (first_eight, secret.hash());
            let (actor, new, policy, request) = (by.actor().clone(), new.clone(), policy.clone(), request.clone());
            let now = self.now();
            let made = self.act(by.authority(), move |tx| {
                keys::lock_server_keys(tx)?; // before the account, as for every other server key
                let maker = actor.account.unwrap_or(AccountId(0));
                if let Some(shown_before) = forms::find(tx, &request.form.hash(maker), maker)? {
                    return Ok(Err(shown_before));
                }
                let gone = || Error::from(FieldError::new("policy", "This policy was deleted. Choose another one"));
                let policy = match policy {
                    Some(name) => Some(policies::lock_for_update(tx, &name)?.ok_or_else(gone)?),
                    None => None,
                };
                let id = add(tx, &actor, &new, now)?;
                if let Some(policy) = policy {
                    policies::set_held_by(tx, id, &[policy.id])?;
                    let details = json!({ "before": [], "after": [policy.name.as_str()] });
                    let target = new.username.as_str();
                    tx.audit(actor.did(now, Action::UserSetPolicies, target, details));
                }
                issue(tx, &actor, id, request, hashed, now)
            });
            Ok(Issued::of(made.await?, secret))
        });
        made.await.map_err(|error| match error {
            // The limit of all server keys is no fault of the account, which has none.
            Error::Conflict(text) => FieldError::new("username", text).into(),
            error => error,
        })
    }

    /// Makes a key for a service account.
    pub async fn generate_server_key(
        &self,
        by: Reauthenticated<'_>,
        username: &Username,
        request: KeyRequest,
    ) -> Result<Issued, Error> {
        let username = username.clone();
        let account = self.store.read(move |tx| service(tx, &username)).await?;
        self.generate_key(by.for_owner(account.id), request).await
    }
}

/// Adds a service account; gives its id.
fn add(tx: &mut WriteTx, actor: &Actor, new: &NewService, now: Timestamp) -> Result<AccountId, Error> {
    let id = accounts::insert_service(tx, new, actor.account, now).map_err(|error| match error {
        StoreError::Conflict(Unique::Username) => {
            FieldError::new("username", "This name is taken. Choose another").into()
        }
        error => Error::from(error),
    })?;
    let details = json!({ "display_name": new.display_name, "description": new.description });
    tx.audit(actor.did(now, Action::ServiceCreate, new.username.as_str(), details));
    Ok(id)
}

fn service(tx: &mut ReadTx, username: &Username) -> Result<Account, Error> {
    let account = accounts::credentials(tx, username)?.map(|known| known.account);
    account.filter(|account| account.kind == Kind::Service).ok_or(Error::NotFound)
}
