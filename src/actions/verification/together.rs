//! Secrets that memory does not know, looked up together: while the database is asked about some, others gather, and are asked about
//! with the same few questions. One that comes alone waits for nobody.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use crate::actions::verification::KeyFacts;
use crate::actions::verification::cache::KeyCache;
use crate::actions::verification::look_up::{asked_resource, look_up_all, policies_of_owners};
use crate::actions::{App, Error};
use crate::domain::keys::secret::SecretHash;
use crate::domain::rights::permission::Rights;
use crate::domain::rights::resource::ResourceName;
use crate::domain::time::clock::Timestamp;
use crate::store::ReadTx;

/// Secrets that are asked about at once.
const MOST: usize = 128;
/// How many questions are under way at once: more only make each of them smaller.
const TURNS: usize = 2;
/// For how long somebody else's question is waited for, which ends by itself before that.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the database knows of a secret and of the resource that is asked for.
pub(super) struct Answer {
    /// `None` when no key has this secret.
    pub facts: Option<Arc<KeyFacts>>,
    /// What keys for the resource can be given; `None` when there is none, or nobody asked.
    pub of_kind: Option<Rights>,
}

struct Waiting {
    hash: SecretHash,
    resource: Option<ResourceName>,
    answer: oneshot::Sender<Result<Answer, Error>>,
}

/// Secrets that nobody has asked the database about yet.
pub(in crate::actions) struct LookUps {
    waiting: Mutex<Vec<Waiting>>,
    turns: Semaphore,
}

impl Default for LookUps {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turns: Semaphore::new(TURNS) }
    }
}

impl LookUps {
    fn add(&self, waiting: Waiting) {
        self.lock().push(waiting);
    }

    /// The first of them whom somebody still waits for.
    fn take(&self) -> Vec<Waiting> {
        let mut all = self.lock();
        all.retain(|one| !one.answer.is_closed());
        let next = all.len().min(MOST);
        all.drain(..next).collect()
    }

    /// Forgets those whom nobody waits for.
    fn tidy(&self) {
        self.lock().retain(|one| !one.answer.is_closed());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Asks the database about a secret, together with whoever else waits, all in one transaction, and keeps what it says. A session
    /// key ends by being left alone: it is asked for each time.
    pub(super) async fn look_up_together(
        &self,
        hash: SecretHash,
        resource: Option<ResourceName>,
        now: Timestamp,
    ) -> Result<Answer, Error> {
        let (sender, mut answer) = oneshot::channel();
        self.look_ups.add(Waiting { hash, resource, answer: sender });
        let turn = tokio::select! {
            biased;
            answered = &mut answer => return answered.unwrap_or_else(lost),
            turn = self.look_ups.turns.acquire() => turn,
        };
        if let Ok(answered) = answer.try_recv() {
            return answered;
        }
        let (look_ups, cache) = (Arc::clone(&self.look_ups), Arc::clone(&self.cache));
        let read = move |tx: &mut ReadTx| {
            ask(tx, look_ups.take(), &cache, now);
            Ok::<_, Error>(())
        };
        let asked = self.store.read_to_verify(read).await;
        drop(turn);
        if let Err(error) = asked {
            let answered = answer.try_recv();
            drop(answer);
            self.look_ups.tidy();
            return answered.unwrap_or(Err(error));
        }
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answered) => answered.unwrap_or_else(lost),
            Err(_) => Err(Error::Unavailable("the database took too long".into())),
        }
    }
}

fn lost(_: oneshot::error::RecvError) -> Result<Answer, Error> {
    Err(Error::Unavailable("the question to the database was given up".into()))
}

/// Asks about all of them, and tells each what came of it. Whoever has gone meanwhile is told nothing.
fn ask(tx: &mut ReadTx, waiting: Vec<Waiting>, cache: &KeyCache, now: Timestamp) {
    let read = read(tx, &waiting, cache, now);
    for Waiting { hash, resource, answer } in waiting {
        let told = match &read {
            Ok((facts, of_kinds)) => Ok(Answer {
                facts: facts.get(&hash).cloned(),
                of_kind: resource.and_then(|name| of_kinds.get(&name).cloned().flatten()),
            }),
            Err(Error::Unavailable(reason) | Error::Unknown(reason)) => Err(Error::Unavailable(reason.clone())),
            Err(error) => Err(Error::Internal(error.to_string())),
        };
        drop(answer.send(told));
    }
}

type Read = (HashMap<SecretHash, Arc<KeyFacts>>, HashMap<ResourceName, Option<Rights>>);

fn read(tx: &mut ReadTx, waiting: &[Waiting], cache: &KeyCache, now: Timestamp) -> Result<Read, Error> {
    if waiting.is_empty() {
        return Ok(Read::default());
    }
    let era = cache.begin();
    let hashes: Vec<SecretHash> = waiting.iter().map(|one| one.hash).collect::<HashSet<_>>().into_iter().collect();
    let known = look_up_all(tx, &hashes, now)?;
    let policies = policies_of_owners(tx, known.values())?;
    let mut of_kinds = HashMap::new();
    for name in waiting.iter().filter_map(|one| one.resource.as_ref()) {
        if !of_kinds.contains_key(name) {
            of_kinds.insert(name.clone(), asked_resource(tx, name)?);
        }
    }
    let mut facts = HashMap::with_capacity(known.len());
    for hash in hashes {
        let Some(known) = known.get(&hash) else {
            cache.keep_unknown(hash, era, now);
            continue;
        };
        let policies = match &known.decided {
            Ok(_) => policies.get(&known.found.owner.id).cloned().unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let read = known.to_facts(cache, policies, (era, now));
        facts.insert(hash, if read.is_of_session { Arc::new(read) } else { cache.keep(hash, read) });
    }
    Ok((facts, of_kinds))
}
