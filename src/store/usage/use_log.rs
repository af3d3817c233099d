//! When and from where keys were used: noted in memory, flushed in batches. Verification never waits for a write.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::domain::ids::KeyId;
use crate::domain::keys::api_key::{ApiKey, Use};
use crate::domain::rights::permission::PermissionName;
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::domain::usage::UsedFrom;
use crate::store::keys::addresses;
use crate::store::keys::asked_permissions;
use crate::store::{Error, Store, WriteTx, dialect, json, usage};

/// Parts of the log, so that those who note uses of different keys do not wait for each other.
const PARTS: usize = 64;

/// Uses that are not written yet, by the key's id, in parts.
pub struct UseLog {
    parts: [Mutex<HashMap<KeyId, Uses>>; PARTS],
    /// How long the last write of everything took, in milliseconds.
    took: AtomicU64,
}

impl Default for UseLog {
    fn default() -> Self {
        Self { parts: std::array::from_fn(|_| Mutex::default()), took: AtomicU64::new(0) }
    }
}

/// Uses of one key since the last write.
#[derive(Clone, Default)]
struct Uses {
    count: i64,
    /// Permissions that were asked of the key, and that it had.
    asked: BTreeMap<PermissionName, Timestamp>,
    /// From where, for the first few addresses of each flush.
    addresses: Vec<AddressUses>,
    /// From all others; the address is the latest.
    others: Option<Box<AddressUses>>,
}

/// Uses from one address.
#[derive(Clone)]
struct AddressUses {
    address: Option<IpAddr>,
    agent: String,
    uses: i64,
    first_at: Timestamp,
    last_at: Timestamp,
}

/// Addresses of a key that are told apart between two writes.
const MOST_ADDRESSES: usize = 16;
/// Longer `User-Agent`s are cut, in characters.
const LONGEST_AGENT: usize = 200;

impl AddressUses {
    fn use_at(&mut self, at: Timestamp, agent: &str) {
        self.uses += 1;
        self.first_at = self.first_at.min(at);
        if at >= self.last_at {
            self.last_at = at;
            if self.agent != agent {
                self.agent = text::excerpt(agent, LONGEST_AGENT);
            }
        }
    }

    fn add(&mut self, other: Self) {
        self.uses += other.uses;
        self.first_at = self.first_at.min(other.first_at);
        if other.last_at >= self.last_at {
            (self.address, self.last_at, self.agent) = (other.address, other.last_at, other.agent);
        }
    }

    fn text(&self) -> String {
        self.address.map(|address| address.to_string()).unwrap_or_default()
    }

    fn latest(&self) -> Use {
        Use { at: self.last_at, address: self.text(), agent: self.agent.clone() }
    }

    fn used_from(&self) -> UsedFrom {
        let (uses, first_at, last_at) = (self.uses, self.first_at, self.last_at);
        UsedFrom { address: self.text(), agent: self.agent.clone(), uses, first_at, last_at }
    }
}

impl Uses {
    fn use_at(&mut self, at: Timestamp, address: Option<IpAddr>, agent: &str) {
        self.count += 1;
        if let Some(known) = self.uses_from(address) {
            known.use_at(at, agent);
            return;
        }
        let agent = text::excerpt(agent, LONGEST_AGENT);
        self.add_address(AddressUses { address, agent, uses: 1, first_at: at, last_at: at });
    }

    fn uses_from(&mut self, address: Option<IpAddr>) -> Option<&mut AddressUses> {
        self.addresses.iter_mut().find(|uses| uses.address == address)
    }

    /// Adds uses from an address that is not told apart yet.
    fn add_address(&mut self, uses: AddressUses) {
        if self.addresses.len() < MOST_ADDRESSES {
            self.addresses.reserve_exact(1); // most keys have one
            self.addresses.push(uses);
        } else {
            self.add_others(Box::new(uses));
        }
    }

    fn add_others(&mut self, others: Box<AddressUses>) {
        match &mut self.others {
            Some(known) => known.add(*others),
            None => self.others = Some(others),
        }
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        for (name, at) in other.asked {
            let latest = self.asked.entry(name).or_insert(at);
            *latest = at.max(*latest);
        }
        for uses in other.addresses {
            match self.uses_from(uses.address) {
                Some(known) => known.add(uses),
                None => self.add_address(uses),
            }
        }
        other.others.into_iter().for_each(|others| self.add_others(others));
    }

    fn latest(&self) -> Option<Use> {
        let all = self.addresses.iter().chain(self.others.as_deref());
        all.max_by_key(|uses| uses.last_at).map(AddressUses::latest)
    }

    /// The addresses that are told apart.
    fn used_from(&self) -> impl Iterator<Item = UsedFrom> {
        self.addresses.iter().map(AddressUses::used_from)
    }
}

