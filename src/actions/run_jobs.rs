//! Doing bulk work: batch after batch, each a transaction of its own with its audit events, on one node at a time.
//!
//! A process that is killed loses the batch that it was at, no more: the next runner goes on where the last commit was.

use std::collections::HashMap;

use serde_json::json;

use super::{App, Error};
use crate::domain::api_key::{ApiKey, Stop};
use crate::domain::audit::{Action, Event, Outcome, Via};
use crate::domain::clock::{Moment, SECOND};
use crate::domain::job::{Job, JobState, Left, Verb, decide};
use crate::domain::lifetime_rules::OwnerFacts;
use crate::domain::shortening::Shortening;
use crate::store::job_keys::Pending;
use crate::store::keys::change;
use crate::store::{Db, audit, job_keys, jobs, lifetimes, policies};

/// Keys of one batch.
const BATCH: i64 = 1_000;
/// For how long a node has a job to itself after each batch, in microseconds.
const LEASE: i64 = 15 * SECOND;

/// What became of a batch.
enum Batch {
    /// There may be more to do.
    More,
    /// The job has ended, or another node has it.
    Over,
}

impl App {
    /// Does all bulk work that waits and that no other node is at; says how many jobs it worked at.
    pub async fn run_jobs(&self) -> Result<usize, Error> {
        let (mut worked_at, mut failed) = (0, Vec::new());
        let mut problem = None;
        loop {
            let (node, now, except) = (self.node.clone(), self.now(), failed.clone());
            let claimed = self.store.write(move |db| jobs::claim(db, &node, &except, now, now.plus(LEASE))).await?;
            let Some(id) = claimed else { return problem.map_or(Ok(worked_at), Err) };
            worked_at += 1;
            loop {
                match self.run_batch(id).await {
                    Ok(Batch::More) => {}
                    Ok(Batch::Over) => break,
                    // One job that cannot go on must not keep the others waiting; it is tried again later.
                    Err(error) => {
                        tracing::error!(job = id, %error, "A batch of bulk work was not done.");
                        failed.push(id);
                        problem = Some(error);
                        break;
                    }
                }
            }
        }
    }

    /// Waits until somebody confirms a job on this node.
    pub async fn job_waiting(&self) {
        self.jobs_waiting.notified().await;
    }

    /// One batch of a job that this node has claimed.
    pub async fn run_one_batch(&self) -> Result<bool, Error> {
        let (node, now) = (self.node.clone(), self.now());
        let claimed = self.store.write(move |db| jobs::claim(db, &node, &[], now, now.plus(LEASE))).await?;
        match claimed {
            Some(id) => Ok(matches!(self.run_batch(id).await?, Batch::More)),
            None => Ok(false),
        }
    }

    async fn run_batch(&self, id: i64) -> Result<Batch, Error> {
        let (node, now) = (self.node.clone(), self.now());
        self.store
            .write(move |db| {
                if !jobs::renew(db, id, &node, now.plus(LEASE))? {
                    return Ok(Batch::Over);
                }
                let job = jobs::find(db, id)?.ok_or(Error::NotFound)?;
                if job.stop_asked {
                    return end(db, &job, JobState::Stopped, now);
                }
                let pending = job_keys::pending(db, id, BATCH)?;
                if pending.is_empty() {
                    return end(db, &job, JobState::Done, now);
                }
                work(db, &job, &pending, now)?;
                Ok::<_, Error>(Batch::More)
            })
            .await
    }
}

fn end(db: &mut Db, job: &Job, state: JobState, now: Moment) -> Result<Batch, Error> {
    jobs::finish(db, job.id, state, now)?;
    let details = json!({ "state": state.word(), "done": job.done, "left": job.left, "remaining": job.remaining() });
    audit::insert(db, &event(job, now, Action::JobFinish, format!("job {}", job.id), details))?;
    Ok(Batch::Over)
}

