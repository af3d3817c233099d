//! Sessions: kept in the database by the hash of their id, ended after 30 idle minutes, after 8 hours, or by their owner.

use jiff::SignedDuration;
use serde_json::json;

use crate::actions::{App, Error, Owner};
use crate::domain::accounts::account::Account;
use crate::domain::audit::Action;
use crate::domain::ids::SessionId;
use crate::domain::keys::secret::base62;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::MINUTE;
use crate::store::ReadTx;
use crate::store::WriteTx;
use crate::store::accounts::sessions::{self, IdHash, NewSession};

use crate::domain::accounts::session::ListedSession;

/// A session ends after so long without a request.
pub(in crate::actions) const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// A session ends so long after sign-in.
const ABSOLUTE: SignedDuration = SignedDuration::from_hours(8);
/// Activity is noted at most this often.
const TOUCH_EVERY: SignedDuration = MINUTE;
/// Sessions that one account may have at a time; the oldest makes room.
const PER_ACCOUNT: i64 = 20;

/// A session that has just begun: its id, which only the cookie holds, and whose it is.
pub struct Session {
    /// 64 base62 characters.
    pub id: String,
    /// Who is signed in.
    pub account: Account,
}

/// Begins a session inside the transaction that admits the person: what ends the person's sessions at the same moment
/// comes before it, and it does not begin, or after it, and it is ended.
pub(in crate::actions) fn begin(
    tx: &mut WriteTx,
    id: &str,
    account: &Account,
    address: &str,
    agent: String,
    now: Timestamp,
) -> Result<(), Error> {
    let new = NewSession {
        account: account.id,
        state: "{}".into(),
        expires_at: now.plus(ABSOLUTE),
        address: address.to_owned(),
        user_agent: agent,
    };
    sessions::insert(tx, &IdHash::of(id), &new, now)?;
    Ok(sessions::bound(tx, account.id, PER_ACCOUNT)?)
}

/// Why it has no event.
const OF_SESSION: &str = "what is signed in and out has its event where it is done";

impl App {
    /// The id of a session that is about to begin.
    pub(in crate::actions) fn new_session_id(&self) -> String {
        base62(&mut *self.rng(), 64).to_string()
    }

    /// The state of a session that is alive, and its latest activity that was noted.
    pub async fn load_session(&self, id: &str) -> Result<Option<(String, Timestamp)>, Error> {
        let (hash, now) = (IdHash::of(id), self.now());
        Ok(self.store.query(move |tx| sessions::find(tx, &hash, now, idle_since(now))).await?)
    }

    /// Notes that a person is active in a session, at most once a minute.
    pub async fn note_activity(&self, id: &str, last_seen: Timestamp) {
        let (hash, now) = (IdHash::of(id), self.now());
        if now.since(last_seen) < TOUCH_EVERY {
            return;
        }
        let touched: Result<(), Error> =
            self.store.write_unaudited(OF_SESSION, move |tx| Ok(sessions::touch(tx, &hash, now)?)).await;
        if let Err(error) = touched {
            // Reading goes on while nothing can be written; the session only ends a little earlier.
            tracing::warn!(%error, "The activity of a session could not be noted.");
        }
    }

    /// Replaces the state of a session; one that was ended meanwhile stays ended.
    pub async fn update_session(&self, id: &str, state: String) -> Result<(), Error> {
        let hash = IdHash::of(id);
        self.store.write_unaudited(OF_SESSION, move |tx| Ok(sessions::set_state(tx, &hash, &state)?)).await
    }

    /// Ends a session; says how many there were with this id.
    pub async fn end_session(&self, id: &str) -> Result<usize, Error> {
        let hash = IdHash::of(id);
        self.store.write_unaudited(OF_SESSION, move |tx| Ok(sessions::delete(tx, &hash)?)).await
    }

    /// The sessions of an account: first the one with the id `current`, then by activity, latest first.
    pub async fn own_sessions(&self, by: Owner<'_>, current: &str) -> Result<Vec<ListedSession>, Error> {
        let (account, current, now) = (by.account(), IdHash::of(current), self.now());
        let read = move |tx: &mut ReadTx| sessions::list(tx, account, Some(&current), now, idle_since(now));
        let mut listed = self.store.read(read).await?;
        listed.sort_by_key(|session| !session.is_current);
        Ok(listed)
    }

    /// Ends one of the actor's own sessions. Somebody else's is not found.
    pub async fn end_listed_session(&self, by: Owner<'_>, session: SessionId) -> Result<(), Error> {
        let account = by.account();
        let event = by.did(self.now(), Action::SessionsEnd, &by.name, json!({ "sessions": 1 }));
        self.act(by.authority(), move |tx| {
            if sessions::delete_listed(tx, account, session)? == 0 {
                return Err(Error::NotFound);
            }
            tx.audit(event);
            Ok(())
        })
        .await
    }

    /// Ends all sessions of the actor but the one with the id `current`; says how many.
    pub async fn end_other_sessions(&self, by: Owner<'_>, current: &str) -> Result<usize, Error> {
        let account = by.account();
        let (current, actor, now) = (IdHash::of(current), by.actor().clone(), self.now());
        self.act(by.authority(), move |tx| {
            let ended = sessions::delete_others(tx, account, &current)?;
            tx.audit(actor.did(now, Action::SessionsEnd, &actor.name, json!({ "sessions": ended })));
            Ok(ended)
        })
        .await
    }
}

/// Idle sessions were last seen before this.
pub(in crate::actions) fn idle_since(now: Timestamp) -> Timestamp {
    now.plus(-IDLE)
}
