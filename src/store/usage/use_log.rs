//! When and from where keys were used: noted in memory, flushed in batches. Verification never waits for a write.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::ids::KeyId;
use crate::domain::keys::api_key::{ApiKey, Use};
use crate::domain::rights::permission::PermissionName;
use crate::domain::time::clock::Timestamp;
use crate::domain::usage::UsedFrom;
use crate::store::keys::addresses;
use crate::store::keys::asked_permissions;
use crate::store::{Error, Store, WriteTx, keys, usage};

/// Uses that are not written yet, by the key's id.
#[derive(Default)]
pub struct UseLog {
    pending: Mutex<HashMap<KeyId, Uses>>,
}

#[derive(Clone)]
struct Uses {
    latest: Use,
    count: i64,
    /// Permissions that were asked of the key, and that it had.
    asked: BTreeMap<PermissionName, Timestamp>,
    /// From where, for the first few addresses of each flush.
    addresses: BTreeMap<String, UsedFrom>,
}

/// Addresses of a key that are told apart between two writes.
const MOST_ADDRESSES: usize = 16;

impl Uses {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        for (name, at) in other.asked {
            let latest = self.asked.entry(name).or_insert(at);
            *latest = at.max(*latest);
        }
        for from in other.addresses.into_values() {
            self.add_address(from);
        }
        if other.latest.at > self.latest.at {
            self.latest = other.latest;
        }
    }

    fn add_address(&mut self, from: UsedFrom) {
        if let Some(known) = self.addresses.get_mut(&from.address) {
            known.uses += from.uses;
            known.first_at = known.first_at.min(from.first_at);
            if from.last_at >= known.last_at {
                (known.last_at, known.agent) = (from.last_at, from.agent);
            }
        } else if self.addresses.len() < MOST_ADDRESSES {
            self.addresses.insert(from.address.clone(), from);
        }
    }
}

impl From<&Use> for UsedFrom {
    fn from(one: &Use) -> Self {
        let (address, agent) = (one.address.clone(), one.agent.clone());
        Self { address, agent, uses: 1, first_at: one.at, last_at: one.at }
    }
}

impl UseLog {
    /// Notes one use, and what was asked of the key. Never fails, never waits for the database.
    pub fn note<'a>(&self, key: KeyId, latest: Use, asked: impl Iterator<Item = &'a PermissionName>) {
        let mut pending = self.lock();
        let at = latest.at;
        let from = UsedFrom::from(&latest);
        let nothing = || (BTreeMap::new(), BTreeMap::new());
        let empty = || {
            let (asked, addresses) = nothing();
            Uses { latest: latest.clone(), count: 0, asked, addresses }
        };
        let uses = pending.entry(key).or_insert_with(empty);
        for name in asked {
            match uses.asked.get_mut(name) {
                Some(latest) => *latest = at.max(*latest),
                None => drop(uses.asked.insert(name.clone(), at)),
            }
        }
        uses.add_address(from);
        let (asked, addresses) = nothing();
        uses.add(Uses { latest, count: 1, asked, addresses });
    }

    /// Adds the uses that are not written yet to what was read from the database: addresses, the latest first.
    pub fn complete_addresses(&self, key: KeyId, addresses: &mut Vec<UsedFrom>) {
        let pending = self.lock().get(&key).map(|uses| uses.addresses.clone()).unwrap_or_default();
        for from in pending.into_values() {
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
        self.lock().get(&key).map(|uses| (uses.latest.at.day_number(), uses.count))
    }

    /// Adds what was asked and is not written yet to what was read from the database.
    pub fn complete_asked(&self, key: KeyId, asked: &mut BTreeMap<PermissionName, Timestamp>) {
        if let Some(uses) = self.lock().get(&key) {
            for (name, at) in &uses.asked {
                let latest = asked.entry(name.clone()).or_insert(*at);
                *latest = (*at).max(*latest);
            }
        }
    }

    /// Adds the uses that are not written yet to a key that was read from the database.
    pub fn complete(&self, key: &mut ApiKey) {
        if let Some(uses) = self.lock().get(&key.id) {
            key.use_count += uses.count;
            if key.last_use.as_ref().is_none_or(|written| written.at < uses.latest.at) {
                key.last_use = Some(uses.latest.clone());
            }
        }
    }

    /// Writes everything noted so far, in short transactions. What could not be written stays noted.
    pub async fn flush(&self, store: &Store) -> Result<usize, Error> {
        let taken = std::mem::take(&mut *self.lock());
        let mut noted: Vec<(KeyId, Uses)> = taken.into_iter().collect();
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
        match self.lock().entry(key) {
            std::collections::hash_map::Entry::Occupied(mut noted) => noted.get_mut().add(uses),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(uses);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<KeyId, Uses>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(store: &Store, batch: Vec<(KeyId, Uses)>) -> Result<(), Error> {
    let write = move |tx: &mut WriteTx| {
        for (key, uses) in &batch {
            if keys::add_uses(tx, *key, &uses.latest, uses.count)? {
                uses.addresses.values().try_for_each(|from| addresses::add(tx, *key, from))?;
            }
        }
        let asked = batch.iter().flat_map(|(key, uses)| uses.asked.iter().map(|(name, at)| (*key, name, *at)));
        let asked: Vec<(KeyId, &PermissionName, Timestamp)> = asked.collect();
        asked_permissions::add(tx, &asked)?;
        let day = |uses: &Uses| uses.latest.at.day_number();
        let counted = |uses: &Uses| usage::Counts { uses: uses.count, refusals: 0 };
        let counts = batch.iter().map(|(key, uses)| ((Some(*key), day(uses)), counted(uses))).collect();
        usage::add(tx, &counts)
    };
    store.write_unaudited("uses are counted, not logged", write).await
}
