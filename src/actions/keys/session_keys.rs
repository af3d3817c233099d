//! Keys that end with the sign-in session that made them: for a quick try, with nothing left behind.

use serde_json::json;

use crate::actions::keys::attempt::Attempt;
use crate::actions::keys::creation::refusal;
use crate::actions::keys::request::FormId;
use crate::actions::keys::room::counted;
use crate::actions::sign_in::sessions::{IDLE, idle_since};
use crate::actions::{App, Error, Owner};
use crate::domain::audit::Action;
use crate::domain::ids::{AccountId, KeyId};
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::secret::{FirstEight, Secret};
use crate::domain::rights::Grant;
use crate::domain::time::clock::Timestamp;
use crate::store::accounts::sessions::IdHash;
use crate::store::keys::forms;
use crate::store::keys::forms::Shown;
use crate::store::keys::lifetime_rules;
use crate::store::keys::session_keys;
use crate::store::{accounts, settings};

use crate::domain::keys::session_key::SessionKey;

/// What a session key is called.
const NAME: &str = "Session key";

/// The answer to a form that asks for a session key.
pub enum IssuedForSession {
    /// A key and its secret, to be shown in this one answer.
    Now(Box<ApiKey>, Secret),
    /// This form was answered before.
    Before,
}

impl SessionKey {
    /// When it ends if nobody is active in its session from now on: with the session, or after the time without activity.
    pub fn ends_at(&self) -> Timestamp {
        self.expires_at.min(self.last_seen_at.plus(IDLE))
    }

    /// The key as every other: it does what its owner may, and ends with its session at the latest.
    pub(in crate::actions) fn as_key(&self, owner: AccountId) -> ApiKey {
        ApiKey {
            id: KeyId(0), // no row of `api_keys`
            first_eight: self.first_eight.clone(),
            owner,
            name: NAME.into(),
            note: String::new(),
            grant: Grant::Inherit,
            resource: None,
            created_at: self.created_at,
            created_by: owner,
            rotated_at: None,
            expires_at: Some(self.ends_at()),
            end_limit: None,
            disabled: None,
            revoked: None,
            last_use: None,
            use_count: 0,
            version: 1,
            changed_at: self.created_at,
        }
    }
}

impl App {
    /// Makes a key that ends with the session with this id. It counts among the keys of its owner.
    pub async fn generate_session_key(
        &self,
        by: Owner<'_>,
        session: &str,
        form: FormId,
    ) -> Result<IssuedForSession, Error> {
        let account = by.account();
        self.throttle.try_creation(by.account)?;
        self.attempt(async || {
            let (first_eight, secret) = self.draw_key();
            let (actor, form, session, hash) = (by.actor().clone(), form.clone(), IdHash::of(session), secret.hash());
            let now = self.now();
            let made = self.act(by.authority(), move |tx| {
                accounts::lock(tx, account)?;
                if forms::find(tx, &form.hash(account), account)?.is_some() {
                    return Ok(None);
                }
                let settings = settings::load(tx)?;
                if !settings.session_keys {
                    return Err(Error::Forbidden("Session keys are turned off on this server.".into()).into());
                }
                let rule = lifetime_rules::for_owner(tx, account)?;
                let live = counted(tx, account, now)?;
                if let Some(refusal) = refusal(&settings, &rule, live) {
                    return Err(Error::Conflict(refusal).into());
                }
                let made = session_keys::insert(tx, &session, &first_eight, &hash, now)?;
                let made = made.ok_or_else(|| Error::Conflict("Your session has ended. Sign in again.".into()))?;
                let shown = Shown { first_eight: &first_eight, key: None };
                forms::insert(tx, &form.hash(account), account, &shown, now)?;
                let details = json!({ "session_key": true, "expires_at": made.expires_at.rfc3339() });
                tx.audit(actor.did(now, Action::KeyGenerate, first_eight.as_str(), details));
                Ok::<_, Attempt>(Some(made))
            });
            Ok(match made.await? {
                Some(made) => IssuedForSession::Now(Box::new(made.as_key(account)), secret),
                None => IssuedForSession::Before,
            })
        })
        .await
    }

    /// Ends an own session key before its session. Somebody else's is not found.
    pub async fn end_session_key(&self, by: Owner<'_>, first_eight: &FirstEight) -> Result<(), Error> {
        let account = by.account();
        let (actor, first_eight, now) = (by.actor().clone(), first_eight.clone(), self.now());
        self.act(by.authority(), move |tx| {
            if !session_keys::delete(tx, account, &first_eight)? {
                return Err(Error::NotFound);
            }
            let details = json!({ "session_key": true });
            tx.audit(actor.did(now, Action::KeyRevoke, first_eight.as_str(), details));
            Ok(())
        })
        .await
    }

    /// The session keys of an account, newest first.
    pub async fn session_keys(&self, by: Owner<'_>) -> Result<Vec<SessionKey>, Error> {
        let account = by.account();
        let now = self.now();
        Ok(self.store.read(move |tx| session_keys::list(tx, account, now, idle_since(now))).await?)
    }
}
