//! People: found, listed, and what is known of one; how somebody is called.

use serde_json::json;

use crate::actions::App;
use crate::actions::Error;
use crate::actions::accounts::person;
use crate::actions::accounts::taken;
use crate::actions::keys::creation;
use crate::actions::keys::room::counted;
use crate::actions::rights::grants;
use crate::actions::rights::grants::GrantOptions;
use crate::actions::sign_in::sessions;
use crate::actions::{Administrator, Reauthenticated};
use crate::domain::accounts::account::Account;
use crate::domain::accounts::account::Kind;
use crate::domain::accounts::account::Username;
use crate::domain::accounts::session::ListedSession;
use crate::domain::audit::Action;
use crate::domain::audit::EventFilter;
use crate::domain::audit::ListedEvent;
use crate::domain::ids::AccountId;
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::paging::{From, Page};
use crate::store::accounts::people;
use crate::store::accounts::sessions as session_rows;
use crate::store::audit::events;
use crate::store::keys::lifetime_rules;
use crate::store::{accounts, keys};

use crate::domain::accounts::account::PeopleFilter;

/// People on a page.
const PAGE: i64 = 50;

/// A page of people with the number of live keys of each.
#[derive(Debug, Clone)]
pub struct PeoplePage {
    /// By display name.
    pub people: Page<(Account, i64)>,
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
    pub sessions: Vec<ListedSession>,
    /// What they did last, latest first.
    pub events: Vec<ListedEvent>,
}

/// What the form for a new key of a person offers an administrator.
#[derive(Debug, Clone)]
pub struct ForNewKey {
    /// Whose it will be.
    pub account: Account,
    /// What it can be given.
    pub offer: GrantOptions,
    /// The rule for its life.
    pub rule: LifetimeRule,
    /// Why none can be made at present.
    pub refusal: Option<String>,
}

impl App {
    /// A page of people.
    pub async fn browse_people(
        &self,
        _: Administrator<'_>,
        filter: &PeopleFilter,
        from: From<AccountId>,
    ) -> Result<PeoplePage, Error> {
        let (filter, now) = (filter.clone(), self.now());
        self.store
            .read(move |tx| {
                let people = people::page(tx, &filter, from, PAGE, now)?;
                Ok(PeoplePage { people, total: people::count(tx, Kind::User)? })
            })
            .await
    }

    /// One person.
    pub async fn find_person(&self, _: Administrator<'_>, username: &Username) -> Result<Person, Error> {
        let (username, now) = (username.clone(), self.now());
        self.store
            .read(move |tx| {
                let account = accounts::person(tx, &username)?.ok_or(Error::NotFound)?.account;
                let live = keys::count_live(tx, account.id, now)?;
                let sessions = session_rows::list(tx, account.id, None, now, sessions::idle_since(now))?;
                let filter = EventFilter { actor: Some(username.as_str().to_owned()), ..EventFilter::default() };
                let events = events::page(tx, &filter, From::Start, 10)?.rows;
                Ok(Person { account, live, sessions, events })
            })
            .await
    }

    /// Everybody, by user name.
    pub async fn list_users(&self, _: Administrator<'_>) -> Result<Vec<Account>, Error> {
        Ok(self.store.read(accounts::list).await?)
    }

    /// What a new key of this person can be.
    pub async fn for_new_key_of(&self, _: Administrator<'_>, username: &Username) -> Result<ForNewKey, Error> {
        let (username, now) = (username.clone(), self.now());
        self.store
            .read(move |tx| {
                let account = accounts::credentials(tx, &username)?.map(|known| known.account);
                let account = account.filter(|account| account.kind == Kind::User).ok_or(Error::NotFound)?;
                let (rule, live) = (lifetime_rules::for_owner(tx, account.id)?, counted(tx, account.id, now)?);
                let refusal = if account.active {
                    creation::why_not(tx, &account, false, &rule, live, now)?
                } else {
                    Some(creation::deactivated(account.kind, false).to_owned())
                };
                Ok(ForNewKey { offer: grants::offer(tx, &account)?, account, rule, refusal })
            })
            .await
    }

    /// Changes how a person is called and their email address.
    pub async fn edit_person(
        &self,
        by: Reauthenticated<'_>,
        username: &Username,
        display_name: String,
        email: Option<String>,
    ) -> Result<(), Error> {
        let (actor, username, now) = (by.actor().clone(), username.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let before = person(tx, &username)?;
            accounts::set_display_name(tx, before.id, &display_name)?;
            accounts::set_email(tx, before.id, email.as_deref()).map_err(taken)?;
            let details =
                json!({ "display_name": [before.display_name, display_name], "email_changed": before.email != email });
            tx.audit(actor.did(now, Action::UserEdit, username.as_str(), details));
            Ok(())
        })
        .await
    }
}
