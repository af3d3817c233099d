//! When and from where keys were used: noted in memory, flushed in batches. Verification never waits for a write.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Db, Error, Store, asked_permissions, keys, usage};
use crate::domain::api_key::{ApiKey, Use};
use crate::domain::clock::Moment;
use crate::domain::permission::PermissionName;

/// Uses that are not written yet, by the key's id.
#[derive(Default)]
pub struct UseLog {
    pending: Mutex<HashMap<i64, Uses>>,
}

#[derive(Clone)]
struct Uses {
    latest: Use,
    count: i64,
    /// Permissions that were asked of the key, and that it had.
    asked: BTreeMap<PermissionName, Moment>,
}

impl Uses {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        for (name, at) in other.asked {
            let latest = self.asked.entry(name).or_insert(at);
            *latest = at.max(*latest);
        }
        if other.latest.at > self.latest.at {
            self.latest = other.latest;
        }
    }
}

impl UseLog {
    /// Notes one use, and what was asked of the key. Never fails, never waits for the database.
    pub fn note<'a>(&self, key: i64, latest: Use, asked: impl Iterator<Item = &'a PermissionName>) {
        let mut pending = self.lock();
        let at = latest.at;
        let empty = || Uses { latest: latest.clone(), count: 0, asked: BTreeMap::new() };
        let uses = pending.entry(key).or_insert_with(empty);
        for name in asked {
            match uses.asked.get_mut(name) {
                Some(latest) => *latest = at.max(*latest),
                None => drop(uses.asked.insert(name.clone(), at)),
            }
        }
        uses.add(Uses { latest, count: 1, asked: BTreeMap::new() });
    }

    /// Adds what was asked and is not written yet to what was read from the database.
    pub fn complete_asked(&self, key: i64, asked: &mut BTreeMap<PermissionName, Moment>) {
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
        let mut noted: Vec<(i64, Uses)> = taken.into_iter().collect();
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

    fn merge(&self, key: i64, uses: Uses) {
        match self.lock().entry(key) {
            std::collections::hash_map::Entry::Occupied(mut noted) => noted.get_mut().add(uses),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(uses);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Uses>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(store: &Store, batch: Vec<(i64, Uses)>) -> Result<(), Error> {
    let write = move |db: &mut Db| {
        batch.iter().try_for_each(|(key, uses)| keys::add_uses(db, *key, &uses.latest, uses.count))?;
        let asked = batch.iter().flat_map(|(key, uses)| uses.asked.iter().map(|(name, at)| (*key, name, *at)));
        let asked: Vec<(i64, &PermissionName, Moment)> = asked.collect();
        asked_permissions::add(db, &asked)?;
        let day = |uses: &Uses| usage::day_of(uses.latest.at);
        let counted = |uses: &Uses| usage::Counts { uses: uses.count, refusals: 0 };
        let counts = batch.iter().map(|(key, uses)| ((Some(*key), day(uses)), counted(uses))).collect();
        usage::add(db, &counts)
    };
    store.write(write).await
}
