//! What a person changes of their own account.

use serde_json::json;

use crate::actions::{Actor, App, Error, Owner};
use crate::domain::accounts::account::Appearance;
use crate::domain::accounts::password::{Match, Password, PasswordHash, Proposal};
use crate::domain::audit::{Action, Event};
use crate::domain::field_error::FieldError;
use crate::domain::ids::AccountId;
use crate::domain::keys::api_key::{ApiKey, Stop};
use crate::domain::time::clock::Timestamp;
use crate::store::accounts::sessions;
use crate::store::accounts::sessions::IdHash;
use crate::store::accounts::sign_in_links;
use crate::store::keys::change;
use crate::store::keys::matching::{live, with_owner};
use crate::store::keys::predicate::all;
use crate::store::keys::session_keys;
use crate::store::{WriteTx, accounts};

/// What happens to the person's own API keys when the password changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnKeys {
    /// They keep working.
    Keep,
    /// They are revoked: somebody else may have made one.
    Revoke,
}

impl OwnKeys {
    /// From a form: `yes` revokes, nothing keeps.
    pub fn of_word(word: &str) -> Result<Self, FieldError> {
        match word {
            "" => Ok(Self::Keep),
            "yes" => Ok(Self::Revoke),
            _ => Err(FieldError::new(
                "revoke_keys",
                "Open the page again, and choose whether your API keys keep working",
            )),
        }
    }
}

/// A password in the place of another.
pub struct PasswordChange {
    /// As it was typed.
    pub present: String,
    /// The next one.
    pub new: Proposal,
    /// What happens to the person's keys.
    pub keys: OwnKeys,
}

/// What a change of the password ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Other sessions.
    pub sessions: usize,
    /// API keys.
    pub keys_revoked: i64,
    /// The new id of this session: whoever had a copy of the old one is out.
    pub session: String,
}

/// Keys that one transaction revokes.
const AT_ONCE: i64 = 200;
/// Why they were.
const REASON: &str = "The password was changed";

/// Revokes the first live keys of a person, and ends their session keys, if that was chosen; says how many live keys it revoked. Keys
/// before the log, like everywhere: who holds the one waits for nobody who holds the other.
pub(in crate::actions) fn revoke_own(
    tx: &mut WriteTx,
    actor: &Actor,
    account: AccountId,
    own_keys: OwnKeys,
    event: Event,
    now: Timestamp,
) -> Result<i64, Error> {
    if own_keys == OwnKeys::Keep {
        tx.audit(event);
        return Ok(0);
    }
    let (revoked, mut events) = revoke_some(tx, actor, account, now)?;
    events.insert(0, event);
    tx.audit_all(events);
    Ok(revoked)
}

fn revoke_some(
    tx: &mut WriteTx,
    actor: &Actor,
    account: AccountId,
    now: Timestamp,
) -> Result<(i64, Vec<Event>), Error> {
    session_keys::delete_all(tx, account)?;
    let live_own = all([with_owner(account), live(now)].into_iter());
    let ids = change::some_of(tx, live_own, AT_ONCE)?;
    let held = change::lock_for_update(tx, &ids)?;
    let stop = Stop { at: now, by: actor.account, reason: REASON.into() };
    change::revoke_all(tx, &ids, &stop, now)?;
    let event = |key: &ApiKey| {
        let details = json!({ "name": key.name, "reason": REASON });
        actor.did(now, Action::KeyRevoke, key.first_eight.as_str(), details)
    };
    let events = ids.iter().filter_map(|id| held.get(id)).map(event).collect();
    Ok((i64::try_from(ids.len()).unwrap_or(AT_ONCE), events))
}

impl App {
    /// Revokes what a change of the password did not reach in its own transaction; gives the number of all.
    pub(in crate::actions) async fn revoke_rest(
        &self,
        actor: &Actor,
        account: AccountId,
        first: i64,
    ) -> Result<i64, Error> {
        let (mut all, mut last) = (first, first);
        while last == AT_ONCE {
            let (actor, now) = (actor.clone(), self.now());
            let rest = self.store.write(move |tx| {
                let (revoked, events) = revoke_some(tx, &actor, account, now)?;
                tx.audit_all(events);
                Ok::<_, Error>(revoked)
            });
            last = rest.await.map_err(|error| {
                Error::Unknown(format!("the password was changed, but not every key was revoked: {error}"))
            })?;
            all += last;
        }
        Ok(all)
    }

