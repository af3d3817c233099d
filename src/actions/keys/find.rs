//! The keys of one owner: the list, the limits, one key with its history.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::actions::keys::creation;
use crate::actions::rights::grants::{self, GrantOptions};
use crate::actions::rights::rights_source_of;
use crate::actions::site::overview::DAYS;
use crate::actions::{Administrator, App, Error, Owner};
use crate::domain::accounts::account::Kind;
use crate::domain::accounts::account::OwnerView;
use crate::domain::ids::AccountId;
use crate::domain::keys::api_key::{ApiKey, Status, Stop};
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::keys::secret::FirstEight;
use crate::domain::rights::permission::PermissionName;
use crate::domain::rights::{AccessView, Grant, effective};
use crate::domain::settings::OwnKeys as Manner;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::days;
use crate::domain::usage::Counted;
use crate::domain::usage::Counts;
use crate::store::keys::addresses;
use crate::store::keys::asked_permissions;
use crate::store::keys::lifetime_rules;
use crate::store::keys::replaced_secrets;
use crate::store::usage::refusals;
use crate::store::{ReadTx, accounts, audit, keys, rights, settings, usage};

use crate::domain::audit::Line;
use crate::domain::usage::UsedFrom;

/// One key with what its page tells.
#[derive(Debug, Clone)]
pub struct KeyDetails {
    /// The key.
    pub key: ApiKey,
    /// What it may do.
    pub access: AccessView,
    /// Until when a replaced secret stays good.
    pub grace_ends: Option<Timestamp>,
    /// The display name of who created it; of its owner for most.
    pub created_by: String,
    /// Who disabled it; `None` when nobody did, or Claviger itself.
    pub disabled_by: Option<String>,
    /// Who revoked it; `None` when nobody did, or Claviger itself.
    pub revoked_by: Option<String>,
    /// Uses and refusals of the last 30 days, oldest first, each with its number since 1970 UTC.
    pub days: Vec<(i64, Counts)>,
    /// From where it was used, latest first.
    pub addresses: Vec<UsedFrom>,
    /// Its last refusals, latest first, those of one kind and day together.
    pub refusals: Vec<Counted>,
    /// What was done to it, latest first.
    pub history: Vec<Line>,
    /// The rule for new secrets.
    pub rule: LifetimeRule,
    /// May its owner change and revoke it?
    pub is_managed: bool,
    /// Why the settings allow no new secret for it; `None` where they do.
    pub creation_off: Option<&'static str>,
    /// What it may do now: of what services registered, and of Claviger's own what stands in its list.
    pub rights: Vec<PermissionName>,
    /// When each permission was last asked of it while it had it.
    pub asked: BTreeMap<PermissionName, Timestamp>,
}

impl KeyDetails {
    /// The permissions that it has and that nobody asked it for in the last 90 days.
    pub fn never_asked(&self, now: Timestamp) -> Vec<&str> {
        let since = now.plus(-UNASKED_AFTER);
        let asked = |name: &&PermissionName| self.asked.get(*name).is_some_and(|at| *at >= since);
        self.rights.iter().filter(|name| !asked(name)).map(PermissionName::as_str).collect()
    }

    /// Is it younger than the time for which it is said what was never asked?
    pub fn is_young(&self, now: Timestamp) -> bool {
        now.since(self.key.created_at) < UNASKED_AFTER
    }
}

/// A permission that was not asked for so long, a key may not need.
const UNASKED_AFTER: SignedDuration = days(90);

impl App {
    /// One key of `owner`. Somebody else's key is not found.
    pub async fn own_key(&self, by: Owner<'_>, first_eight: &FirstEight) -> Result<KeyDetails, Error> {
        let owner = by.account();
        let (first_eight, now) = (first_eight.clone(), self.now());
        let mut details = self
            .store
            .read(move |tx| {
                let key = keys::find_own(tx, owner, &first_eight)?.ok_or(Error::NotFound)?;
                may_see(tx, owner)?;
                details_of(tx, key, now)
            })
            .await?;
        self.complete(&mut details);
        Ok(details)
    }

