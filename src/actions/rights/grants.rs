//! Giving a key its rights: no key gets more than its maker may give (docs/rules.md, rule 2 and 4).

use crate::actions::rights::rights_source_of;
use crate::actions::{Actor, Error};
use crate::domain::accounts::account::{Account, Kind};
use crate::domain::field_error::FieldError;
use crate::domain::ids::{PermissionId, PolicyId, ResourceId};
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::secret::FirstEight;
use crate::domain::rights::permission::{OwnPermission, PermissionName, Rights};
use crate::domain::rights::policy::PolicyName;
use crate::domain::rights::resource::{ResourceKind, ResourceName};
use crate::domain::rights::{Grant, GrantRequest, effective};
use crate::domain::settings::ServiceRights;
use crate::domain::time::clock::Timestamp;
use crate::domain::verdict::{Facts, decide};
use crate::store::rights::permissions;
use crate::store::rights::policies;
use crate::store::rights::resources;
use crate::store::{ReadTx, WriteTx, accounts, keys, rights, settings};

/// What a person can choose from for a new key.
#[derive(Debug, Clone, Default)]
pub struct GrantOptions {
    /// What the account may do now, with descriptions, by service.
    pub permissions: Vec<crate::domain::rights::permission::Permission>,
    /// The policies that it holds, by name.
    pub policies: Vec<String>,
    /// The first few resources: how services name them, and their titles.
    pub resources: Vec<(String, String)>,
    /// Does a new key need a name?
    pub name_required: bool,
}

/// A key with which somebody asks for another.
#[derive(Debug, Clone)]
pub struct ActingKey {
    /// Which.
    pub first_eight: FirstEight,
    /// When the presented secret ends: with the key, or before it when a rotation replaced it.
    pub expires_at: Option<Timestamp>,
    /// When it was rotated last: after another rotation, it has to ask again.
    pub rotated_at: Option<Timestamp>,
}

/// The rights and the life of a key with which somebody asks: what they give has no more of either (docs/rules.md, rule 4).
pub(in crate::actions) struct Attenuation {
    rights: Rights,
    expires_at: Option<Timestamp>,
}

/// Resources that a form offers.
const RESOURCES: i64 = 100;
/// What a program reads whose key may not make keys.
const MAY_NOT: &str = "This key may not make keys or give them new secrets. It needs claviger:keys:create, an administrator has to \
     turn on key_may_create, and a session key never may.";

impl Attenuation {
    /// What holds in this transaction, whatever was true when the key was presented.
    pub(in crate::actions) fn of(tx: &mut ReadTx, asking: &ActingKey, now: Timestamp) -> Result<Self, Error> {
        let may_not = || Error::Forbidden(MAY_NOT.into());
        let settings = settings::load(tx)?;
        let same = |key: &ApiKey| settings.key_may_create && key.rotated_at == asking.rotated_at;
        let key = keys::find(tx, &asking.first_eight)?.filter(same).ok_or_else(may_not)?;
        let owner = accounts::find(tx, key.owner)?.ok_or_else(may_not)?;
        let holding = rights_source_of(tx, &key, &owner, &settings)?;
        let facts = Facts {
            owner_active: owner.active,
            replaced_until: asking.expires_at,
            policy_deleted: holding.is_none(),
            accept_keys: settings.accept_keys,
            ..Facts::of(&key)
        };
        decide(&facts, now).map_err(|_| may_not())?;
        let rights = holding.as_ref().map(effective).unwrap_or_default();
        if !rights.contains(&PermissionName::of_own(OwnPermission::CreateKeys)) {
            return Err(may_not());
        }
        Ok(Self { rights, expires_at: asking.expires_at.into_iter().chain(key.expires_at).min() })
    }

    /// Refuses a wish beyond it. Only a list can be held against it: what an owner or a policy has may grow later.
    pub(in crate::actions) fn allows(&self, wish: &GrantRequest) -> Result<(), Error> {
        let GrantRequest::Scopes(wanted) = wish else {
            return Err(FieldError::new("scopes", "A key can give another key a list of scopes only").into());
        };
        match wanted.difference(&self.rights).next() {
            None => Ok(()),
            Some(name) => {
                let text = format!("The key that asks does not have {}. Select among its own scopes", name.as_str());
                Err(FieldError::new("scopes", text).into())
            }
        }
    }

