//! The keys of one owner: the list, the limits, one key with its history.

use std::collections::{BTreeMap, HashMap};

use jiff::SignedDuration;

use crate::actions::keys::creation;
use crate::actions::rights::grants::{self, GrantOptions};
use crate::actions::rights::rights_source_of;
use crate::actions::sign_in::sessions::idle_since;
use crate::actions::site::overview::DAYS;
use crate::actions::{Administrator, App, Error, Owner};
use crate::domain::accounts::account::Kind;
use crate::domain::accounts::account::OwnerView;
use crate::domain::ids::{AccountId, KeyId};
use crate::domain::keys::api_key::{ApiKey, Status, Stop, Use};
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::keys::secret::FirstEight;
use crate::domain::keys::session_key::SessionKey;
use crate::domain::rights::permission::PermissionName;
use crate::domain::rights::{AccessView, Grant, effective};
use crate::domain::settings::{OwnKeys as Manner, Settings};
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::days;
use crate::domain::usage::Counted;
use crate::domain::usage::Counts;
use crate::store::keys::addresses;
use crate::store::keys::asked_permissions;
use crate::store::keys::lifetime_rules;
use crate::store::keys::replaced_secrets;
use crate::store::keys::session_keys;
use crate::store::usage::refusals;
use crate::store::{ReadTx, accounts, audit, keys, rights, settings, usage};

use crate::domain::audit::Line;
use crate::domain::keys::api_key::Listing;
use crate::domain::usage::UsedFrom;

/// What External Tool Access shows.
#[derive(Debug, Clone)]
pub struct OwnKeys {
    /// The keys of the listing that was asked for, newest first. Of ended ones, the latest 200.
    pub keys: Vec<ApiKey>,
    /// What each of them may do, by its id.
    pub access: HashMap<KeyId, AccessView>,
    /// What a new key can be given.
    pub offer: GrantOptions,
    /// How many keys are live.
    pub live: i64,
    /// How many were revoked or expired.
    pub ended: i64,
    /// The rule for new keys.
    pub rule: LifetimeRule,
    /// The settings in force.
    pub settings: Settings,
    /// Keys that end with a session, newest first; `None` while they are turned off.
    pub session_keys: Option<Vec<SessionKey>>,
}

impl OwnKeys {
    /// May new keys be made, as far as the settings go?
    pub fn allows_creation(&self) -> bool {
        creation::creation_off(&self.settings, Kind::User).is_none()
    }

    /// Are the keys listed?
    pub fn lists(&self) -> bool {
        self.settings.own_keys != Manner::None
    }

    /// May the person change and revoke them?
    pub fn manages(&self) -> bool {
        self.settings.own_keys == Manner::Manage
    }

    /// Why the owner cannot generate another key at present.
    pub fn refusal(&self) -> Option<String> {
        let of_sessions = self.session_keys.as_ref().map_or(0, Vec::len);
        let counted = self.live + i64::try_from(of_sessions).unwrap_or(i64::MAX);
        creation::refusal(&self.settings, &self.rule, counted)
    }
}

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
    /// The keys of `owner`.
    pub async fn own_keys(&self, by: Owner<'_>, listing: Listing) -> Result<OwnKeys, Error> {
        let owner = by.account();
        let now = self.now();
        let mut own = self
            .store
            .read(move |tx| {
                let settings = settings::load(tx)?;
                let is_shown = settings.own_keys != Manner::None;
                let keys = if is_shown { keys::list(tx, owner, listing, now)? } else { Vec::new() };
                let account = accounts::find(tx, owner)?.ok_or(Error::NotFound)?;
                Ok::<_, Error>(OwnKeys {
                    access: rights::access_of(tx, &keys.iter().collect::<Vec<_>>())?,
                    offer: grants::offer(tx, &account)?,
                    keys,
                    live: keys::count_live(tx, owner, now)?,
                    ended: keys::count_ended(tx, owner, now)?,
                    rule: lifetime_rules::for_owner(tx, owner)?,
                    session_keys: if settings.session_keys {
                        Some(session_keys::list(tx, owner, now, idle_since(now))?)
                    } else {
                        None
                    },
                    settings,
                })
            })
            .await?;
        for key in &mut own.keys {
            self.use_log.complete(key);
        }
        Ok(own)
    }

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

    /// When and from where an own key was used last; `None` while it never was.
    pub async fn last_use(&self, by: Owner<'_>, first_eight: &FirstEight) -> Result<Option<Use>, Error> {
        let owner = by.account();
        let first_eight = first_eight.clone();
        let mut key = self
            .store
            .read(move |tx| {
                may_see(tx, owner)?;
                keys::find_own(tx, owner, &first_eight)?.ok_or(Error::NotFound)
            })
            .await?;
        self.use_log.complete(&mut key);
        Ok(key.last_use)
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
