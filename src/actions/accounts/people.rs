//! What administrators do with people's accounts: find, add by a one-time link, change, keep out and let in.

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::actions::accounts::own::{OwnKeys, revoke_own};
use crate::actions::accounts::users::taken;
use crate::actions::sign_in::sessions::{self, Listed, Session};
use crate::actions::{Actor, App, Error};
use crate::domain::accounts::account::{Account, Kind, Role, Username};
use crate::domain::accounts::password::{Password, PasswordHash, Proposal};
use crate::domain::audit::Action;
use crate::domain::ids::{AccountId, SessionId};
use crate::domain::keys::secret::base62;
use crate::domain::time::clock::{DAY, Timestamp};
use crate::store::accounts::NewAccount;
use crate::store::accounts::people;
use crate::store::accounts::sessions as session_rows;
use crate::store::accounts::sign_in_links;
use crate::store::audit::events::{self, EventFilter, Listed as ListedEvent};
use crate::store::paging::From;
use crate::store::rights::policies;
use crate::store::{Db, accounts, audit, keys};

pub use crate::store::accounts::people::PeopleFilter;

/// A one-time link is good for so long, in microseconds.
const LINK_LASTS: i64 = 3 * DAY;
/// People on a page.
const PAGE: i64 = 50;

/// A page of people with the number of live keys of each.
#[derive(Debug, Clone)]
pub struct PeoplePage {
    /// By display name.
    pub people: Vec<(Account, i64)>,
    /// Are there people before these?
    pub has_previous: bool,
    /// Are there people after these?
    pub has_next: bool,
    /// How many people there are in all.
    pub total: i64,
}

/// One person with what their page tells.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub account: Account,
    /// How many keys of theirs are live.
    pub live: i64,
    /// Where they are signed in.
    pub sessions: Vec<Listed>,
    /// What they did last, latest first.
    pub events: Vec<ListedEvent>,
}

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

/// A person to be, who chooses the password by a link.
#[derive(Debug, Clone)]
pub struct Invited {
    /// To sign in with.
    pub username: Username,
    /// To read.
    pub display_name: String,
    /// May be unknown.
    pub email: Option<String>,
    /// What they may do.
    pub role: Role,
}

impl App {
    /// A page of people.
    pub async fn browse_people(&self, filter: &PeopleFilter, from: From<AccountId>) -> Result<PeoplePage, Error> {
        let (filter, now) = (filter.clone(), self.now());
        self.store
            .read(move |db| {
                let (people, more) = people::page(db, &filter, from, PAGE, now)?;
                let (has_previous, has_next) = from.around(more);
                Ok(PeoplePage { people, has_previous, has_next, total: people::count(db, Kind::User)? })
            })
            .await
    }

    /// One person.
    pub async fn find_person(&self, username: &Username) -> Result<Person, Error> {
        let (username, now) = (username.clone(), self.now());
        self.store
            .read(move |db| {
                let account = accounts::person(db, &username)?.ok_or(Error::NotFound)?.account;
                let live = keys::count_live(db, account.id, now)?;
                let sessions = session_rows::list(db, account.id, now, sessions::idle_since(now))?;
                let filter = EventFilter { actor: Some(username.as_str().to_owned()), ..EventFilter::default() };
                let (events, _) = events::page(db, &filter, From::Start, 10)?;
                Ok(Person { account, live, sessions, events })
            })
            .await
    }

    /// Adds a person, and makes the link by which they choose their password.
    pub async fn invite(&self, actor: &Actor, invited: Invited) -> Result<Link, Error> {
        let link = self.new_link();
        let (actor, now, hash, expires_at) = (actor.clone(), self.now(), hash(&link.token), link.expires_at);
        let new = NewAccount {
            username: invited.username,
            display_name: invited.display_name,
            email: invited.email,
            password: None,
            role: invited.role,
        };
        self.act(actor.authority(), move |db| {
            let id = accounts::insert(db, &new, actor.account, now).map_err(taken)?;
            sign_in_links::replace(db, id, &hash, actor.account, expires_at, now)?;
            let policies = policies::give_to_new_person(db, id)?;
            let details = json!({
                "role": new.role.as_str(), "display_name": new.display_name, "link_until": expires_at.rfc3339(),
                "policies": policies,
            });
            Ok::<_, Error>(audit::insert(db, &actor.did(now, Action::UserCreate, new.username.as_str(), details))?)
        })
        .await?;
        Ok(link)
    }

    /// Makes a link by which a person chooses a new password. Links before it end; the password stays until it is used.
    pub async fn make_link(&self, actor: &Actor, username: &Username) -> Result<Link, Error> {
        let link = self.new_link();
        let (actor, username, now, hash, expires_at) =
            (actor.clone(), username.clone(), self.now(), hash(&link.token), link.expires_at);
        self.act(actor.authority(), move |db| {
            let account = person(db, &username)?;
            if !account.active {
                return Err(Error::Conflict("This person is deactivated. Activate them first.".into()));
            }
            sign_in_links::replace(db, account.id, &hash, actor.account, expires_at, now)?;
            let details = json!({ "until": expires_at.rfc3339() });
            Ok(audit::insert(db, &actor.did(now, Action::UserLink, username.as_str(), details))?)
        })
        .await?;
        Ok(link)
    }