    /// Refuses to give another key a new secret: that ends the one in use, so it needs the right to revoke. And it would end with
    /// the key that asks, so one that lives longer is left alone.
    pub(in crate::actions) fn may_rotate(&self, key: &ApiKey) -> Result<(), Error> {
        if !self.rights.contains(&PermissionName::of_own(OwnPermission::RevokeKeys)) {
            let text = "A rotation ends the secret in use, so the key that asks needs claviger:keys:revoke as well.";
            return Err(Error::Forbidden(text.into()));
        }
        if self.end(key.expires_at) != key.expires_at {
            let text = "The key that asks ends before the key that it would give a new secret, and would shorten its life. \
                 Rotate it on its page, or ask with a key that lives longer.";
            return Err(Error::Conflict(text.into()));
        }
        Ok(())
    }

    /// The earlier of two ends.
    pub(in crate::actions) fn end(&self, other: Option<Timestamp>) -> Option<Timestamp> {
        self.expires_at.into_iter().chain(other).min()
    }
}

/// What a key is given, in ids.
#[derive(Debug, Clone)]
pub(in crate::actions) struct CheckedGrant {
    /// Of what its owner may do.
    pub grant: Grant,
    /// The permissions of its list.
    pub scopes: Vec<PermissionId>,
    /// The resource that it is bound to.
    pub resource: Option<ResourceId>,
}

/// What keys of this account can be given: of what it has.
pub(in crate::actions) fn offer(tx: &mut ReadTx, account: &Account) -> Result<GrantOptions, Error> {
    offer_for(tx, account, None)
}

/// What a key of this account that is bound to a resource can be given: also what the account may give as one who looks
/// after it.
pub(in crate::actions) fn offer_for(
    tx: &mut ReadTx,
    account: &Account,
    resource: Option<ResourceId>,
) -> Result<GrantOptions, Error> {
    let held = held_for(tx, account, resource)?;
    let mut offered = permissions::known(tx, &held)?;
    offered.sort_by(|a, b| (&a.service, &a.name).cmp(&(&b.service, &b.name)));
    let policies = if policies_alone_count(tx, account)? {
        policies::list(tx)?.into_iter().map(|policy| policy.name.as_str().to_owned()).collect()
    } else {
        policies::held_by(tx, account.id)?.into_iter().map(|(_, name)| name).collect()
    };
    let name_required = settings::load(tx)?.name_required;
    Ok(GrantOptions { permissions: offered, policies, resources: resources_for(tx, account)?, name_required })
}

/// Do the keys of this account do what their policies say, whatever it holds itself?
fn policies_alone_count(tx: &mut ReadTx, account: &Account) -> Result<bool, Error> {
    Ok(account.kind == Kind::Service && settings::load(tx)?.service_rights == ServiceRights::Policy)
}

/// Turns a wish of an account for a key of its own into what the key is given.
pub(in crate::actions) fn give(
    tx: &mut WriteTx,
    account: &Account,
    wish: &GrantRequest,
    bound_to: Option<&ResourceName>,
) -> Result<CheckedGrant, Error> {
    let resource = bound_to.map(|name| find_resource(tx, account, name)).transpose()?;
    let (grant, scopes) = match wish {
        GrantRequest::Inherit => (Grant::Inherit, Vec::new()),
        GrantRequest::Scopes(wanted) => (Grant::Scopes, own_scopes(tx, account, wanted, resource)?),
        GrantRequest::Policy(name) => (Grant::Policy(own_policy(tx, account, name)?), Vec::new()),
    };
    Ok(CheckedGrant { grant, scopes, resource })
}

/// What a person reads who has to give the password first.
const PROVE: &str = "This key may do what administrators do, and outlives your session. Enter your password to confirm";

/// Refuses to give a key administrative permissions, or a new secret with them, to a person who did not give the password lately:
/// an open browser is enough for everything else, and this would outlive it.
pub(in crate::actions) fn prove(tx: &mut ReadTx, actor: &Actor, wish: &GrantRequest) -> Result<(), Error> {
    if actor.is_proved {
        return Ok(());
    }
    let is_administrative = match wish {
        GrantRequest::Inherit => false, // without them
        GrantRequest::Scopes(wanted) => wanted.iter().any(PermissionName::is_administrative),
        GrantRequest::Policy(name) => rights::of_policy_named(tx, name)?.iter().any(PermissionName::is_administrative),
    };
    if is_administrative { Err(FieldError::new("present", PROVE).into()) } else { Ok(()) }
}

