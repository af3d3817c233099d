//! Where the changes of a thing are noted: see [`super::eras`].

use crate::domain::change::Change;
use crate::domain::ids::{AccountId, KeyId, PolicyId, ResourceId};

/// Of everything.
pub const EVERYTHING: usize = 0;
/// Of any resource: whether there is one of some name, and what keys for it can be given.
pub const RESOURCES: usize = 1;

const POLICIES: Range = Range { first: 2, bits: 10 };
const BOUND: Range = Range { first: POLICIES.end(), bits: 14 };
const OWNERS: Range = Range { first: BOUND.end(), bits: 16 };
/// So many that bulk work on 100,000 keys leaves four of five others in memory.
const KEYS: Range = Range { first: OWNERS.end(), bits: 19 };

/// How many slots there are: 5 MB.
pub const SLOTS: usize = KEYS.end();

struct Range {
    first: usize,
    bits: u32,
}

impl Range {
    const fn end(&self) -> usize {
        self.first + (1 << self.bits)
    }

    /// Numbers that follow each other have slots of their own.
    fn of(&self, id: i64) -> usize {
        let mask = (1_u64 << self.bits) - 1;
        self.first + usize::try_from(id.unsigned_abs() & mask).unwrap_or(0)
    }
}

/// Of a key.
pub fn key(id: KeyId) -> usize {
    KEYS.of(id.0)
}

/// Of the owner of keys.
pub fn owner(id: AccountId) -> usize {
    OWNERS.of(id.0)
}

/// Of a policy.
pub fn policy(id: PolicyId) -> usize {
    POLICIES.of(id.0)
}

/// Of a resource that keys are bound to.
pub fn bound(id: ResourceId) -> usize {
    BOUND.of(id.0)
}

/// The slots of a change.
pub fn of(change: Change) -> impl Iterator<Item = usize> {
    let (one, other) = match change {
        Change::Everything => (EVERYTHING, None),
        Change::Key(id) => (key(id), None),
        Change::Owner(id) => (owner(id), None),
        Change::Policy(id) => (policy(id), None),
        Change::Resource(id) => (bound(id), Some(RESOURCES)),
    };
    std::iter::once(one).chain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_thing_has_slots_of_its_own() {
        let ids = [0, 1, 1 << 10, i64::MAX, i64::MIN, -1];
        let mut slots: Vec<(usize, usize)> = Vec::new();
        let all: [fn(i64) -> usize; 4] =
            [|id| policy(PolicyId(id)), |id| bound(ResourceId(id)), |id| owner(AccountId(id)), |id| key(KeyId(id))];
        for of in all {
            let of_kind = ids.map(of);
            slots.push((*of_kind.iter().min().unwrap(), *of_kind.iter().max().unwrap()));
        }
        assert!(slots[0].0 > RESOURCES && slots[3].1 < SLOTS, "{slots:?}");
        assert!(slots.windows(2).all(|pair| pair[0].1 < pair[1].0), "{slots:?}");
    }
}
