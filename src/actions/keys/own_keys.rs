//! The keys of one owner, as their page lists them.

use std::collections::HashMap;

use crate::actions::keys::creation;
use crate::actions::keys::find::may_see;
use crate::actions::rights::grants::{self, GrantOptions};
use crate::actions::sign_in::sessions::idle_since;
use crate::actions::{App, Error, Owner};
use crate::domain::accounts::account::Kind;
use crate::domain::ids::KeyId;
use crate::domain::keys::api_key::Listing;
use crate::domain::keys::api_key::{ApiKey, Use};
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::keys::secret::FirstEight;
use crate::domain::keys::session_key::SessionKey;
use crate::domain::rights::AccessView;
use crate::domain::settings::{OwnKeys as Manner, Settings};
use crate::store::keys::lifetime_rules;
use crate::store::keys::session_keys;
use crate::store::{accounts, keys, rights, settings};

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
