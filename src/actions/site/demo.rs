//! `claviger demo`: fills an empty database with a believable organisation, to look around and to measure.

use std::sync::Arc;

use serde_json::json;

use crate::actions::{Actor, App, Error};
use crate::domain::accounts::account::Username;
use crate::domain::accounts::password::{Memory, Password, PasswordHash, Proposal};
use crate::domain::audit::{Action, Event, Outcome, Via};
use crate::domain::demo::{Demo, DemoAccount, DemoKey};
use crate::domain::ids::AccountId;
use crate::domain::keys::secret::base62;
use crate::domain::settings::Setting;
use crate::domain::time::clock::Timestamp;
use crate::domain::usage::Counts;
use crate::store::keys::lifetime_rules;
use crate::store::usage;
use crate::store::{WriteTx, accounts, demo, settings};

/// Keys of one transaction.
const BATCH: usize = 6_000;
/// The latest so many keys have their events in the audit log.
const WITH_EVENTS: usize = 20_000;

/// So many rows tell, key by key, of the uses on a day: of a month's days in a small demo, of one day in a very large one.
const ROWS_OF_USE: usize = 200_000;

/// How to sign in to a demo.
pub struct SignInWith {
    /// The administrator.
    pub username: String,
    /// Drawn at random, unlike the rest of the demo.
    pub password: String,
}

/// Why each part of it has no event.
const FILLING: &str = "the demo has one event, at its end";

impl App {
    /// Fills the database; refuses one that has accounts. Says after each batch how many keys there are.
    pub async fn fill_demo(&self, keys: usize, seed: u64, said: impl Fn(usize)) -> Result<SignInWith, Error> {
        if self.store.query(accounts::any).await? {
            let text = "This database has accounts. A demo fills an empty one: set DATABASE_URL to a new place.";
            return Err(Error::Conflict(text.into()));
        }
        let mut demo = Demo::new(keys, seed, self.now());
        let admin = demo.accounts[0].username.clone();
        let password = base62(&mut *self.rng(), 20).to_string();
        let hash = self.demo_password(&admin, &password)?;
        let today = self.now().day_number();
        let days: Vec<(i64, Counts)> =
            demo.days().map(|(ago, uses, refusals)| (today - ago, Counts { uses, refusals })).collect();
        let people = Arc::new(demo.accounts.clone());
        let event = Actor::cli().did(self.now(), Action::DemoFill, &admin, json!({ "keys": keys, "seed": seed }));
        let ids = self.fill_frame(Arc::clone(&people), hash, days.clone()).await?;
        let ids = Arc::new(ids);
        let days_of_use = i64::try_from(ROWS_OF_USE / keys.max(1)).unwrap_or(1).clamp(1, 30);
        let (mut done, mut told) = (0, Vec::new());
        for (person, id) in people.iter().zip(&ids.accounts) {
            told.extend(person.last_sign_in_at.map(|at| sign_in(&person.username, *id, at)));
        }
        while done < keys {
            let batch: Vec<DemoKey> = demo.by_ref().take(BATCH).collect();
            let from = done;
            done += batch.len();
            let latest = batch.iter().enumerate().filter(|(n, _)| from + n + WITH_EVENTS >= keys);
            told.extend(latest.flat_map(|(_, key)| events(key, &people[key.owner].username, ids.accounts[key.owner])));
            let (people, ids) = (Arc::clone(&people), Arc::clone(&ids));
            self.store
                .write_at_leisure(move |tx| {
                    tx.without_event(FILLING);
                    demo::set_up(tx)?;
                    Ok::<_, Error>(demo::insert_keys(tx, &batch, &people, &ids, days_of_use)?)
                })
                .await?;
            said(done);
        }
        // The log is in the order in which things happened; the last of them is the demo itself.
        told.sort_by_key(|event| event.at);
        told.push(event);
        self.tell(told).await?;
        let counted = move |tx: &mut WriteTx| {
            tx.without_event(FILLING);
            Ok::<_, Error>(demo::insert_refusals(tx, &days)?)
        };
        self.store.write_at_leisure(counted).await?;
        self.store.settle().await?;
        Ok(SignInWith { username: admin, password })
    }

    /// Everything but the keys, in one transaction; gives what their rows refer to.
    async fn fill_frame(
        &self,
        people: Arc<Vec<DemoAccount>>,
        hash: PasswordHash,
        days: Vec<(i64, Counts)>,
    ) -> Result<demo::Ids, Error> {
        let now = self.now();
        self.store
            .write(move |tx| {
                if accounts::any(tx)? {
                    return Err(Error::Conflict("Somebody added an account at the same moment.".into()));
                }
                tx.without_event(FILLING);
                // The demo tells of a year: what ended in it stays to be looked at.
                settings::set(tx, Setting::PurgeAfterDays.name(), "3650", now)?;
                settings::set(tx, Setting::MaxServiceKeys.name(), "0", now)?;
                let mut rules = lifetime_rules::load(tx)?;
                rules.0.iter_mut().for_each(|rule| rule.keys_per_owner = Some(0)); // some of its people have very many
                lifetime_rules::replace(tx, &rules, None, now)?;
                usage::insert_days(tx, &days)?;
                let accounts = demo::insert_accounts(tx, &people, &hash)?;
                Ok(demo::insert_rights(tx, &people, accounts, now)?)
            })
            .await
    }

    /// Writes the events of the demo, a batch at a time.
    async fn tell(&self, events: Vec<Event>) -> Result<(), Error> {
        for events in events.chunks(BATCH) {
            let events = events.to_vec();
            self.store
                .write_at_leisure(move |tx| {
                    tx.audit_all(events);
                    Ok::<_, Error>(())
                })
                .await?;
        }
        Ok(())
    }

    fn demo_password(&self, admin: &str, password: &str) -> Result<PasswordHash, Error> {
        let username = Username::parse(admin)?;
        let password = Password::chosen(Proposal::parse("password", password.to_owned())?, &username)?;
        PasswordHash::of(&password, &mut *self.rng(), &mut Memory::default())
            .ok_or_else(|| Error::Internal("argon2 refused a password".into()))
    }
}

/// What the audit log tells of somebody who did something.
fn told(actor: &str, id: AccountId, action: Action, at: Timestamp) -> Event {
    Event {
        at,
        actor: Some(id),
        actor_name: actor.to_owned(),
        via: Via::Session,
        action,
        target: actor.to_owned(),
        outcome: Outcome::Success,
        details: json!({}),
        address: None,
        request: None,
    }
}

fn sign_in(username: &str, id: AccountId, at: Timestamp) -> Event {
    told(username, id, Action::SignIn, at)
}

/// What the audit log tells of a key.
fn events(key: &DemoKey, owner: &str, id: AccountId) -> Vec<Event> {
    let event = |action, at| Event {
        target: key.first_eight.clone(),
        details: json!({ "name": key.name }),
        address: key.last_use.as_ref().map(|(_, address, _)| address.clone()),
        ..told(owner, id, action, at)
    };
    let mut events = vec![event(Action::KeyGenerate, key.created_at)];
    events.extend(key.disabled_at.map(|at| event(Action::KeyDisable, at)));
    events.extend(key.revoked_at.map(|at| event(Action::KeyRevoke, at)));
    events
}
