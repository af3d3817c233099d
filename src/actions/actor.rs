//! Who acts, through which channel, and by what: what the audit log needs to know, and what every change looks at again.

use std::net::IpAddr;

use crate::actions::sign_in::sessions::idle_since;
use crate::actions::verification::look_up::{Known, asked_resource, look_up};
use crate::actions::{App, Error};
use crate::domain::accounts::account::{Account, Role};
use crate::domain::audit::{Action, Event, Outcome, Via};
use crate::domain::ids::AccountId;
use crate::domain::keys::secret::SecretHash;
use crate::domain::rights::permission::Rights;
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{Required, effective};
use crate::domain::time::clock::Timestamp;
use crate::store::accounts::sessions::{self, IdHash};
use crate::store::rights::resources;
use crate::store::{self, ReadTx, WriteTx};

/// Who acts.
#[derive(Clone)]
pub struct Actor {
    /// The account; `None` for the command line, the system and strangers.
    pub account: Option<AccountId>,
    /// Its user name, or what stands in its place.
    pub name: String,
    /// The channel.
    pub via: Via,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The reference of the request.
    pub request: Option<String>,
    /// By what.
    basis: Basis,
    /// Is there a recent proof that it is them? A program's key is one; a session is while the password was given lately.
    pub is_proved: bool,
}

/// What somebody acts by. It was good when the request came; a body may arrive seconds later, and a transaction wait for others,
/// so each change looks at it again, in its own transaction: see [`App::act`].
#[derive(Clone)]
pub(super) enum Basis {
    /// Nobody was asked for: signing in, setting up and links bring their own proof.
    Anonymous,
    /// Whoever may run a command on the server, or Claviger itself.
    Operator,
    /// A sign-in session.
    Session {
        /// The hash of its id.
        id: IdHash,
        /// The role of its account.
        role: Role,
    },
    /// An API key.
    Key {
        /// The hash of the presented secret.
        secret: SecretHash,
        /// What it has to be good for.
        demand: Required,
    },
}

/// What an act needs besides that what somebody acts by is still good.
#[derive(Clone)]
pub(super) enum Needs {
    /// Nothing.
    Nothing,
    /// The role administrator.
    Administrator,
    /// That they administer this resource. A key was asked for that by itself.
    Administers(ResourceName),
}

/// What a transaction looks at again: made by the proofs alone.
#[derive(Clone)]
pub(super) struct Authority {
    basis: Basis,
    needs: Needs,
}

/// What somebody reads whose right ended between the request and the change.
const ENDED: &str =
    "Your sign-in, your role or your key ended while this was sent, so nothing was changed. Sign in again.";

impl Authority {
    /// Is it good at this moment, for what it was good for when the request came?
    pub(super) fn confirm(&self, tx: &mut ReadTx, now: Timestamp) -> Result<(), Error> {
        let good = match &self.basis {
            Basis::Anonymous | Basis::Operator => true,
            Basis::Session { id, .. } => {
                let account = sessions::account(tx, id, now, idle_since(now))?.filter(|account| account.active);
                match (&self.needs, account) {
                    (_, None) => false,
                    (Needs::Nothing, Some(_)) => true,
                    (Needs::Administrator, Some(account)) => account.role == Role::Admin,
                    (Needs::Administers(name), Some(account)) => {
                        let resource = resources::find(tx, name)?.ok_or(Error::NotFound)?;
                        if !resources::is_administrator(tx, resource.id, account.id)? {
                            return Err(Error::NotFound);
                        }
                        true
                    }
                }
            }
            Basis::Key { secret, demand } => {
                let known = look_up(tx, secret, now)?;
                let of_kind = demand.resource.as_ref().map(|name| asked_resource(tx, name)).transpose()?.flatten();
                known.is_some_and(|known| is_good_for(known, demand, of_kind.as_ref()))
            }
        };
        if good { Ok(()) } else { Err(Error::Forbidden(ENDED.into())) }
    }
}

fn is_good_for(known: Known, demand: &Required, of_kind: Option<&Rights>) -> bool {
    known.decided.is_ok_and(|holding| {
        let rights = effective(&holding);
        demand.is_met(&rights, holding.bound.as_ref().map(|bound| &bound.name), of_kind).is_ok()
    })
}

