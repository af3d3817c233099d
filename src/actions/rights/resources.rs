//! What administrators do with resources: register them, say who administers each, and what keys for each kind can be given.

use serde_json::json;

use crate::actions::rights::permissions::COUNT_LIMIT;
use crate::actions::rights::policy_holders::ids;
use crate::actions::{Administrator, App, Error, Reauthenticated};
use crate::domain::accounts::account::Username;
use crate::domain::audit::Action;
use crate::domain::field_error::FieldError;
use crate::domain::ids::ResourceId;
use crate::domain::paging::Count;
use crate::domain::paging::{From, Page};
use crate::domain::rights::permission::{Permission, Rights};
use crate::domain::rights::resource::{Resource, ResourceKind, ResourceName};
use crate::store::rights::permissions;
use crate::store::rights::resources;
use crate::store::{Error as StoreError, Unique, accounts};

/// Resources of one page.
const PAGE: i64 = 50;

/// A page of resources.
#[derive(Debug, Clone)]
pub struct ResourcePage {
    /// By title, each with its live keys, counted up to a limit.
    pub resources: Page<(Resource, Count)>,
    /// How many there are in all.
    pub total: i64,
    /// The kinds, each with what its keys can be given.
    pub kinds: Vec<(ResourceKind, Rights)>,
}

/// A resource with what its page for administrators tells.
#[derive(Debug, Clone)]
pub struct ResourceDetails {
    /// Which.
    pub resource: Resource,
    /// Who administers it: kind, user name, display name.
    pub administrators: Vec<(String, String, String)>,
    /// Live keys bound to it.
    pub live: i64,
    /// What keys for it can be given by those who administer it.
    pub of_kind: Rights,
}

/// A kind of resources with what its page tells.
#[derive(Debug, Clone)]
pub struct KindDetails {
    /// Which.
    pub kind: ResourceKind,
    /// What keys for its resources can be given; of that, what is retired counts for nothing.
    pub rights: Rights,
    /// All permissions, by service and name.
    pub catalogue: Vec<Permission>,
}

impl App {
    /// A page of resources whose title or name holds a folded text.
    pub async fn browse_resources(
        &self,
        _: Administrator<'_>,
        search: String,
        from: From<ResourceId>,
    ) -> Result<ResourcePage, Error> {
        let now = self.now();
        self.store
            .read(move |tx| {
                let found = resources::page(tx, &search, from, PAGE)?;
                let mut live = resources::live_keys_of(tx, &found.rows, COUNT_LIMIT, now)?.into_iter();
                let resources = found.map(|resource| (resource, live.next().unwrap_or(Count::Exactly(0))));
                let (total, kinds) = (resources::count(tx)?, resources::kinds(tx)?);
                Ok(ResourcePage { resources, total, kinds })
            })
            .await
    }

    /// One resource.
    pub async fn find_resource(&self, _: Administrator<'_>, name: &ResourceName) -> Result<ResourceDetails, Error> {
        let (name, now) = (name.clone(), self.now());
        self.store
            .read(move |tx| {
                let resource = resources::find(tx, &name)?.ok_or(Error::NotFound)?;
                Ok(ResourceDetails {
                    administrators: resources::administrators(tx, resource.id)?,
                    live: resources::live_keys(tx, resource.id, now)?,
                    of_kind: resources::of_kind(tx, &resource.name.kind)?,
                    resource,
                })
            })
            .await
    }

    /// Registers a resource.
    pub async fn register_resource(
        &self,
        by: Reauthenticated<'_>,
        name: ResourceName,
        title: String,
    ) -> Result<(), Error> {
        let (actor, now) = (by.actor().clone(), self.now());
        self.act(by.authority(), move |tx| {
            resources::insert(tx, &name, &title, actor.account, now).map_err(|error| match error {
                StoreError::Conflict(Unique::ResourceName) => {
                    FieldError::new("external_id", "A resource of this kind has this identifier already").into()
                }
                error => Error::from(error),
            })?;
            let event = actor.did(now, Action::ResourceRegister, &name.text(), json!({ "title": title }));
            tx.audit(event);
            Ok(())
        })
        .await
    }

