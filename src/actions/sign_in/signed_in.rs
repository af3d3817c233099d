//! What each page of somebody who is signed in knows: who they are, what the navigation offers, the bulk changes at hand.

use jiff::SignedDuration;

use crate::actions::sign_in::sessions::idle_since;
use crate::actions::{App, Error};
use crate::domain::accounts::account::Account;
use crate::domain::bulk::{Job, JobState};
use crate::domain::settings::Settings;
use crate::domain::time::clock::Timestamp;
use crate::store::accounts::sessions::{self, IdHash};
use crate::store::bulk::jobs;
use crate::store::rights::resources;
use crate::store::{ReadTx, settings};

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub account: Account,
    /// Are they an administrator of resources?
    pub administers_resources: bool,
    /// The settings in force.
    pub settings: Settings,
    /// For administrators: bulk changes that go on, and their own that ended a short while ago. Latest first.
    pub work: Vec<Job>,
}

/// So long after its end, a bulk change stays in reach on each page.
const IN_REACH: SignedDuration = SignedDuration::from_mins(15);
/// Bulk changes in reach at a time.
const MOST: usize = 3;

impl App {
    /// Who is signed in with the session with this id; `None` when it has ended, or they are not active any more.
    pub async fn person_of_session(&self, id: &str) -> Result<Option<Person>, Error> {
        let (id, now) = (IdHash::of(id), self.now());
        let found = self.store.query(move |tx| {
            let account = sessions::account(tx, &id, now, idle_since(now))?.filter(|account| account.active);
            let Some(account) = account else { return Ok(None) };
            let administers_resources = resources::administers_any(tx, account.id)?;
            let work = if account.is_admin() { work_in_reach(tx, &account, now)? } else { Vec::new() };
            Ok::<_, Error>(Some(Person { administers_resources, settings: settings::load(tx)?, work, account }))
        });
        found.await
    }
}

fn work_in_reach(tx: &mut ReadTx, account: &Account, now: Timestamp) -> Result<Vec<Job>, Error> {
    let just_ended = |job: &Job| job.finished_at.is_some_and(|at| now.since(at) <= IN_REACH);
    let in_reach = |job: &Job| match job.state {
        JobState::Draft => false,
        JobState::Queued | JobState::Running => true,
        JobState::Done | JobState::Stopped => job.asked_by.account == account.id && just_ended(job),
    };
    Ok(jobs::list(tx, 20)?.into_iter().filter(in_reach).take(MOST).collect())
}