impl UseLog {
    /// Notes one use, and what was asked of the key. Never fails, never waits for the database; copies nothing where the use before
    /// it was of the same kind.
    pub fn note<'a>(
        &self,
        key: KeyId,
        at: Timestamp,
        address: Option<IpAddr>,
        agent: &str,
        asked: impl Iterator<Item = &'a PermissionName>,
    ) {
        let mut part = self.part(key);
        let uses = part.entry(key).or_default();
        for name in asked {
            match uses.asked.get_mut(name) {
                Some(latest) => *latest = at.max(*latest),
                None => drop(uses.asked.insert(name.clone(), at)),
            }
        }
        uses.use_at(at, address, agent);
    }

    /// How many keys have uses that are not written yet.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| lock(part).len()).sum()
    }

    /// Is everything written?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds the uses that are not written yet to what was read from the database: addresses, the latest first.
    pub fn complete_addresses(&self, key: KeyId, addresses: &mut Vec<UsedFrom>) {
        let pending: Vec<UsedFrom> =
            self.part(key).get(&key).map(|uses| uses.used_from().collect()).unwrap_or_default();
        for from in pending {
            match addresses.iter_mut().find(|known| known.address == from.address) {
                Some(known) => {
                    (known.uses, known.last_at, known.agent) = (known.uses + from.uses, from.last_at, from.agent);
                }
                None => addresses.push(from),
            }
        }
        addresses.sort_by_key(|from| std::cmp::Reverse(from.last_at));
    }

    /// How often a key was used since the last write, on the day of its latest use.
    pub fn pending(&self, key: KeyId) -> Option<(i64, i64)> {
        self.part(key).get(&key).and_then(|uses| Some((uses.latest()?.at.day_number(), uses.count)))
    }

    /// Adds what was asked and is not written yet to what was read from the database.
    pub fn complete_asked(&self, key: KeyId, asked: &mut BTreeMap<PermissionName, Timestamp>) {
        if let Some(uses) = self.part(key).get(&key) {
            for (name, at) in &uses.asked {
                let latest = asked.entry(name.clone()).or_insert(*at);
                *latest = (*at).max(*latest);
            }
        }
    }

    /// Adds the uses that are not written yet to a key that was read from the database.
    pub fn complete(&self, key: &mut ApiKey) {
        if let Some(uses) = self.part(key.id).get(&key.id) {
            key.use_count += uses.count;
            let latest = uses.latest();
            if latest.as_ref().map(|latest| latest.at) > key.last_use.as_ref().map(|written| written.at) {
                key.last_use = latest;
            }
        }
    }

    /// Writes everything noted so far, in short transactions. What could not be written stays noted.
    pub async fn flush(&self, store: &Store) -> Result<usize, Error> {
        let began = Instant::now();
        let written = self.write_all(store).await;
        self.took.store(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        written
    }

    /// How long the last write of everything took.
    pub fn took(&self) -> Duration {
        Duration::from_millis(self.took.load(Ordering::Relaxed))
    }

    async fn write_all(&self, store: &Store) -> Result<usize, Error> {
        let parts = self.parts.iter().map(|part| std::mem::take(&mut *lock(part)));
        let mut noted: Vec<(KeyId, Uses)> = parts.flatten().collect();
        noted.sort_unstable_by_key(|(key, _)| *key); // one order of locks on every node: no deadlock
        let mut written = 0;
        for batch in noted.chunks(usage::BATCH) {
            if let Err(error) = write(store, batch.to_vec()).await {
                for (key, uses) in noted.split_off(written) {
                    self.merge(key, uses);
                }
                return Err(error);
            }
            written += batch.len();
        }
        Ok(written)
    }

    fn merge(&self, key: KeyId, uses: Uses) {
        match self.part(key).entry(key) {
            std::collections::hash_map::Entry::Occupied(mut noted) => noted.get_mut().add(uses),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(uses);
            }
        }
    }

    fn part(&self, key: KeyId) -> MutexGuard<'_, HashMap<KeyId, Uses>> {
        lock(&self.parts[usize::try_from(key.0.unsigned_abs()).unwrap_or(0) % PARTS])
    }
}

fn lock(part: &Mutex<HashMap<KeyId, Uses>>) -> MutexGuard<'_, HashMap<KeyId, Uses>> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn write(store: &Store, batch: Vec<(KeyId, Uses)>) -> Result<(), Error> {
    let write = move |tx: &mut WriteTx| {
        let ids: Vec<KeyId> = batch.iter().map(|(key, _)| *key).collect();
        dialect::lock_keys(tx.db(), &ids)?; // in one order, whatever order the database changes them in
        let latest: Vec<Latest> = batch.iter().filter_map(|(key, uses)| Latest::of(*key, uses)).collect();
        let rows = json::text(&latest)?;
        tx.write_with(|db| dialect::add_uses(db, &rows))?;
        let from = batch.iter().flat_map(|(key, uses)| uses.used_from().map(|from| (*key, from)));
        addresses::add(tx, &from.collect::<Vec<_>>())?;
        let asked = batch.iter().flat_map(|(key, uses)| uses.asked.iter().map(|(name, at)| (*key, name, *at)));
        let asked: Vec<(KeyId, &PermissionName, Timestamp)> = asked.collect();
        asked_permissions::add(tx, &asked)?;
        let counted = |uses: &Uses| usage::Counts { uses: uses.count, refusals: 0 };
        let of_day = |(key, uses): &(KeyId, Uses)| Some(((Some(*key), uses.latest()?.at.day_number()), counted(uses)));
        let counts = batch.iter().filter_map(of_day).collect();
        usage::add(tx, &counts)
    };
    store.write_unaudited("uses are counted, not logged", write).await
}

/// The latest use of a key and how many there were, as the database takes them.
#[derive(Serialize)]
struct Latest {
    key: KeyId,
    at: i64,
    address: String,
    agent: String,
    uses: i64,
}

impl Latest {
    fn of(key: KeyId, uses: &Uses) -> Option<Self> {
        let Use { at, address, agent } = uses.latest()?;
        Some(Self { key, at: at.0, address, agent, uses: uses.count })
    }
}
