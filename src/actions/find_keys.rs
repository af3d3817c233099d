//! The keys of one owner: the list, the limits, one key with its history.

use std::collections::HashMap;

use super::give_rights::{self, Offer};
use super::{App, Error, generate_key};
use crate::domain::api_key::{ApiKey, Status};
use crate::domain::clock::Moment;
use crate::domain::lifetime::LifetimeRule;
use crate::domain::rights::Access;
use crate::domain::secret::FirstEight;
use crate::store::accounts::Owner;
use crate::store::{Db, accounts, audit, keys, lifetimes, replaced_secrets, rights, settings};

pub use crate::store::audit::Line;
pub use crate::store::keys::Listing;

/// What External Tool Access shows.
#[derive(Debug, Clone)]
pub struct OwnKeys {
    /// The keys of the listing that was asked for, newest first. Of ended ones, the latest 200.
    pub keys: Vec<ApiKey>,
    /// What each of them may do, by its id.
    pub access: HashMap<i64, Access>,
    /// What a new key can be given.
    pub offer: Offer,
    /// How many keys are live.
    pub live: i64,
    /// How many were revoked or expired.
    pub ended: i64,
    /// The rule for new keys.
    pub rule: LifetimeRule,
    /// May new keys be made?
    pub allow_creation: bool,
    /// Are keys accepted at all?
    pub accept_keys: bool,
}

impl OwnKeys {
    /// Why the owner cannot generate another key at present.
    pub fn refusal(&self) -> Option<String> {
        generate_key::refusal(self.allow_creation, &self.rule, self.live)
    }
}

/// One key with what its page tells.
#[derive(Debug, Clone)]
pub struct KeyDetails {
    /// The key.
    pub key: ApiKey,
    /// What it may do.
    pub access: Access,
    /// Until when a replaced secret stays good.
    pub grace_ends: Option<Moment>,
    /// Who disabled or revoked it, by name.
    pub stopped_by: Option<String>,
    /// What was done to it, latest first.
    pub history: Vec<Line>,
    /// The rule for new secrets.
    pub rule: LifetimeRule,
}

impl App {
    /// The keys of `owner`.
    pub async fn own_keys(&self, owner: i64, listing: Listing) -> Result<OwnKeys, Error> {
        let now = self.now();
        let mut own = self
            .store
            .read(move |db| {
                let settings = settings::load(db)?;
                let keys = keys::list(db, owner, listing, now)?;
                let account = accounts::find(db, owner)?.ok_or(Error::NotFound)?;
                Ok::<_, Error>(OwnKeys {
                    access: rights::access_of(db, &keys.iter().collect::<Vec<_>>())?,
                    offer: give_rights::offer(db, &account)?,
                    keys,
                    live: keys::count_live(db, owner, now)?,
                    ended: keys::count_ended(db, owner, now)?,
                    rule: lifetimes::for_owner(db, owner)?,
                    allow_creation: settings.allow_creation,
                    accept_keys: settings.accept_keys,
                })
            })
            .await?;
        for key in &mut own.keys {
            self.use_log.complete(key);
        }
        Ok(own)
    }

    /// One key of `owner`. Somebody else's key is not found.
    pub async fn own_key(&self, owner: i64, first_eight: &FirstEight) -> Result<KeyDetails, Error> {
        let (first_eight, now) = (first_eight.clone(), self.now());
        let mut details = self
            .store
            .read(move |db| {
                let key = keys::find_own(db, owner, &first_eight)?.ok_or(Error::NotFound)?;
                details_of(db, key, now)
            })
            .await?;
        self.use_log.complete(&mut details.key);
        Ok(details)
    }

    /// One key of `owner`, and what it can be given.
    pub async fn changeable_key(&self, owner: i64, first_eight: &FirstEight) -> Result<(KeyDetails, Offer), Error> {
        let (first_eight, now) = (first_eight.clone(), self.now());
        self.store
            .read(move |db| {
                let key = keys::find_own(db, owner, &first_eight)?.ok_or(Error::NotFound)?;
                let account = accounts::find(db, owner)?.ok_or(Error::NotFound)?;
                let offer = give_rights::offer_for(db, &account, key.resource)?;
                Ok((details_of(db, key, now)?, offer))
            })
            .await
    }

    /// One key of anybody, for administrators, with its owner.
    pub async fn any_key(&self, first_eight: &FirstEight) -> Result<(KeyDetails, Owner), Error> {
        let (first_eight, now) = (first_eight.clone(), self.now());
        let (mut details, owner) = self
            .store
            .read(move |db| {
                let key = keys::find(db, &first_eight)?.ok_or(Error::NotFound)?;
                let owner = accounts::owners(db, &[key.owner])?.remove(&key.owner).unwrap_or_default();
                Ok::<_, Error>((details_of(db, key, now)?, owner))
            })
            .await?;
        self.use_log.complete(&mut details.key);
        Ok((details, owner))
    }
}

fn details_of(db: &mut Db, key: ApiKey, now: Moment) -> Result<KeyDetails, Error> {
    let stop = key.revoked.as_ref().or(key.disabled.as_ref()).and_then(|stop| stop.by);
    let stopped_by = match stop {
        Some(account) => accounts::find(db, account)?.map(|account| account.display_name),
        None => None,
    };
    let grace_ends = match key.status(now) {
        Status::Revoked => None,
        _ => replaced_secrets::grace_ends(db, key.id, now)?,
    };
    let history = audit::history(db, key.first_eight.as_str(), 50)?;
    let (rule, access) = (lifetimes::for_owner(db, key.owner)?, rights::access(db, &key)?);
    Ok(KeyDetails { key, access, grace_ends, stopped_by, history, rule })
}