    /// One key of `owner`, and what it can be given.
    pub async fn changeable_key(
        &self,
        by: Owner<'_>,
        first_eight: &FirstEight,
    ) -> Result<(KeyDetails, GrantOptions), Error> {
        let owner = by.account();
        let (first_eight, now) = (first_eight.clone(), self.now());
        self.store
            .read(move |tx| {
                may_see(tx, owner)?;
                let key = keys::find_own(tx, owner, &first_eight)?.ok_or(Error::NotFound)?;
                let account = accounts::find(tx, owner)?.ok_or(Error::NotFound)?;
                let offer = grants::offer_for(tx, &account, key.resource)?;
                Ok((details_of(tx, key, now)?, offer))
            })
            .await
    }

    /// One key of anybody, for administrators, with its owner.
    pub async fn any_key(
        &self,
        _: Administrator<'_>,
        first_eight: &FirstEight,
    ) -> Result<(KeyDetails, OwnerView), Error> {
        let (first_eight, now) = (first_eight.clone(), self.now());
        let (mut details, owner) = self
            .store
            .read(move |tx| {
                let key = keys::find(tx, &first_eight)?.ok_or(Error::NotFound)?;
                let owner = accounts::owners(tx, &[key.owner])?.remove(&key.owner).unwrap_or_default();
                Ok::<_, Error>((details_of(tx, key, now)?, owner))
            })
            .await?;
        self.complete(&mut details);
        Ok((details, owner))
    }
}

impl App {
    /// Adds what happened since the last flush.
    fn complete(&self, details: &mut KeyDetails) {
        let id = details.key.id;
        self.use_log.complete(&mut details.key);
        self.use_log.complete_asked(id, &mut details.asked);
        self.use_log.complete_addresses(id, &mut details.addresses);
        if let Some((day, uses)) = self.use_log.pending(id)
            && let Some((_, counts)) = details.days.iter_mut().find(|(one, _)| *one == day)
        {
            counts.uses += uses;
        }
    }
}

/// A person whose keys are not listed does not find one. A service account's are an administrator's to see.
pub(in crate::actions) fn may_see(tx: &mut ReadTx, owner: AccountId) -> Result<(), Error> {
    let owner = accounts::find(tx, owner)?.ok_or(Error::NotFound)?;
    let hidden = owner.kind == Kind::User && settings::load(tx)?.own_keys == Manner::None;
    if hidden { Err(Error::NotFound) } else { Ok(()) }
}

fn details_of(tx: &mut ReadTx, key: ApiKey, now: Timestamp) -> Result<KeyDetails, Error> {
    let by = |stop: Option<&Stop>| stop.and_then(|stop| stop.by);
    let (disabler, revoker) = (by(key.disabled.as_ref()), by(key.revoked.as_ref()));
    let ids: Vec<AccountId> = [Some(key.created_by), disabler, revoker].into_iter().flatten().collect();
    let names = accounts::owners(tx, &ids)?;
    let name = |account: AccountId| names.get(&account).map(|account| account.display_name.clone());
    let created_by = name(key.created_by).unwrap_or_default();
    let (disabled_by, revoked_by) = (disabler.and_then(name), revoker.and_then(name));
    let today = now.day_number();
    let days = usage::days_of_key(tx, key.id, today - DAYS + 1, today)?;
    let addresses = addresses::of_key(tx, key.id, 10)?;
    let refusals = refusals::of_key(tx, key.id, 10)?;
    let grace_ends = match key.status(now) {
        Status::Revoked => None,
        _ => replaced_secrets::grace_ends(tx, key.id, now)?,
    };
    let history = audit::history(tx, key.first_eight.as_str(), 50)?;
    let (rule, access) = (lifetime_rules::for_owner(tx, key.owner)?, rights::access(tx, &key)?);
    let owner = accounts::find(tx, key.owner)?.ok_or(Error::NotFound)?;
    let settings = settings::load(tx)?;
    let holding = rights_source_of(tx, &key, &owner, &settings)?;
    let listed = key.grant == Grant::Scopes;
    let is_shown = |name: &PermissionName| listed || !name.is_own();
    let rights = holding.as_ref().map(effective).unwrap_or_default().into_iter().filter(is_shown).collect();
    let asked = asked_permissions::of_key(tx, key.id)?;
    let is_managed = owner.kind == Kind::Service || settings.own_keys == Manner::Manage;
    let creation_off = creation::creation_off(&settings, owner.kind);
    Ok(KeyDetails {
        key,
        access,
        grace_ends,
        created_by,
        disabled_by,
        revoked_by,
        days,
        addresses,
        refusals,
        history,
        rule,
        is_managed,
        creation_off,
        rights,
        asked,
    })
}
