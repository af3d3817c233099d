//! One-time links, by which somebody chooses a password.

use jiff::SignedDuration;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::actions::Actor;
use crate::actions::App;
use crate::actions::Error;
use crate::actions::Reauthenticated;
use crate::actions::accounts::own::OwnKeys;
use crate::actions::accounts::own::revoke_own;
use crate::actions::accounts::person;
use crate::actions::actor::Needs;
use crate::actions::sign_in::sessions;
use crate::actions::sign_in::sessions::Session;
use crate::domain::accounts::account::Account;
use crate::domain::accounts::account::Username;
use crate::domain::accounts::password::Password;
use crate::domain::accounts::password::PasswordHash;
use crate::domain::accounts::password::Proposal;
use crate::domain::audit::Action;
use crate::domain::keys::secret::base62;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::days;
use crate::store::accounts::sessions as session_rows;
use crate::store::accounts::sign_in_links;
use crate::store::{ReadTx, accounts, keys};

/// A one-time link is good for so long.
const LINK_LASTS: SignedDuration = days(3);

/// A one-time link, whose token is shown once.
pub struct Link {
    /// The token, 43 base62 characters.
    pub token: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// A one-time link that is good.
#[derive(Debug, Clone)]
pub struct Linked {
    /// Whose.
    pub account: Account,
    /// How many keys of theirs are live.
    pub keys: i64,
}

impl App {
    /// Makes a link by which a person chooses a new password. Links before it end; the password stays until it is used.
    pub async fn make_link(&self, by: Reauthenticated<'_>, username: &Username) -> Result<Link, Error> {
        let link = self.new_link();
        let (actor, username, now, hash, expires_at) =
            (by.actor().clone(), username.clone(), self.now(), hash(&link.token), link.expires_at);
        self.act(by.authority(), move |tx| {
            let account = person(tx, &username)?;
            if !account.active {
                return Err(Error::Conflict("This person is deactivated. Activate them first.".into()));
            }
            sign_in_links::replace(tx, account.id, &hash, actor.account, expires_at, now)?;
            let details = json!({ "until": expires_at.rfc3339() });
            tx.audit(actor.did(now, Action::UserLink, username.as_str(), details));
            Ok(())
        })
        .await?;
        Ok(link)
    }

    /// Whose link this is; an old, used or unknown one is not found.
    pub async fn check_link(&self, token: &str) -> Result<Linked, Error> {
        let (hash, now) = (hash(token), self.now());
        self.store
            .read(move |tx| {
                let account = linked(tx, &hash, now)?;
                Ok(Linked { keys: keys::count_live(tx, account.id, now)?, account })
            })
            .await
    }

    /// Takes the password that the holder of a link chose, ends their keys if they say so, and signs them in. Of many at once, one
    /// succeeds.
    pub async fn use_link(
        &self,
        actor: &Actor,
        token: &str,
        proposal: Proposal,
        own_keys: OwnKeys,
        agent: String,
    ) -> Result<Session, Error> {
        let owner = self.check_link(token).await?.account.username;
        let mut rng = self.rng();
        let password = self
            .hashing
            .run(move |memory| {
                Password::chosen(proposal, &owner).map(|password| PasswordHash::of(&password, &mut *rng, memory))
            })
            .await??
            .ok_or_else(|| Error::Internal("argon2 refused a password".into()))?;
        let (hash, actor, now, id) = (hash(token), actor.clone(), self.now(), self.new_session_id());
        let begun = self.act(actor.authority(Needs::Nothing), move |tx| {
            let account = linked(tx, &hash, now)?;
            accounts::lock(tx, account.id)?;
            linked(tx, &hash, now)?; // still good, now that nobody else can use it
            sign_in_links::delete(tx, account.id)?;
            accounts::set_password(tx, account.id, &password)?;
            session_rows::delete_all(tx, account.id)?;
            accounts::signed_in(tx, account.id, &actor.address_text(), now)?;
            let actor = actor.on_behalf_of(account.id, account.username.as_str().to_owned());
            sessions::begin(tx, &id, &account, &actor.address_text(), agent, now)?;
            let details = json!({ "by": "link", "keys_revoked": own_keys == OwnKeys::Revoke });
            let event = actor.did(now, Action::UserSetPassword, &actor.name, details);
            let revoked = revoke_own(tx, &actor, account.id, own_keys, event, now)?;
            Ok::<_, Error>((Session { id, account }, actor, revoked))
        });
        let (session, actor, revoked) = begun.await?;
        self.revoke_rest(&actor, session.account.id, revoked).await?;
        Ok(session)
    }

    pub(super) fn new_link(&self) -> Link {
        Link { token: base62(&mut *self.rng(), 43).to_string(), expires_at: self.now().plus(LINK_LASTS) }
    }
}

/// A deactivated person's link opens nothing (docs/rules.md, A9).
fn linked(tx: &mut ReadTx, hash: &[u8], now: Timestamp) -> Result<Account, Error> {
    let id = sign_in_links::find(tx, hash, now)?.ok_or(Error::NotFound)?;
    accounts::find(tx, id)?.filter(|account| account.active).ok_or(Error::NotFound)
}

/// What is kept of a link.
pub(super) fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(format!("sign-in link {token}")).to_vec()
}