/// Changes what is as it was frozen, leaves the rest, and writes down both.
fn work(db: &mut Db, job: &Job, pending: &[Pending], now: Moment) -> Result<(), Error> {
    let ids: Vec<i64> = pending.iter().map(|pending| pending.key).collect();
    let gone = gives_what_is_gone(db, job, pending)?;
    let keys = change::hold(db, &ids)?;
    let ends = Ends::of(db, job, &keys)?;
    let mut doing: Vec<(&ApiKey, &Pending)> = Vec::new();
    for pending in pending {
        let key = keys.get(&pending.key);
        let decided = decide(job.verb, key, pending.version, ends.of_key(key));
        match (if gone { Err(Left::PolicyGone) } else { decided }, key) {
            (Ok(()), Some(key)) => doing.push((key, pending)),
            (Ok(()), None) => {}
            (Err(why), _) => job_keys::set_left(db, job.id, pending.key, why)?,
        }
    }
    let renamed = change(db, job, &doing, &ends, now)?;
    let done: Vec<i64> = doing.iter().map(|(key, _)| key.id).collect();
    job_keys::set_done(db, job.id, &done)?;
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    jobs::progress(db, job.id, count(done.len()), count(pending.len() - done.len()))?;
    let events: Vec<Event> = doing
        .iter()
        .map(|(key, pending)| {
            let name = renamed.iter().find(|(id, _)| *id == key.id).map(|(_, name)| name);
            let (action, details) = told(job, key, pending, &ends, name);
            event(job, now, action, key.first_eight.as_str().to_owned(), details)
        })
        .collect();
    Ok(audit::insert_all(db, &events)?)
}

/// The ends that a job gives its keys.
enum Ends {
    /// The same for all; `None` where ends are not what the job is about.
    Same(Option<Moment>),
    /// What the lifetime rules allow, by the key's id.
    Each(HashMap<i64, Moment>),
}

impl Ends {
    fn of(db: &mut Db, job: &Job, keys: &HashMap<i64, ApiKey>) -> Result<Self, Error> {
        if job.verb != Verb::Shorten {
            return Ok(Self::Same(job.expires_at));
        }
        let shortening = Shortening::of(job).ok_or_else(|| lost_rules(job))?;
        let mut ids: Vec<i64> = keys.values().map(|key| key.owner).collect();
        ids.sort_unstable();
        ids.dedup();
        let owners: HashMap<i64, OwnerFacts> =
            lifetimes::owners(db, &ids)?.into_iter().map(|owner| (owner.id, owner)).collect();
        let end = |key: &ApiKey| Some((key.id, shortening.end(job, key, owners.get(&key.owner)?)?));
        Ok(Self::Each(keys.values().filter_map(end).collect()))
    }

    fn of_key(&self, key: Option<&ApiKey>) -> Option<Moment> {
        match self {
            Self::Same(end) => *end,
            Self::Each(ends) => key.and_then(|key| ends.get(&key.id)).copied(),
        }
    }
}

/// The policy that a job gives.
fn given_policy(job: &Job) -> Result<i64, Error> {
    job.parameter.parse().map_err(|_| lost_rules(job))
}