    /// Changes what people call a resource.
    pub async fn rename_resource(
        &self,
        by: Reauthenticated<'_>,
        name: &ResourceName,
        title: String,
    ) -> Result<(), Error> {
        let (actor, name, now) = (by.actor().clone(), name.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let resource = resources::find(tx, &name)?.ok_or(Error::NotFound)?;
            if resource.title == title {
                return Ok(());
            }
            resources::set_title(tx, resource.id, &title)?;
            let details = json!({ "title": [resource.title, title] });
            tx.audit(actor.did(now, Action::ResourceEdit, &name.text(), details));
            Ok(())
        })
        .await
    }

    /// Removes a resource to which no key is bound, not even one that has ended and may be restored.
    pub async fn delete_resource(&self, by: Reauthenticated<'_>, name: &ResourceName) -> Result<(), Error> {
        let (actor, name, now) = (by.actor().clone(), name.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let resource = resources::find(tx, &name)?.ok_or(Error::NotFound)?;
            let keys = resources::count_keys(tx, resource.id)?;
            if keys > 0 {
                let bound = if keys == 1 { "1 key is".to_owned() } else { format!("{keys} keys are") };
                let text = format!("{bound} bound to this resource. Delete them, and wait until they are purged.");
                return Err(Error::Conflict(text));
            }
            resources::delete(tx, resource.id).map_err(|error| match error {
                // A key was bound to it at this very moment.
                StoreError::Referred => Error::Conflict("A key was bound to this resource meanwhile.".into()),
                error => error.into(),
            })?;
            let details = json!({ "title": resource.title });
            tx.audit(actor.did(now, Action::ResourceDelete, &name.text(), details));
            Ok(())
        })
        .await
    }

    /// Lets a person or a service account administer a resource.
    pub async fn add_resource_administrator(
        &self,
        by: Reauthenticated<'_>,
        name: &ResourceName,
        username: &Username,
    ) -> Result<(), Error> {
        let unknown = || FieldError::new("username", "No active person or service account has this user name");
        let (actor, name, username, now) = (by.actor().clone(), name.clone(), username.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let resource = resources::find(tx, &name)?.ok_or(Error::NotFound)?;
            let account = accounts::credentials(tx, &username)?.ok_or_else(unknown)?.account;
            accounts::lock(tx, account.id)?;
            let account = accounts::find(tx, account.id)?.filter(|account| account.active).ok_or_else(unknown)?;
            if resources::add_administrator(tx, resource.id, account.id)? {
                let details = json!({ "account": username.as_str() });
                let action = Action::ResourceAddAdministrator;
                tx.audit(actor.did(now, action, &name.text(), details));
            }
            Ok(())
        })
        .await
    }

    /// Lets somebody administer a resource no longer: what they gave their keys for it as its administrator is gone at once.
    pub async fn remove_resource_administrator(
        &self,
        by: Reauthenticated<'_>,
        name: &ResourceName,
        username: &Username,
    ) -> Result<(), Error> {
        let (actor, name, username, now) = (by.actor().clone(), name.clone(), username.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let resource = resources::find(tx, &name)?.ok_or(Error::NotFound)?;
            let account = accounts::credentials(tx, &username)?.ok_or(Error::NotFound)?.account;
            if resources::remove_administrator(tx, resource.id, account.id)? {
                let details = json!({ "account": username.as_str() });
                let action = Action::ResourceRemoveAdministrator;
                tx.audit(actor.did(now, action, &name.text(), details));
            }
            Ok(())
        })
        .await
    }

    /// A kind, and what can be chosen for it.
    pub async fn find_resource_kind(&self, _: Administrator<'_>, kind: &ResourceKind) -> Result<KindDetails, Error> {
        let kind = kind.clone();
        self.store
            .read(move |tx| {
                if !resources::is_kind(tx, &kind)? {
                    return Err(Error::NotFound);
                }
                let catalogue = permissions::catalogue(tx)?;
                Ok(KindDetails { rights: resources::chosen_of_kind(tx, &kind)?, catalogue, kind })
            })
            .await
    }

    /// Makes these what keys for resources of a kind can be given by those who administer them. Claviger's own are refused:
    /// a key that is bound to a resource is good for that alone.
    pub async fn set_resource_kind(
        &self,
        by: Reauthenticated<'_>,
        kind: &ResourceKind,
        wanted: Rights,
    ) -> Result<(), Error> {
        let (actor, kind, now) = (by.actor().clone(), kind.clone(), self.now());
        self.act(by.authority(), move |tx| {
            if !resources::is_kind(tx, &kind)? {
                return Err(Error::NotFound);
            }
            permissions::lock(tx)?;
            let before = resources::chosen_of_kind(tx, &kind)?;
            if let Some(name) = wanted.iter().find(|name| name.is_own()) {
                let text = format!("{} cannot be given here. Select among these permissions", name.as_str());
                return Err(FieldError::new("permissions", text).into());
            }
            let ids = ids(tx, &wanted, Some(&before))?;
            if before == wanted {
                return Ok(());
            }
            resources::set_of_kind(tx, &kind, &ids)?;
            let names = |rights: &Rights| rights.iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>();
            let details = json!({ "before": names(&before), "after": names(&wanted) });
            tx.audit(actor.did(now, Action::ResourceKindEdit, kind.as_str(), details));
            Ok(())
        })
        .await
    }
}