    /// Changes how the person is called. The email address is not theirs to change: services know people by it.
    pub async fn set_display_name(&self, by: Owner<'_>, display_name: String) -> Result<(), Error> {
        let account = by.account();
        let event = by.did(self.now(), Action::UserEdit, &by.name, json!({ "display_name": display_name }));
        self.act(by.authority(), move |tx| {
            accounts::set_display_name(tx, account, &display_name)?;
            tx.audit(event);
            Ok(())
        })
        .await
    }

    /// Changes the colours of the person's pages.
    pub async fn set_appearance(&self, by: Owner<'_>, appearance: Appearance) -> Result<(), Error> {
        let account = by.account();
        let event = by.did(self.now(), Action::UserEdit, &by.name, json!({ "appearance": appearance.as_str() }));
        self.act(by.authority(), move |tx| {
            accounts::set_appearance(tx, account, appearance)?;
            tx.audit(event);
            Ok(())
        })
        .await
    }

    /// Changes the password after checking the present one, and ends the person's other sessions, and their keys if they say so.
    pub async fn change_own_password(
        &self,
        by: Owner<'_>,
        change: PasswordChange,
        session: &str,
    ) -> Result<Ended, Error> {
        let PasswordChange { present, new, keys: own_keys } = change;
        let known = self.own_credentials(by).await?;
        self.throttle.try_account(&known.account.username, by.address, known.last_address.as_deref())?;
        let wrong = || Error::from(FieldError::new("present", "This is not your current password"));
        let present = Password::presented(present).ok_or_else(wrong)?;
        let stored = known.password.unwrap_or_else(PasswordHash::of_nobody);
        let (compared, owner, mut rng) = (stored.clone(), known.account.username, self.rng());
        let hash = self
            .hashing
            .run(move |memory| match compared.compare(&present, memory) {
                Match::Wrong => None,
                _ if new.is(&present) => {
                    Some(Err(FieldError::new("password", "Choose a password other than the present one")))
                }
                _ => Some(Password::chosen(new, &owner).map(|new| PasswordHash::of(&new, &mut *rng, memory))),
            })
            .await?;
        let (actor, id, keep, now) = (by.actor().clone(), by.account(), IdHash::of(session), self.now());
        let Some(hash) = hash else {
            let event = actor.failed(now, Action::UserSetPassword, &actor.name, json!({ "reason": "wrong password" }));
            self.record_failure(event).await?;
            return Err(wrong());
        };
        let hash = hash?.ok_or_else(|| Error::Internal("argon2 refused a password".into()))?;
        let renewed = self.new_session_id();
        let ended = self.act(by.authority(), move |tx| {
            accounts::lock(tx, id)?;
            let known = accounts::find_with_password(tx, id)?.and_then(|known| known.password);
            if known.is_none_or(|known| known.as_str() != stored.as_str()) {
                return Err(wrong()); // it was changed since it was compared
            }
            accounts::set_password(tx, id, &hash)?;
            sign_in_links::delete(tx, id)?;
            let ended = sessions::delete_others(tx, id, &keep)?;
            sessions::renew(tx, &keep, &IdHash::of(&renewed))?;
            let details = json!({ "sessions_ended": ended, "keys_revoked": own_keys == OwnKeys::Revoke });
            let event = actor.did(now, Action::UserSetPassword, &actor.name, details);
            let keys_revoked = revoke_own(tx, &actor, id, own_keys, event, now)?;
            Ok::<_, Error>(Ended { sessions: ended, keys_revoked, session: renewed })
        });
        let ended = ended.await?;
        Ok(Ended { keys_revoked: self.revoke_rest(by.actor(), id, ended.keys_revoked).await?, ..ended })
    }
}
