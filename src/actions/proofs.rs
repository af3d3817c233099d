//! What somebody may do here, as types that stand in the signatures of actions: none can be called without the proof that it asks
//! for, and each is made in one place, from an [`Actor`].
//!
//! A proof was right when the request came. A change looks at it again in its own transaction: see [`App::act`](super::App).

use std::ops::Deref;

use crate::actions::actor::{Actor, Authority, Basis, Needs};
use crate::actions::error::Error;
use crate::domain::accounts::account::Role;
use crate::domain::ids::AccountId;
use crate::domain::rights::permission::{OwnPermission, PermissionName, ServiceName};
use crate::domain::rights::resource::ResourceName;

/// An administrator: signed in as one, a program with a key that has `claviger:admin`, or the operator at the command line.
#[derive(Clone, Copy)]
pub struct Administrator<'a>(&'a Actor);

/// An administrator of whom there is a recent proof that it is them: for what is sensitive.
#[derive(Clone, Copy)]
pub struct Reauthenticated<'a>(&'a Actor);

/// Somebody who acts for an owner of keys: for themselves, or as an administrator for somebody else.
#[derive(Clone, Copy)]
pub struct Owner<'a> {
    actor: &'a Actor,
    account: AccountId,
    is_administrator: bool,
}

/// Somebody who acts for a resource that they administer. Whether they do, the database says.
#[derive(Clone, Copy)]
pub struct ResourceAdministrator<'a> {
    actor: &'a Actor,
    account: AccountId,
    resource: &'a ResourceName,
}

/// A program that may register the permissions of a service.
#[derive(Clone, Copy)]
pub struct ServiceRegistrar<'a> {
    actor: &'a Actor,
    service: &'a ServiceName,
}

/// Whose keys somebody looks at.
#[derive(Clone, Copy)]
pub enum Whose<'a> {
    /// Those of one owner.
    Own(Owner<'a>),
    /// Anybody's.
    Anybodys(Administrator<'a>),
}

impl Whose<'_> {
    /// The owner, if it is one.
    pub(super) fn owner(self) -> Option<AccountId> {
        match self {
            Self::Own(owner) => Some(owner.account),
            Self::Anybodys(_) => None,
        }
    }
}

impl Actor {
    /// Forbidden unless they are an administrator.
    pub fn administrator(&self) -> Result<Administrator<'_>, Error> {
        let admin = PermissionName::of_own(OwnPermission::Admin);
        let is_administrator = match self.basis() {
            Basis::Anonymous => false,
            Basis::Operator => true,
            Basis::Session { role, .. } => *role == Role::Admin,
            Basis::Key { demand, .. } => demand.all.contains(&admin),
        };
        if is_administrator { Ok(Administrator(self)) } else { Err(forbidden("This is for administrators.")) }
    }

    /// Forbidden unless they are an administrator of whom there is a recent proof that it is them.
    pub fn reauthenticated(&self) -> Result<Reauthenticated<'_>, Error> {
        let Administrator(actor) = self.administrator()?;
        if self.is_proved { Ok(Reauthenticated(actor)) } else { Err(forbidden("Confirm your password first.")) }
    }

    /// Forbidden unless they have an account.
    pub fn owner(&self) -> Result<Owner<'_>, Error> {
        let account = self.acting_account()?;
        Ok(Owner { actor: self, account, is_administrator: false })
    }

    /// Forbidden unless they have an account. Who does not administer the resource finds it nowhere.
    pub fn administering<'a>(&'a self, resource: &'a ResourceName) -> Result<ResourceAdministrator<'a>, Error> {
        let account = self.acting_account()?;
        Ok(ResourceAdministrator { actor: self, account, resource })
    }

    /// Forbidden unless their key, or their place at the command line, lets them register the permissions of this service.
    pub fn registrar<'a>(&'a self, service: &'a ServiceName) -> Result<ServiceRegistrar<'a>, Error> {
        let may = match self.basis() {
            Basis::Anonymous | Basis::Session { .. } => false,
            Basis::Operator => true,
            Basis::Key { demand, .. } => demand.any.contains(&PermissionName::registers(service)),
        };
        let refused = || forbidden("This is for programs that may register the permissions of this service.");
        if may { Ok(ServiceRegistrar { actor: self, service }) } else { Err(refused()) }
    }

    fn acting_account(&self) -> Result<AccountId, Error> {
        match self.basis() {
            Basis::Anonymous => None,
            Basis::Operator | Basis::Session { .. } | Basis::Key { .. } => self.account,
        }
        .ok_or_else(|| forbidden("This is for people and programs with an account."))
    }
}

fn forbidden(text: &str) -> Error {
    Error::Forbidden(text.into())
}

impl<'a> Administrator<'a> {
    /// What a change looks at again.
    pub(super) fn authority(self) -> Authority {
        self.0.authority(Needs::Administrator)
    }

    /// Who acts.
    pub(super) fn actor(self) -> &'a Actor {
        self.0
    }
}

impl<'a> Reauthenticated<'a> {
    /// The same as an administrator, for what is not sensitive.
    pub fn administrator(self) -> Administrator<'a> {
        Administrator(self.0)
    }

    /// Acts for the owner of keys with this account.
    pub fn for_owner(self, account: AccountId) -> Owner<'a> {
        Owner { actor: self.0, account, is_administrator: true }
    }

    /// What a change looks at again.
    pub(super) fn authority(self) -> Authority {
        self.0.authority(Needs::Administrator)
    }

    /// Who acts.
    pub(super) fn actor(self) -> &'a Actor {
        self.0
    }
}

impl<'a> Owner<'a> {
    /// Whose keys.
    pub fn account(self) -> AccountId {
        self.account
    }

    /// What a change looks at again.
    pub(super) fn authority(self) -> Authority {
        self.actor.authority(if self.is_administrator { Needs::Administrator } else { Needs::Nothing })
    }

    /// Who acts.
    pub(super) fn actor(self) -> &'a Actor {
        self.actor
    }
}

impl<'a> ResourceAdministrator<'a> {
    /// Their account.
    pub(super) fn account(self) -> AccountId {
        self.account
    }

    /// Which resource.
    pub(super) fn resource(self) -> &'a ResourceName {
        self.resource
    }

    /// What a change looks at again. A key that is bound to the resource says so itself.
    pub(super) fn authority(self) -> Authority {
        self.actor.authority(Needs::Administers(self.resource.clone()))
    }

    /// Who acts.
    pub(super) fn actor(self) -> &'a Actor {
        self.actor
    }
}

impl<'a> ServiceRegistrar<'a> {
    /// Of which service.
    pub(super) fn service(self) -> &'a ServiceName {
        self.service
    }

    /// What a change looks at again.
    pub(super) fn authority(self) -> Authority {
        self.actor.authority(Needs::Nothing)
    }

    /// Who acts.
    pub(super) fn actor(self) -> &'a Actor {
        self.actor
    }
}

macro_rules! acts {
    ($($proof:ident),*) => {$(
        impl Deref for $proof<'_> {
            type Target = Actor;

            fn deref(&self) -> &Actor {
                self.actor()
            }
        }
    )*};
}
acts!(Administrator, Reauthenticated, Owner, ResourceAdministrator, ServiceRegistrar);
