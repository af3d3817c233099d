//! Facts about keys in memory, so that a verification asks the database once and not each time.
//!
//! What is here is trusted only while the change feed answers ([`lease`]) and nothing that it rests on has changed since it was
//! read ([`eras`]): both are looked at each time. Nothing is ever removed because of a change, so nothing can be forgotten.

mod atomics;
mod eras;
pub mod facts;
mod lease;
mod places;
mod shared;

use std::sync::Arc;

use bytes::Bytes;
pub use eras::Era;
use eras::Eras;
use facts::{BoundFacts, KeyFacts, OwnerFacts, RightsFacts};
use lease::Lease;
use quick_cache::sync::Cache;
use shared::Shared;

use crate::domain::change::Change;
use crate::domain::ids::{AccountId, ResourceId};
use crate::domain::keys::secret::SecretHash;
use crate::domain::rights::permission::Rights;
use crate::domain::rights::resource::ResourceName;
use crate::domain::time::clock::{Timestamp, Uptime};

/// Unknown secrets that are remembered: those of scripts that nobody looks at. They never take the place of keys.
const UNKNOWN: usize = 16_384;
/// How long an unknown secret stays unknown without asking, in milliseconds.
const UNKNOWN_FOR: u64 = 10_000;
/// Resources whose kind is remembered.
const RESOURCES: usize = 65_536;

/// Facts in memory.
pub struct KeyCache {
    keys: Cache<SecretHash, Arc<KeyFacts>>,
    unknown: Cache<SecretHash, Unknown>,
    of_kinds: Cache<ResourceName, OfKind>,
    owners: Shared<AccountId, OwnerFacts>,
    rights: Shared<Bytes, RightsFacts>,
    resources: Shared<ResourceId, BoundFacts>,
    eras: Eras,
    lease: Lease,
}

#[derive(Clone, Copy)]
struct Unknown {
    era: Era,
    until: Uptime,
}

#[derive(Clone)]
struct OfKind {
    era: Era,
    /// What keys for the resource can be given; `None` when there is no such resource.
    rights: Option<Arc<Rights>>,
}

/// What is known without asking the database.
pub enum Remembered {
    /// No key has this secret.
    Unknown,
    /// The key, and what keys for the resource that is asked for can be given.
    Key(Arc<KeyFacts>, Option<Arc<Rights>>),
}

impl KeyCache {
    /// For so many keys; a change counts on every node after at most `bound` milliseconds.
    pub fn new(keys: usize, bound: u64) -> Self {
        Self {
            keys: Cache::new(keys),
            unknown: Cache::new(UNKNOWN.min(keys)),
            of_kinds: Cache::new(RESOURCES.min(keys)),
            owners: Shared::default(),
            rights: Shared::default(),
            resources: Shared::default(),
            eras: Eras::new(places::PLACES),
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
        let Some(facts) = self.keys.get(secret) else {
            let unknown = self.unknown.get(secret).filter(|unknown| uptime < unknown.until)?;
            let unchanged = self.eras.unchanged(unknown.era, std::iter::once(places::EVERYTHING));
            return unchanged.then_some(Remembered::Unknown);
        };
        let of_kind = match resource {
            Some(name) if facts.is_good(now) => {
                let known = self.of_kinds.get(name)?;
                let rests_on = [places::EVERYTHING, places::RESOURCES].into_iter();
                self.eras.unchanged(known.era, rests_on).then_some(known.rights)?
            }
            _ => None,
        };
        // Looked at last: so both were true at this moment.
        self.eras.unchanged(facts.era, facts.rests_on()).then_some(Remembered::Key(facts, of_kind))
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
        self.owners.share(owner.id, owner)
    }

    /// The same rights, kept once.
    pub fn share_rights(&self, rights: RightsFacts) -> Arc<RightsFacts> {
        self.rights.share(rights.text.clone(), rights)
    }

    /// The same resource, kept once.
    pub fn share_bound(&self, bound: BoundFacts) -> Arc<BoundFacts> {
        self.resources.share(bound.id, bound)
    }

    /// Keeps that no key has this secret, as was read at `now`.
    pub fn keep_unknown(&self, secret: SecretHash, era: Era, now: Uptime) {
        self.unknown.insert(secret, Unknown { era, until: now.plus_millis(UNKNOWN_FOR) });
    }

    /// Keeps what keys for a resource can be given; `None` when there is no such resource.
    pub fn keep_of_kind(&self, resource: ResourceName, era: Era, rights: Option<Rights>) -> Option<Arc<Rights>> {
        let rights = rights.map(Arc::new);
        self.of_kinds.insert(resource, OfKind { era, rights: rights.clone() });
        rights
    }

    /// Takes in changes that are committed: what rests on them counts no more.
    pub fn note(&self, changes: &[Change]) {
        self.eras.note(changes.iter().copied().flat_map(places::of));
    }

    /// The change feed answered a question that was asked then, and its changes are noted.
    pub fn renew(&self, asked_at: Uptime) {
        self.lease.renew(asked_at);
    }

    /// Is what is here trusted at this moment?
    pub fn is_trusted(&self, now: Uptime) -> bool {
        self.lease.is_good(now)
    }

    /// How many keys are known.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Is none known?
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