    /// Whose link this is; an old, used or unknown one is not found.
    pub async fn check_link(&self, token: &str) -> Result<Linked, Error> {
        let (hash, now) = (hash(token), self.now());
        self.store
            .read(move |db| {
                let account = linked(db, &hash, now)?;
                Ok(Linked { keys: keys::count_live(db, account.id, now)?, account })
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
        let begun = self.act(actor.authority(), move |db| {
            let account = linked(db, &hash, now)?;
            accounts::lock(db, account.id)?;
            linked(db, &hash, now)?; // still good, now that nobody else can use it
            sign_in_links::delete(db, account.id)?;
            accounts::set_password(db, account.id, &password)?;
            session_rows::delete_all(db, account.id)?;
            accounts::signed_in(db, account.id, &actor.address_text(), now)?;
            let actor = Actor { account: Some(account.id), name: account.username.as_str().to_owned(), ..actor };
            sessions::begin(db, &id, &account, &actor.address_text(), agent, now)?;
            let details = json!({ "by": "link", "keys_revoked": own_keys == OwnKeys::Revoke });
            let event = actor.did(now, Action::UserSetPassword, &actor.name, details);
            let revoked = revoke_own(db, &actor, account.id, own_keys, event, now)?;
            Ok::<_, Error>((Session { id, account }, actor, revoked))
        });
        let (session, actor, revoked) = begun.await?;
        self.revoke_rest(&actor, session.account.id, revoked).await?;
        Ok(session)
    }

    /// Changes how a person is called and their email address.
    pub async fn edit_person(
        &self,
        actor: &Actor,
        username: &Username,
        display_name: String,
        email: Option<String>,
    ) -> Result<(), Error> {
        let (actor, username, now) = (actor.clone(), username.clone(), self.now());
        self.act(actor.authority(), move |db| {
            let before = person(db, &username)?;
            accounts::set_display_name(db, before.id, &display_name)?;
            accounts::set_email(db, before.id, email.as_deref()).map_err(taken)?;
            let details =
                json!({ "display_name": [before.display_name, display_name], "email_changed": before.email != email });
            Ok(audit::insert(db, &actor.did(now, Action::UserEdit, username.as_str(), details))?)
        })
        .await
    }

    /// Gives a person another role, and ends their sessions. The last active administrator stays one.
    pub async fn set_role(&self, actor: &Actor, username: &Username, role: Role) -> Result<(), Error> {
        let (actor, username, now) = (actor.clone(), username.clone(), self.now());
        self.act(actor.authority(), move |db| {
            accounts::lock_admins(db)?;
            let before = person(db, &username)?;
            if before.role == role {
                return Ok(());
            }
            if before.is_admin() && before.active && accounts::other_active_admins(db, before.id)? == 0 {
                let text = "This is the last active administrator. Make another one first.";
                return Err(Error::Conflict(text.into()));
            }
            accounts::set_role(db, before.id, role)?;
            sign_in_links::delete(db, before.id)?;
            session_rows::delete_all(db, before.id)?;
            let details = json!({ "before": before.role.as_str(), "after": role.as_str() });
            Ok(audit::insert(db, &actor.did(now, Action::UserSetRole, username.as_str(), details))?)
        })
        .await
    }

    /// Ends a session of somebody.
    pub async fn end_session_of(&self, actor: &Actor, username: &Username, session: SessionId) -> Result<(), Error> {
        let (actor, username, now) = (actor.clone(), username.clone(), self.now());
        self.act(actor.authority(), move |db| {
            let account = person(db, &username)?;
            match session_rows::delete_listed(db, account.id, session)? {
                0 => Err(Error::NotFound),
                _ => Ok(audit::insert(
                    db,
                    &actor.did(now, Action::SessionsEnd, username.as_str(), json!({ "sessions": 1 })),
                )?),
            }
        })
        .await
    }

    fn new_link(&self) -> Link {
        Link { token: base62(&mut *self.rng(), 43).to_string(), expires_at: self.now().plus(LINK_LASTS) }
    }
}

fn person(db: &mut Db, username: &Username) -> Result<Account, Error> {
    let id = accounts::person(db, username)?.ok_or(Error::NotFound)?.account.id;
    accounts::lock(db, id)?;
    accounts::find(db, id)?.ok_or(Error::NotFound)
}

/// A deactivated person's link opens nothing (SECURITY A9).
fn linked(db: &mut Db, hash: &[u8], now: Timestamp) -> Result<Account, Error> {
    let id = sign_in_links::find(db, hash, now)?.ok_or(Error::NotFound)?;
    accounts::find(db, id)?.filter(|account| account.active).ok_or(Error::NotFound)
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(format!("sign-in link {token}")).to_vec()
}
