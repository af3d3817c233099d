//! What those who administer a resource do: see the keys that are bound to it, issue some of their own, revoke any.

use serde_json::json;

use crate::actions::keys::browse::Around;
use crate::actions::keys::browse::ListedKey;
use crate::actions::keys::creation::why_not;
use crate::actions::keys::room::counted;
use crate::actions::rights::permissions::COUNT_LIMIT;
use crate::actions::{App, Error, Owner, ResourceAdministrator};
use crate::domain::audit::Action;
use crate::domain::ids::{AccountId, KeyId};
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::api_key::Stop;
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::keys::secret::FirstEight;
use crate::domain::paging::Count;
use crate::domain::rights::Grant;
use crate::domain::rights::permission::Permission;
use crate::domain::rights::permission::Rights;
use crate::domain::rights::resource::{Resource, ResourceName};
use crate::domain::time::clock::Timestamp;
use crate::store::keys::lifetime_rules;
use crate::store::rights::permissions;
use crate::store::rights::resources;
use crate::store::{ReadTx, accounts, keys, rights, settings};

/// Resources of somebody's list.
const MOST: i64 = 500;
/// Keys of a resource's list.
const MOST_KEYS: i64 = 200;

/// A resource with what its page tells those who administer it.
#[derive(Debug, Clone)]
pub struct OwnResources {
    /// Which.
    pub resource: Resource,
    /// The newest live keys that are bound to it, of whomever, from the place on that was asked for.
    pub keys: Vec<ListedKey>,
    /// Are there older ones?
    pub has_older: bool,
    /// How many live keys are bound to it.
    pub live: i64,
    /// What keys for it can be given, by service and name.
    pub allowed: Vec<Permission>,
    /// The own live key that has all of it.
    pub master: Option<FirstEight>,
    /// The rule for new keys.
    pub rule: LifetimeRule,
    /// Does a new key need a name?
    pub name_required: bool,
    /// Why no other key can be made at present.
    pub refusal: Option<String>,
}

impl App {
    /// What an account administers, by title, each with its live keys, counted up to a limit.
    pub async fn own_resources(&self, by: Owner<'_>) -> Result<Vec<(Resource, Count)>, Error> {
        let account = by.account();
        let now = self.now();
        self.store
            .read(move |tx| {
                let found = resources::administered_by(tx, account, MOST)?;
                let live = resources::live_keys_of(tx, &found, COUNT_LIMIT, now)?;
                Ok(found.into_iter().zip(live).collect())
            })
            .await
    }

    /// A resource that an account administers. What it does not is not found.
    pub async fn administered_resource(
        &self,
        by: ResourceAdministrator<'_>,
        older_than: Option<KeyId>,
    ) -> Result<OwnResources, Error> {
        let account = by.account();
        let name = by.resource();
        let (name, now) = (name.clone(), self.now());
        let (mut found, bound, around) = self
            .store
            .read(move |tx| {
                let resource = own_resource(tx, account, &name)?;
                let mut bound = keys::of_resource(tx, resource.id, older_than, MOST_KEYS + 1, now)?;
                let most = usize::try_from(MOST_KEYS).unwrap_or(usize::MAX);
                let has_older = bound.len() > most;
                bound.truncate(most);
                let around = Around::of(tx, &bound)?;
                let of_kind = resources::of_kind(tx, &resource.name.kind)?;
                let mut allowed = permissions::known(tx, &of_kind)?;
                allowed.sort_by(|a, b| (&a.service, &a.name).cmp(&(&b.service, &b.name)));
                let owner = accounts::find(tx, account)?.ok_or(Error::NotFound)?;
                let rule = lifetime_rules::for_owner(tx, account)?;
                let name_required = settings::load(tx)?.name_required;
                let own = counted(tx, account, now)?;
                let refusal = why_not(tx, &owner, true, &rule, own, now)?;
                let master = matching(tx, account, &resource, &of_kind, now)?.map(|key| key.first_eight);
                let live = resources::live_keys(tx, resource.id, now)?;
                let found = OwnResources {
                    resource,
                    keys: Vec::new(),
                    has_older,
                    live,
                    allowed,
                    master,
                    rule,
                    name_required,
                    refusal,
                };
                Ok::<_, Error>((found, bound, around))
            })
            .await?;
        found.keys = self.listed(bound, around);
        Ok(found)
    }

    /// A key that is bound to a resource which an account administers, unless it was revoked.
    pub async fn find_key_of_resource(
        &self,
        by: ResourceAdministrator<'_>,
        first_eight: &FirstEight,
    ) -> Result<Option<ListedKey>, Error> {
        let account = by.account();
        let name = by.resource();
        let (name, first_eight) = (name.clone(), first_eight.clone());
        let found = self
            .store
            .read(move |tx| {
                let resource = own_resource(tx, account, &name)?;
                let key = keys::find(tx, &first_eight)?.filter(|key| key.resource == Some(resource.id));
                let key = key.ok_or(Error::NotFound)?;
                let around = Around::of(tx, [&key])?;
                Ok::<_, Error>((key, around))
            })
            .await?;
        let listed = self.listed(vec![found.0], found.1);
        Ok(listed.into_iter().find(|listed| listed.key.revoked.is_none()))
    }

    /// Revokes a key that is bound to a resource which an account administers, whoever owns it.
    pub async fn revoke_key_of_resource(
        &self,
        by: ResourceAdministrator<'_>,
        first_eight: &FirstEight,
    ) -> Result<(), Error> {
        let account = by.account();
        let name = by.resource();
        let (actor, name, first_eight, now) = (by.actor().clone(), name.clone(), first_eight.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let resource = own_resource(tx, account, &name)?;
            let key = keys::find(tx, &first_eight)?.filter(|key| key.resource == Some(resource.id));
            let owner = key.ok_or(Error::NotFound)?.owner;
            accounts::lock(tx, owner)?;
            let key = keys::lock_own(tx, owner, &first_eight)?.ok_or(Error::NotFound)?;
            if key.revoked.is_some() {
                return Ok(()); // twice is once
            }
            let reason = format!("By an administrator of {}", name.text());
            keys::revoke(tx, key.id, &Stop { at: now, by: Some(account), reason })?;
            let details = json!({ "name": key.name, "resource": name.text() });
            tx.audit(actor.did(now, Action::KeyRevoke, first_eight.as_str(), details));
            Ok(())
        })
        .await
    }
}

/// A resource that this account administers.
pub(in crate::actions) fn own_resource(
    tx: &mut ReadTx,
    account: AccountId,
    name: &ResourceName,
) -> Result<Resource, Error> {
    let resource = resources::find(tx, name)?.ok_or(Error::NotFound)?;
    if resources::is_administrator(tx, resource.id, account)? { Ok(resource) } else { Err(Error::NotFound) }
}

/// The oldest live key of this account that is bound to the resource and was given exactly these scopes.
pub(in crate::actions) fn matching(
    tx: &mut ReadTx,
    account: AccountId,
    resource: &Resource,
    scopes: &Rights,
    now: Timestamp,
) -> Result<Option<ApiKey>, Error> {
    for key in keys::own_of_resource(tx, account, resource.id, now)? {
        if key.grant == Grant::Scopes && rights::scopes_of(tx, key.id)? == *scopes {
            return Ok(Some(key));
        }
    }
    Ok(None)
}
