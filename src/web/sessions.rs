//! actix-session in front of our own store: the cookie carries an id, the database only its hash.
//!
//! Two entries of the state exist in memory alone and never reach the database: `id`, from which the form token is derived, and
//! `seen_at`, the latest activity that was noted.

use std::collections::HashMap;

use actix_session::Session;
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use actix_web::web;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::actions::{self, App, Error};
use crate::domain::ids::AccountId;
use crate::domain::time::clock::Timestamp;

type State = HashMap<String, String>;

const ID: &str = "id";
const ACCOUNT: &str = "account";
const SEEN: &str = "seen_at";
const PROVED: &str = "proved_at";
/// What is sensitive asks for the password again when it was given longer ago than this.
const PROOF_LASTS: SignedDuration = SignedDuration::from_mins(5);

/// The cookie's name.
pub fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-claviger" } else { "claviger" }
}

/// Puts a session that has begun in the place of whatever this browser had before. Its row is there already: see `save`.
pub fn begin(session: &Session, begun: &actions::sign_in::sessions::Session, now: Timestamp) -> Result<(), Error> {
    session.clear();
    session.renew();
    let kept = session.insert(ACCOUNT, begun.account.id).and_then(|()| session.insert(ID, &begun.id));
    kept.map_err(|error| Error::Internal(error.to_string()))?;
    prove(session, now)
}

/// Goes on under another id, after the person gave the password `now`: its row has that id already.
pub fn renew(session: &Session, id: &str, now: Timestamp) -> Result<(), Error> {
    session.renew();
    session.insert(ID, id).map_err(|error| Error::Internal(error.to_string()))?;
    prove(session, now)
}

/// Notes that the person gave the password `now`.
fn prove(session: &Session, now: Timestamp) -> Result<(), Error> {
    session.insert(PROVED, now.0).map_err(|error| Error::Internal(error.to_string()))
}

/// Was the password given within the last five minutes?
pub fn is_proved(session: &Session, now: Timestamp) -> bool {
    let proved: Option<i64> = session.get(PROVED).unwrap_or_default();
    proved.is_some_and(|at| (SignedDuration::ZERO..=PROOF_LASTS).contains(&now.since(Timestamp(at))))
}

/// The latest activity that was noted.
pub fn seen(session: &Session) -> Option<Timestamp> {
    session.get(SEEN).unwrap_or_default().map(Timestamp)
}

/// The account that is signed in.
pub fn account(session: &Session) -> Option<AccountId> {
    session.get(ACCOUNT).unwrap_or_default()
}

/// The id of the session.
pub fn id(session: &Session) -> Option<String> {
    session.get(ID).unwrap_or_default()
}

/// The token that every form of this session carries: derived from its id, stored nowhere.
pub fn form_token(session: &Session) -> Option<String> {
    let id = id(session)?;
    let mut hash = Sha256::new();
    hash.update(b"claviger form token ");
    hash.update(id.as_bytes());
    Some(hex::encode(hash.finalize()))
}

/// Is `token` the form token of this session? Compared in constant time.
pub fn is_form_token(session: &Session, token: &str) -> bool {
    form_token(session).is_some_and(|expected| expected.as_bytes().ct_eq(token.as_bytes()).into())
}

/// The store behind actix-session.
pub struct Sessions {
    app: web::Data<App>,
}

impl Sessions {
    /// Keeps sessions through the actions of `app`.
    pub fn new(app: web::Data<App>) -> Self {
        Self { app }
    }
}

impl SessionStore for Sessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let loaded = self.app.load_session(key.as_ref()).await.map_err(|error| LoadError::Other(outage(error)))?;
        let Some((text, seen)) = loaded else { return Ok(None) };
        let mut state: State = serde_json::from_str(&text).map_err(|error| LoadError::Deserialization(error.into()))?;
        state.insert(ID.into(), serde_json::Value::from(key.as_ref()).to_string());
        state.insert(SEEN.into(), seen.0.to_string());
        Ok(Some(state))
    }

    /// The session began in the transaction that admitted the person, so there is a row to update. If it was ended since,
    /// there is none, and none is made.
    async fn save(&self, state: State, _ttl: &Duration) -> Result<SessionKey, SaveError> {
        let id = state.get(ID).and_then(|json| serde_json::from_str::<String>(json).ok());
        let id = id.ok_or_else(|| SaveError::Other(anyhow::anyhow!("a session that did not begin")))?;
        let kept = self.app.update_session(&id, persistent(state)).await;
        kept.map_err(|error| SaveError::Other(outage(error)))?;
        SessionKey::try_from(id).map_err(|error| SaveError::Other(error.into()))
    }

    async fn update(&self, key: SessionKey, state: State, _ttl: &Duration) -> Result<SessionKey, UpdateError> {
        let updated = self.app.update_session(key.as_ref(), persistent(state)).await;
        updated.map_err(|error| UpdateError::Other(outage(error)))?;
        Ok(key)
    }

    async fn update_ttl(&self, _key: &SessionKey, _ttl: &Duration) -> Result<(), anyhow::Error> {
        Ok(()) // whoever takes `SignedIn` notes the activity
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        self.app.end_session(key.as_ref()).await.map(drop).map_err(outage)
    }
}

/// The state as it goes to the database: without what is in memory alone.
fn persistent(mut state: State) -> String {
    state.remove(ID);
    state.remove(SEEN);
    serde_json::json!(state).to_string()
}

fn outage(error: Error) -> anyhow::Error {
    tracing::error!(%error, "A session could not be kept or found.");
    anyhow::Error::new(error)
}
