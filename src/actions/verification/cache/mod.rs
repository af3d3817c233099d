//! Facts about keys in memory, so that a verification asks the database once and not each time.
//!
//! What is here is trusted only while the change feed answers ([`lease`]) and nothing that it rests on has changed since it was
//! read ([`eras`]): both are looked at each time. Nothing is ever removed because of a change, so nothing can be forgotten.

mod atomics;
mod eras;
pub mod facts;
mod lease;
mod shared;
mod slots;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
pub use eras::Era;
use eras::Eras;
use facts::{BoundFacts, KeyFacts, OwnerFacts, RightsFacts};
use jiff::SignedDuration;
use lease::Lease;
use quick_cache::sync::Cache;
use shared::Shared;

use crate::domain::change::Change;
use crate::domain::ids::{AccountId, ResourceId};
use crate::domain::keys::presented::Forms;
use crate::domain::keys::secret::SecretHash;
use crate::domain::rights::permission::Rights;
use crate::domain::rights::resource::ResourceName;
use crate::domain::time::clock::{Timestamp, Uptime};

/// Unknown secrets that are remembered: those of scripts that nobody looks at. They never take the slot of keys.
const UNKNOWN: usize = 16_384;
/// How long an unknown secret stays unknown without asking, and a key that is not good stays so: the same, so that the time of an
/// answer tells nothing.
const BAD_FOR: SignedDuration = SignedDuration::from_mins(1);
/// Resources whose kind is remembered, and names of which there is no resource.
const RESOURCES: usize = 65_536;
const NO_RESOURCES: usize = 1_024;

/// Facts in memory.
pub struct KeyCache {
    keys: Cache<SecretHash, Arc<KeyFacts>>,
    unknown: Cache<SecretHash, Unknown>,
    of_kinds: Cache<ResourceName, OfKind>,
    no_resources: Cache<ResourceName, Era>,
    /// The forms in which a request may carry a key.
    forms: Mutex<Option<(Era, Forms)>>,
    /// Apart by whether their policies are known: those of keys that are not good were not asked for.
    owners: Shared<(AccountId, bool), OwnerFacts>,
    rights: Shared<Bytes, RightsFacts>,
    resources: Shared<ResourceId, BoundFacts>,
    eras: Eras,
    lease: Lease,
}

#[derive(Clone, Copy)]
struct Unknown {
    era: Era,
    read_at: Timestamp,
}

#[derive(Clone)]
struct OfKind {
    era: Era,
    /// What keys for the resource can be given.
    rights: Arc<RightsFacts>,
}

/// The database has to be asked.
struct NotKnown;

/// What is known without asking the database.
pub enum Remembered {
    /// No key has this secret.
    Unknown,
    /// The key, and what keys for the resource that is asked for can be given.
    Key(Arc<KeyFacts>, Option<Arc<RightsFacts>>),
}

impl KeyCache {
    /// For so many keys; a change counts on every node after at most `bound` milliseconds.
    pub fn new(keys: usize, bound: u64) -> Self {
        Self {
            keys: Cache::new(keys),
            unknown: Cache::new(UNKNOWN.min(keys)),
            of_kinds: Cache::new(RESOURCES.min(keys)),
            no_resources: Cache::new(NO_RESOURCES.min(keys)),
            forms: Mutex::default(),
            owners: Shared::default(),
            rights: Shared::default(),
            resources: Shared::default(),
            eras: Eras::new(slots::SLOTS),
            lease: Lease::new(bound),
        }
    }

    /// What is known of a secret, and of the resource that is asked for, if all of it is still true.
    pub fn find(
        &self,
        secret: &SecretHash,
        resource: Option<&ResourceName>,
        (now, uptime): (Timestamp, Uptime),
    ) -> Option<Remembered> {
        if !self.lease.is_good(uptime) {
            return None;
        }
        let is_fresh = |read_at: Timestamp| now.since(read_at) < BAD_FOR;
        let Some(facts) = self.keys.get(secret) else {
            let unknown = self.unknown.get(secret).filter(|unknown| is_fresh(unknown.read_at))?;
            return self.has_not_changed(unknown.era, &[]).then_some(Remembered::Unknown);
        };
        let is_good = facts.is_good(now);
        if !is_good && !is_fresh(facts.read_at) {
            return None;
        }
        let of_kind = match resource {
            Some(name) if is_good => self.of_kind(name).ok()?,
            _ => None,
        };
        // Looked at last: so both were true at this moment.
        self.eras.unchanged(facts.era, facts.rests_on()).then_some(Remembered::Key(facts, of_kind))
    }