/// The first few resources that a key of this account can be bound to.
pub(in crate::actions) fn resources_for(tx: &mut ReadTx, account: &Account) -> Result<Vec<(String, String)>, Error> {
    if sees_all_resources(account) {
        return Ok(resources::first(tx, None, RESOURCES)?);
    }
    let held = rights::of_account(tx, account.id, account.role)?;
    let kinds = resources::kinds(tx)?.into_iter().filter(|(_, of_kind)| !held.is_disjoint(of_kind));
    let kinds: Vec<ResourceKind> = kinds.map(|(kind, _)| kind).collect();
    Ok(resources::first(tx, Some((account.id, &kinds)), RESOURCES)?)
}

/// An administrator does; and keys of a service account are made by one.
fn sees_all_resources(account: &Account) -> bool {
    account.kind == Kind::Service || account.is_admin()
}

/// Finds a resource that keys of this account can be bound to: one that the person administers, or of a kind in which they
/// may do something. Others are not told from those that do not exist.
pub(in crate::actions) fn find_resource(
    tx: &mut ReadTx,
    account: &Account,
    name: &ResourceName,
) -> Result<ResourceId, Error> {
    let unknown = || FieldError::new("resource", "No resource has this name. Name it as kind:id, such as project:abc");
    let resource = resources::find(tx, name)?.ok_or_else(unknown)?;
    if sees_all_resources(account) || resources::is_administrator(tx, resource.id, account.id)? {
        return Ok(resource.id);
    }
    let of_kind = resources::of_kind(tx, &name.kind)?;
    let held = rights::of_account(tx, account.id, account.role)?;
    if held.is_disjoint(&of_kind) { Err(unknown().into()) } else { Ok(resource.id) }
}

/// What an account has, and may give keys for a resource.
fn held_for(tx: &mut ReadTx, account: &Account, resource: Option<ResourceId>) -> Result<Rights, Error> {
    let mut held = rights::of_account(tx, account.id, account.role)?;
    if let Some(resource) = resource {
        held.extend(rights::as_administrator(tx, resource, account.id)?.unwrap_or_default());
    }
    Ok(held)
}

/// The ids of permissions that the account has, or may give keys for the resource.
pub(in crate::actions) fn own_scopes(
    tx: &mut ReadTx,
    account: &Account,
    wanted: &Rights,
    resource: Option<ResourceId>,
) -> Result<Vec<PermissionId>, Error> {
    if wanted.is_empty() {
        return Err(FieldError::new("scopes", "Select at least one scope").into());
    }
    let held = held_for(tx, account, resource)?;
    let known = permissions::known(tx, wanted)?;
    let missing = |name: &&PermissionName| !held.contains(*name) || !known.iter().any(|one| one.name == **name);
    if let Some(name) = wanted.iter().find(missing) {
        let text = match account.kind {
            Kind::User => format!("You do not have {}. Select among your own scopes", name.as_str()),
            Kind::Service => {
                format!("This account does not have {}. Give it a policy that allows it first", name.as_str())
            }
        };
        return Err(FieldError::new("scopes", text).into());
    }
    Ok(known.into_iter().map(|permission| permission.id).collect())
}

fn own_policy(tx: &mut WriteTx, account: &Account, name: &PolicyName) -> Result<PolicyId, Error> {
    let not_held = || {
        let text = match account.kind {
            Kind::User => "You do not hold this policy. Choose another one",
            Kind::Service => "This account does not hold this policy. Give it to the account first",
        };
        FieldError::new("policy", text)
    };
    let policy = policies::lock_for_update(tx, name)?.ok_or_else(not_held)?;
    if policies_alone_count(tx, account)? {
        return Ok(policy.id);
    }
    let held = policies::held_by(tx, account.id)?;
    if held.iter().any(|(id, _)| *id == policy.id) { Ok(policy.id) } else { Err(not_held().into()) }
}
