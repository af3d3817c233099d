//! The catalogue of permissions: services register what they know; an administrator looks at it and retires.

use serde_json::json;

use crate::actions::{Actor, Administrator, App, Error, Reauthenticated, ServiceRegistrar};
use crate::domain::audit::Action;
use crate::domain::field_error::FieldError;
use crate::domain::rights::permission::{CLAVIGER, Permission, PermissionName, Retired, Rights, ServiceName};
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::store::WriteTx;
use crate::store::rights::permissions;

use crate::domain::rights::permission::Given;
use crate::domain::rights::permission::Reached;
use crate::domain::rights::permission::Registered;
use crate::store::rights::permission_use;
use crate::store::rights::permissions::Registrar;
use crate::store::rights::release;

/// The most permissions that a service registers.
pub const MOST: usize = 500;

/// So many permissions are retired by a list without a word about it.
const FEW: usize = 5;

/// Keys in lists of permissions and policies are counted up to so many.
pub const COUNT_LIMIT: i64 = 1_000;

impl App {
    /// All permissions with how often each is given, by service and name.
    pub async fn list_permissions(&self, _: Administrator<'_>) -> Result<Vec<(Permission, Given)>, Error> {
        let now = self.now();
        self.store
            .read(move |tx| {
                let catalogue = permissions::catalogue(tx)?;
                let given = permission_use::given(tx, &catalogue, COUNT_LIMIT, now)?;
                Ok(catalogue.into_iter().zip(given).collect())
            })
            .await
    }

    /// Makes these the permissions of a service: what it had and does not name is retired. The same list again changes nothing.
    /// More than `at_most` are not retired at once, nor, unless that is said, more than a few or all that there are.
    pub async fn register_permissions(
        &self,
        by: ServiceRegistrar<'_>,
        wanted: Vec<(PermissionName, String)>,
        at_most: Option<usize>,
    ) -> Result<Registered, Error> {
        let service = by.service().clone();
        check(&service, &wanted)?;
        let (actor, now) = (by.actor().clone(), self.now());
        self.act(by.authority(), move |tx| {
            permissions::lock(tx)?;
            let known = permissions::count_known(tx, &service)?;
            let registered = register(tx, &actor, &service, &wanted, Registrar::Service, now)?;
            match too_much(&registered, known, at_most) {
                Some(refusal) => Err(Error::Conflict(refusal)), // and the transaction with it
                None => Ok(registered),
            }
        })
        .await
    }

    /// Registers one permission more for a service, or takes a retired one up again.
    pub async fn add_permission(
        &self,
        by: Reauthenticated<'_>,
        service: ServiceName,
        name: PermissionName,
        description: String,
    ) -> Result<(), Error> {
        let (actor, now) = (by.actor().clone(), self.now());
        self.act(by.authority(), move |tx| {
            permissions::lock(tx)?;
            let mut wanted: Vec<(PermissionName, String)> = permissions::catalogue(tx)?
                .into_iter()
                .filter(|known| known.service == service && known.retired.is_none() && known.name != name)
                .map(|permission| (permission.name, permission.description))
                .collect();
            wanted.push((name, description));
            check(&service, &wanted)?;
            register(tx, &actor, &service, &wanted, Registrar::Administrator, now).map(drop)
        })
        .await
    }

    /// Makes the right to register the permissions of a service that has none yet, so that it can be given to who deploys it.
    pub async fn add_service(&self, by: Reauthenticated<'_>, service: ServiceName) -> Result<PermissionName, Error> {
        check(&service, &[])?;
        let (actor, now, name) = (by.actor().clone(), self.now(), PermissionName::registers(&service));
        self.act(by.authority(), move |tx| {
            permissions::lock(tx)?;
            if !permissions::add_registering(tx, &service, now)? {
                return Err(FieldError::new("new_service", "This service is there already").into());
            }
            let details = json!({ "added": [name.as_str()] });
            tx.audit(actor.did(now, Action::PermissionsRegister, CLAVIGER, details));
            Ok(name)
        })
        .await
    }

    /// Retires a permission: from the next verification on nobody holds it. Its service does not bring it back, an administrator
    /// can.
    pub async fn retire_permission(&self, by: Reauthenticated<'_>, name: &PermissionName) -> Result<(), Error> {
        let (actor, name, now) = (by.actor().clone(), name.clone(), self.now());
        self.act(by.authority(), move |tx| {
            permissions::lock(tx)?;
            let permission = permissions::find(tx, &name)?.ok_or(Error::NotFound)?;
            if permission.service.as_str() == CLAVIGER {
                return Err(Error::Conflict("Claviger’s own permissions cannot be retired.".into()));
            }
            if permission.retired.is_some_and(|retired| retired.by_administrator) {
                return Ok(());
            }
            let taken = permissions::reached(tx, &[permission.id], now)?;
            permissions::retire(tx, &[permission.id], Retired { at: now, by_administrator: true })?;
            let details = json!({
                "service": permission.service.as_str(), "policies": taken.policies, "keys": taken.keys,
            });
            tx.audit(actor.did(now, Action::PermissionRetire, name.as_str(), details));
            Ok(())
        })
        .await
    }