impl App {
    /// One transaction in which somebody changes something. What they act by is looked at again in it: nobody who was demoted,
    /// deactivated or signed out before gets through.
    pub(super) async fn act<T, E, F>(&self, authority: Authority, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut WriteTx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + store::Failure,
    {
        let now = self.now();
        if matches!(authority.basis, Basis::Anonymous | Basis::Operator) {
            return self.store.write(work).await;
        }
        self.store.write_confirmed(move |tx| Ok(authority.confirm(tx, now)?), work).await
    }

    /// Has an event stand in the audit log of something that changes nothing else.
    pub(super) async fn record(&self, authority: Authority, event: Event) -> Result<(), Error> {
        self.act(authority, move |tx| {
            tx.audit(event);
            Ok(())
        })
        .await
    }

    /// Has a failure stand in the audit log, also when what somebody acted by has ended meanwhile.
    pub(super) async fn record_failure(&self, event: Event) -> Result<(), Error> {
        self.store
            .write(move |tx| {
                tx.audit(event);
                Ok(())
            })
            .await
    }

    /// Fails when what somebody acts by has ended: for reading that takes long.
    pub(super) async fn confirm(&self, authority: &Authority) -> Result<(), Error> {
        let (authority, now) = (authority.clone(), self.now());
        self.store.read(move |tx| authority.confirm(tx, now)).await
    }
}

impl Actor {
    /// The operator at the command line.
    pub fn cli() -> Self {
        let (name, basis) = ("command line".into(), Basis::Operator);
        Self { account: None, name, via: Via::Cli, address: None, request: None, basis, is_proved: true }
    }

    /// Claviger itself.
    pub(super) fn system() -> Self {
        Self { name: "system".into(), via: Via::System, ..Self::cli() }
    }

    /// Somebody who has not signed in.
    pub fn anonymous(address: Option<IpAddr>, request: Option<String>) -> Self {
        let (name, basis) = ("nobody".into(), Basis::Anonymous);
        Self { account: None, name, via: Via::Session, address, request, basis, is_proved: false }
    }

    /// A person who is signed in with this session, and who gave the password lately or did not.
    pub fn signed_in(
        account: &Account,
        session: &str,
        is_proved: bool,
        address: Option<IpAddr>,
        request: Option<String>,
    ) -> Self {
        let name = account.username.as_str().to_owned();
        let basis = Basis::Session { id: IdHash::of(session), role: account.role };
        Self { account: Some(account.id), name, via: Via::Session, address, request, basis, is_proved }
    }

    /// The owner of a key, who asks with it.
    pub fn with_key(
        owner: &Account,
        secret: SecretHash,
        demand: Required,
        address: Option<IpAddr>,
        request: Option<String>,
    ) -> Self {
        let name = owner.username.as_str().to_owned();
        let basis = Basis::Key { secret, demand };
        Self { account: Some(owner.id), name, via: Via::Key, address, request, basis, is_proved: true }
    }

    /// The same, acting for this account, under its name.
    #[must_use]
    pub fn on_behalf_of(self, account: AccountId, name: String) -> Self {
        Self { account: Some(account), name, ..self }
    }

    /// What they act by.
    pub(super) fn basis(&self) -> &Basis {
        &self.basis
    }

    /// What a transaction looks at again, for an act that needs this.
    pub(super) fn authority(&self, needs: Needs) -> Authority {
        Authority { basis: self.basis.clone(), needs }
    }

    /// The address as text; empty when there is none.
    pub fn address_text(&self) -> String {
        self.address.map(|address| address.to_string()).unwrap_or_default()
    }

    /// The audit event of something that succeeded.
    pub(super) fn did(&self, now: Timestamp, action: Action, target: &str, details: serde_json::Value) -> Event {
        self.event(now, action, target, details, Outcome::Success)
    }

    /// The audit event of something that was refused.
    pub(super) fn failed(&self, now: Timestamp, action: Action, target: &str, details: serde_json::Value) -> Event {
        self.event(now, action, target, details, Outcome::Failure)
    }

    fn event(
        &self,
        now: Timestamp,
        action: Action,
        target: &str,
        details: serde_json::Value,
        outcome: Outcome,
    ) -> Event {
        Event {
            at: now,
            actor: self.account,
            actor_name: self.name.clone(),
            via: self.via,
            action,
            target: target.to_owned(),
            outcome,
            details,
            address: self.address.map(|address| address.to_string()),
            request: self.request.clone(),
        }
    }
}
