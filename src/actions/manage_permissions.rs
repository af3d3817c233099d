//! The catalogue of permissions: services register what they know; an administrator looks at it and retires.

use serde_json::json;

use super::{Actor, App, Error};
use crate::domain::audit::Action;
use crate::domain::clock::Moment;
use crate::domain::mistake::Mistake;
use crate::domain::permission::{CLAVIGER, Permission, PermissionName, Rights, ServiceName};
use crate::store::{Db, audit, permissions};

pub use crate::store::permissions::{Given, Registered};

/// The most permissions that a service registers.
pub const MOST: usize = 500;

/// Keys in lists of permissions and policies are counted up to so many.
pub const COUNT_LIMIT: i64 = 1_000;

impl App {
    /// All permissions with how often each is given, by service and name.
    pub async fn list_permissions(&self) -> Result<Vec<(Permission, Given)>, Error> {
        let now = self.now();
        self.store
            .read(move |db| {
                let catalogue = permissions::catalogue(db)?;
                let given = permissions::given(db, &catalogue, COUNT_LIMIT, now)?;
                Ok(catalogue.into_iter().zip(given).collect())
            })
            .await
    }

    /// Makes these the permissions of a service: what it had and does not name is retired. The same list again changes nothing.
    pub async fn register_permissions(
        &self,
        actor: &Actor,
        service: ServiceName,
        wanted: Vec<(PermissionName, String)>,
    ) -> Result<Registered, Error> {
        check(&service, &wanted)?;
        let (actor, now) = (actor.clone(), self.now());
        self.act(actor.authority(), move |db| {
            permissions::lock(db)?;
            register(db, &actor, &service, &wanted, now)
        })
        .await
    }

    /// Registers one permission more for a service, or takes a retired one up again.
    pub async fn add_permission(
        &self,
        actor: &Actor,
        service: ServiceName,
        name: PermissionName,
        description: String,
    ) -> Result<(), Error> {
        let (actor, now) = (actor.clone(), self.now());
        self.act(actor.authority(), move |db| {
            permissions::lock(db)?;
            let mut wanted: Vec<(PermissionName, String)> = permissions::catalogue(db)?
                .into_iter()
                .filter(|permission| permission.service == service && !permission.retired && permission.name != name)
                .map(|permission| (permission.name, permission.description))
                .collect();
            wanted.push((name, description));
            check(&service, &wanted)?;
            register(db, &actor, &service, &wanted, now).map(drop)
        })
        .await
    }

    /// Retires a permission: from the next verification on nobody holds it. Its service can register it again.
    pub async fn retire_permission(&self, actor: &Actor, name: &PermissionName) -> Result<(), Error> {
        let (actor, name, now) = (actor.clone(), name.clone(), self.now());
        self.act(actor.authority(), move |db| {
            permissions::lock(db)?;
            let permission = permissions::find(db, &name)?.ok_or(Error::NotFound)?;
            if permission.service.as_str() == CLAVIGER {
                return Err(Error::Conflict("Claviger’s own permissions cannot be retired.".into()));
            }
            if permission.retired {
                return Ok(());
            }
            permissions::set_retired(db, permission.id, Some(now))?;
            let details = json!({ "service": permission.service.as_str() });
            Ok(audit::insert(db, &actor.did(now, Action::PermissionRetire, name.as_str(), details))?)
        })
        .await
    }
}

fn register(
    db: &mut Db,
    actor: &Actor,
    service: &ServiceName,
    wanted: &[(PermissionName, String)],
    now: Moment,
) -> Result<Registered, Error> {
    let registered = permissions::register(db, service, wanted, now)?.map_err(|name| {
        Error::Conflict(format!("Another service has registered {}. Choose another name.", name.as_str()))
    })?;
    if !registered.is_empty() {
        let words = |rights: &Rights| rights.iter().map(PermissionName::as_str).map(str::to_owned).collect::<Vec<_>>();
        let details = json!({
            "added": words(&registered.added), "described": words(&registered.described), "retired": words(&registered.retired),
        });
        audit::insert(db, &actor.did(now, Action::PermissionsRegister, service.as_str(), details))?;
    }
    Ok(registered)
}

fn check(service: &ServiceName, wanted: &[(PermissionName, String)]) -> Result<(), Error> {
    if service.as_str() == CLAVIGER {
        return Err(Mistake::new("service", "Claviger registers its own permissions. Name your service").into());
    }
    if wanted.len() > MOST {
        return Err(Mistake::new("permissions", format!("Register at most {MOST} permissions")).into());
    }
    let mut seen = Rights::new();
    for (name, _) in wanted {
        if !service.may_register(name) {
            let text = format!("{} begins with claviger, which only Claviger’s own permissions do", name.as_str());
            return Err(Mistake::new("permissions", text).into());
        }
        if !seen.insert(name.clone()) {
            return Err(Mistake::new("permissions", format!("{} is there twice", name.as_str())).into());
        }
    }
    Ok(())
}