    /// Takes a retired permission up again: who was given it holds it again.
    pub async fn restore_permission(&self, by: Reauthenticated<'_>, name: &PermissionName) -> Result<(), Error> {
        let (actor, name, now) = (by.actor().clone(), name.clone(), self.now());
        self.act(by.authority(), move |tx| {
            permissions::lock(tx)?;
            let permission = permissions::find(tx, &name)?.ok_or(Error::NotFound)?;
            if permission.retired.is_none() {
                return Ok(());
            }
            reinstate(tx, &actor, &permission.service.clone(), &[permission], now)
        })
        .await
    }

    /// Takes up again what a service left out of its list at one moment; says how many that were.
    pub async fn restore_permissions(
        &self,
        by: Reauthenticated<'_>,
        service: &ServiceName,
        at: Timestamp,
    ) -> Result<usize, Error> {
        let (actor, service, now) = (by.actor().clone(), service.clone(), self.now());
        self.act(by.authority(), move |tx| {
            permissions::lock(tx)?;
            let retired = release::retired_at(tx, &service, at)?;
            if !retired.is_empty() {
                reinstate(tx, &actor, &service, &retired, now)?;
            }
            Ok(retired.len())
        })
        .await
    }
}

fn reinstate(
    tx: &mut WriteTx,
    actor: &Actor,
    service: &ServiceName,
    retired: &[Permission],
    now: Timestamp,
) -> Result<(), Error> {
    permissions::reinstate(tx, &retired.iter().map(|permission| permission.id).collect::<Vec<_>>())?;
    let names: Vec<&str> = retired.iter().map(|permission| permission.name.as_str()).collect();
    let event = actor.did(now, Action::PermissionsRestore, service.as_str(), json!({ "restored": names }));
    tx.audit(event);
    Ok(())
}

/// Why a list that leaves out so much is refused: a deployment with an empty or a shortened list takes rights from every key.
fn too_much(registered: &Registered, known: i64, at_most: Option<usize>) -> Option<String> {
    let count = registered.retired.len();
    let all = count > 0 && i64::try_from(count).is_ok_and(|count| count == known);
    let refused = at_most.map_or(all || count > FEW, |most| count > most);
    refused.then(|| {
        let Reached { policies, keys } = registered.taken;
        let policies = text::counted(policies, "policy", "policies");
        let keys = match keys {
            1 => "the list of 1 live key".to_owned(),
            COUNT_LIMIT.. => format!("the lists of {keys} or more live keys"),
            _ => format!("the lists of {keys} live keys"),
        };
        format!(
            "This list leaves out {count} of {known} permissions, which stand in {policies} and in {keys}, so nothing was \
             changed. If that is meant, send \"retire_at_most\": {count} with the list."
        )
    })
}

fn register(
    tx: &mut WriteTx,
    actor: &Actor,
    service: &ServiceName,
    wanted: &[(PermissionName, String)],
    registrar: Registrar,
    now: Timestamp,
) -> Result<Registered, Error> {
    let registered = permissions::register(tx, service, wanted, registrar, now)?.map_err(|name| {
        Error::Conflict(format!("Another service has registered {}. Choose another name.", name.as_str()))
    })?;
    permissions::add_registering(tx, service, now)?;
    if registered.is_empty() {
        tx.without_event("the same list again");
    } else {
        let words = |rights: &Rights| rights.iter().map(PermissionName::as_str).map(str::to_owned).collect::<Vec<_>>();
        let details = json!({
            "added": words(&registered.added), "described": words(&registered.described),
            "retired": words(&registered.retired), "policies": registered.taken.policies, "keys": registered.taken.keys,
        });
        tx.audit(actor.did(now, Action::PermissionsRegister, service.as_str(), details));
    }
    Ok(registered)
}

fn check(service: &ServiceName, wanted: &[(PermissionName, String)]) -> Result<(), Error> {
    if service.as_str() == CLAVIGER {
        return Err(FieldError::new("service", "Claviger registers its own permissions. Name your service").into());
    }
    if wanted.len() > MOST {
        return Err(FieldError::new("permissions", format!("Register at most {MOST} permissions")).into());
    }
    let mut seen = Rights::new();
    for (name, _) in wanted {
        if !service.may_register(name) {
            let text = format!("{} begins with claviger, which only Claviger’s own permissions do", name.as_str());
            return Err(FieldError::new("permissions", text).into());
        }
        if !seen.insert(name.clone()) {
            return Err(FieldError::new("permissions", format!("{} is there twice", name.as_str())).into());
        }
    }
    Ok(())
}