    /// What keys for a resource can be given; `None` where it is known that there is no such resource.
    fn of_kind(&self, name: &ResourceName) -> Result<Option<Arc<RightsFacts>>, NotKnown> {
        if let Some(OfKind { era, rights }) = self.of_kinds.get(name)
            && self.has_not_changed(era, &[slots::RESOURCES])
        {
            return Ok(Some(rights));
        }
        let era = self.no_resources.get(name).ok_or(NotKnown)?;
        if self.has_not_changed(era, &[slots::RESOURCES]) { Ok(None) } else { Err(NotKnown) }
    }

    fn has_not_changed(&self, era: Era, slots: &[usize]) -> bool {
        self.eras.unchanged(era, slots.iter().copied().chain([slots::EVERYTHING]))
    }

    /// The forms in which a request may carry a key, if they are known.
    pub fn accepted_forms(&self, uptime: Uptime) -> Option<Forms> {
        let (era, forms) = (*self.forms.lock().unwrap_or_else(PoisonError::into_inner))?;
        (self.lease.is_good(uptime) && self.has_not_changed(era, &[])).then_some(forms)
    }

    /// Keeps them.
    pub fn keep_accepted_forms(&self, era: Era, forms: Forms) {
        *self.forms.lock().unwrap_or_else(PoisonError::into_inner) = Some((era, forms));
    }

    /// To be taken before the database is asked for what is kept here.
    pub fn begin(&self) -> Era {
        self.eras.begin()
    }

    /// Keeps what was read about the key of a secret. What many keys have in common is kept once.
    pub fn keep(&self, secret: SecretHash, facts: KeyFacts) -> Arc<KeyFacts> {
        let facts = Arc::new(facts);
        self.keys.insert(secret, Arc::clone(&facts));
        facts
    }

    /// The same owner, kept once.
    pub fn share_owner(&self, owner: OwnerFacts) -> Arc<OwnerFacts> {
        self.owners.share((owner.id, owner.policies.is_empty()), owner)
    }

    /// The same rights, kept once.
    pub fn share_rights(&self, rights: RightsFacts) -> Arc<RightsFacts> {
        self.rights.share(rights.text.clone(), rights)
    }

    /// The same resource, kept once.
    pub fn share_bound(&self, bound: BoundFacts) -> Arc<BoundFacts> {
        self.resources.share(bound.id, bound)
    }

    /// Keeps that no key has this secret, as was read at a moment.
    pub fn keep_unknown(&self, secret: SecretHash, era: Era, read_at: Timestamp) {
        self.keys.remove(&secret); // what it was is over
        self.unknown.insert(secret, Unknown { era, read_at });
    }

    /// Keeps what keys for a resource can be given; `None` when there is no such resource.
    pub fn keep_of_kind(&self, resource: ResourceName, era: Era, rights: Option<Rights>) -> Option<Arc<RightsFacts>> {
        let Some(rights) = rights else {
            self.no_resources.insert(resource, era);
            return None;
        };
        let rights = self.share_rights(RightsFacts::of(rights));
        self.of_kinds.insert(resource, OfKind { era, rights: Arc::clone(&rights) });
        Some(rights)
    }

    /// Takes in changes that are committed: what rests on them counts no more.
    pub fn note(&self, changes: &[Change]) {
        self.eras.note(changes.iter().copied().flat_map(slots::of));
    }

    /// The change feed answered a question that was asked then, and its changes are noted.
    pub fn renew(&self, asked_at: Uptime) {
        self.lease.renew(asked_at);
    }

    /// For how much longer what is here is trusted without another answer.
    pub fn trusted_for(&self, now: Uptime) -> Duration {
        self.lease.left(now)
    }

    /// How many keys are known.
    pub fn count(&self) -> usize {
        self.keys.len()
    }
}
