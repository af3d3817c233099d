//! Starting: bring the database to the form this binary needs, connect, and fetch what all nodes share.

use crate::actions::keys::cursor::SigningKey;
use crate::actions::{App, Error, Randomness};
use crate::config::Config;
use crate::domain::time::clock::Clock;
use crate::store::settings::{self, Internal};
use crate::store::{Error as StoreError, Store, migrations};

impl App {
    /// Migrates the database when needed, and connects to it.
    pub fn start(config: Config, clock: Clock, randomness: Randomness) -> Result<Self, StoreError> {
        let ran = migrate(&config)?;
        if ran > 0 {
            tracing::info!(migrations = ran, "The database was migrated.");
        }
        let (store, known) = Store::open(&config.database)?;
        if let Some(told) = known.time {
            clock.set(told);
        } else {
            let behind = known.mark.map_or(0, |mark| clock.not_before(mark).as_secs());
            if behind > 5 {
                tracing::error!(
                    seconds = behind,
                    "This server's clock was set back. Time goes on from where it was. Set the clock right; if it was wrong before, `claviger clock accept` lets it count."
                );
            }
        }
        Ok(Self::new(config, store, clock, randomness, known.mark.max(known.latest_event)))
    }

    /// The key that signs links to pages; asked for once.
    pub(in crate::actions) async fn signing_key(&self) -> Result<&SigningKey, Error> {
        let from_cookie_key = async || {
            let bytes = self.cookie_key().await?;
            let block = bytes.first_chunk().ok_or_else(|| Error::Internal("the cookie key is too short".into()))?;
            Ok(SigningKey::new(block))
        };
        self.signing_key.get_or_try_init(from_cookie_key).await
    }

    /// The key that signs session cookies, 64 bytes: made at the first start, the same on all nodes. It protects nothing
    /// by itself, since a session's id is 64 random characters of which the database holds only the hash.
    pub async fn cookie_key(&self) -> Result<Vec<u8>, Error> {
        let mut fresh = [0_u8; 64];
        self.rng().fill_bytes(&mut fresh);
        let (fresh, now) = (hex::encode(fresh), self.now());
        let key = self
            .store
            .write_unaudited("it is made once, and protects nothing by itself", move |tx| {
                if let Some(key) = settings::internal(tx, Internal::CookieKey)? {
                    return Ok::<_, Error>(key);
                }
                settings::set_internal(tx, Internal::CookieKey, &fresh, now)?;
                Ok(fresh)
            })
            .await;
        let key = match key {
            // Another node made one at the same moment: take that.
            Err(Error::Conflict(_)) => self.store.query(|tx| settings::internal(tx, Internal::CookieKey)).await?,
            key => Some(key?),
        };
        key.and_then(|key| hex::decode(key).ok())
            .filter(|key| key.len() >= 64)
            .ok_or_else(|| Error::Internal("the cookie key in the database is damaged".into()))
    }
}

/// Looks at what a process that did not end well left behind, before the database is opened.
pub fn check_left_log(config: &Config) -> Result<(), StoreError> {
    Store::check_left_log(&config.database)
}

/// Runs the migrations that are missing; says how many.
pub fn migrate(config: &Config) -> Result<usize, StoreError> {
    migrations::migrate(&config.database)
}