/// Does a job give keys a policy that was deleted meanwhile? It is held against that until the batch is done.
fn gives_what_is_gone(db: &mut Db, job: &Job, pending: &[Pending]) -> Result<bool, Error> {
    let mut policies: Vec<i64> = match (job.verb, undone(job)) {
        (Verb::GivePolicy, _) => vec![given_policy(job)?],
        (_, Some(Verb::GivePolicy)) => pending.iter().filter_map(|pending| pending.before_at).collect(),
        _ => Vec::new(),
    };
    policies.sort_unstable();
    policies.dedup();
    for policy in policies {
        if !policies::hold_by_id(db, policy)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A job of rules without its rules.
pub(super) fn lost_rules(job: &Job) -> Error {
    Error::Internal(format!("job {} has lost its rules", job.id))
}

/// What is undone, for an undo; else the verb itself.
fn undone(job: &Job) -> Option<Verb> {
    if job.verb == Verb::Undo { Verb::from_word(&job.parameter) } else { None }
}

/// Changes keys; gives those that got a new name.
fn change(
    db: &mut Db,
    job: &Job,
    doing: &[(&ApiKey, &Pending)],
    ends: &Ends,
    now: Moment,
) -> Result<Vec<(i64, String)>, Error> {
    let ids: Vec<i64> = doing.iter().map(|(key, _)| key.id).collect();
    let keys: Vec<&ApiKey> = doing.iter().map(|(key, _)| *key).collect();
    let stop = Stop { at: now, by: Some(job.asked_by.account), reason: job.reason.clone() };
    match (job.verb, undone(job)) {
        (Verb::Delete, _) => change::revoke_all(db, &ids, &stop, now)?,
        (Verb::Disable, _) => change::set_disabled_all(db, &ids, Some(&stop), now)?,
        (Verb::Idle, _) => change::set_disabled_all(db, &ids, Some(&Stop { by: None, ..stop }), now)?,
        (Verb::Shorten, _) => {
            for key in keys {
                change::set_expiry_all(db, &[key.id], ends.of_key(Some(key)), now)?;
            }
        }
        (Verb::Enable, _) | (Verb::Undo, Some(Verb::Disable | Verb::Idle)) => {
            change::set_disabled_all(db, &ids, None, now)?;
        }
        (Verb::Restore, _) | (Verb::Undo, Some(Verb::Delete)) => return Ok(change::restore_all(db, &keys, now)?),
        (Verb::Expire, _) => change::set_expiry_all(db, &ids, job.expires_at, now)?,
        (Verb::Undo, Some(Verb::Enable)) => {
            for (id, before) in before(doing) {
                change::set_disabled_all(db, &[id], Some(&before), now)?;
            }
        }
        (Verb::Undo, Some(Verb::Restore)) => {
            for (id, before) in before(doing) {
                change::revoke_all(db, &[id], &before, now)?;
            }
        }
        (Verb::Undo, Some(Verb::Expire | Verb::Shorten)) => {
            let ends: Vec<(&ApiKey, Option<Moment>)> =
                doing.iter().map(|(key, pending)| (*key, pending.before_at.map(Moment))).collect();
            return Ok(change::give_ends_back(db, &ends, now)?);
        }
        (Verb::GivePolicy, _) => change::set_policy_all(db, &ids, given_policy(job)?, now)?,
        (Verb::Undo, Some(Verb::GivePolicy)) => {
            let mut before: HashMap<i64, Vec<i64>> = HashMap::new();
            for (key, pending) in doing {
                before.entry(pending.before_at.unwrap_or_default()).or_default().push(key.id);
            }
            for (policy, ids) in before {
                change::set_policy_all(db, &ids, policy, now)?;
            }
        }
        (Verb::Undo, _) => return Err(Error::Internal(format!("job {} undoes nothing that is known", job.id))),
    }
    Ok(Vec::new())
}

/// The pause or the end that each key had.
fn before<'a>(doing: &'a [(&ApiKey, &Pending)]) -> impl Iterator<Item = (i64, Stop)> + 'a {
    doing.iter().filter_map(|(key, pending)| {
        let reason = pending.before_reason.clone().unwrap_or_default();
        Some((key.id, Stop { at: Moment(pending.before_at?), by: pending.before_by, reason }))
    })
}

/// The event of one key.
fn told(
    job: &Job,
    key: &ApiKey,
    pending: &Pending,
    ends: &Ends,
    renamed: Option<&String>,
) -> (Action, serde_json::Value) {
    let mut details = json!({ "job": job.id, "name": key.name });
    let mut tell = |name: &str, value: serde_json::Value| details[name] = value;
    if !job.reason.is_empty() {
        tell("reason", json!(job.reason));
    }
    if let Some(name) = renamed {
        tell("renamed", json!([key.name, name]));
    }
    let action = match (job.verb, undone(job)) {
        (Verb::Delete, _) | (Verb::Undo, Some(Verb::Restore)) => Action::KeyRevoke,
        (Verb::Disable | Verb::Idle, _) | (Verb::Undo, Some(Verb::Enable)) => Action::KeyDisable,
        (Verb::Enable, _) | (Verb::Undo, Some(Verb::Disable | Verb::Idle)) => Action::KeyEnable,
        (Verb::Expire | Verb::Shorten, _) | (Verb::Undo, Some(Verb::Expire | Verb::Shorten)) => {
            let end = if job.verb == Verb::Undo { pending.before_at.map(Moment) } else { ends.of_key(Some(key)) };
            tell("expires_at", json!([key.expires_at.map(Moment::rfc3339), end.map(Moment::rfc3339)]));
            Action::KeySetExpiry
        }
        (Verb::GivePolicy, _) | (Verb::Undo, Some(Verb::GivePolicy)) => Action::KeyEdit,
        _ => Action::KeyRestore,
    };
    (action, details)
}

/// An event of a job: its actor is who asked for it.
fn event(job: &Job, now: Moment, action: Action, target: String, details: serde_json::Value) -> Event {
    Event {
        at: now,
        actor: Some(job.asked_by.account),
        actor_name: job.asked_by.name.clone(),
        via: Via::Session,
        action,
        target,
        outcome: Outcome::Success,
        details,
        address: job.asked_by.address.clone(),
        request: job.asked_by.request.clone(),
    }
}
