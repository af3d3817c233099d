//! Which facts in memory may have changed since they were read: no walk over them, no lock, no list of who rests on what.
//!
//! A number counts the changes. Before somebody asks the database, they take it along; each change is noted as the latest of what it
//! concerns. What was read before the latest change of anything that it rests on counts no more. The order is what makes that right:
//! the number is taken before the database is asked, and a change is noted after it was committed and before anybody learns that
//! it is done. So what is good here was read after the change, whatever ran at the same time (`models/` tries all orders).

use super::atomics::{AtomicU64, Ordering};

/// When something was read: how many changes there had been before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Era(u64);

/// The latest change of each thing that facts rest on. Things share a slot when there are many: then a change of one has the facts
/// that rest on the other read anew as well.
pub struct Eras {
    latest: AtomicU64,
    slots: Box<[AtomicU64]>,
}

impl Eras {
    /// With so many slots.
    pub fn new(slots: usize) -> Self {
        Self { latest: AtomicU64::new(0), slots: (0..slots).map(|_| AtomicU64::new(0)).collect() }
    }

    /// To be taken before the database is asked.
    pub fn begin(&self) -> Era {
        Era(self.latest.load(Ordering::SeqCst))
    }

    /// Notes a change that is committed.
    pub fn note(&self, slots: impl IntoIterator<Item = usize>) {
        let era = self.latest.fetch_add(1, Ordering::SeqCst) + 1;
        for slot in slots {
            self.slots[slot].fetch_max(era, Ordering::SeqCst);
        }
    }

    /// Has nothing changed at these slots since?
    pub fn unchanged(&self, since: Era, mut slots: impl Iterator<Item = usize>) -> bool {
        slots.all(|slot| self.slots[slot].load(Ordering::Acquire) <= since.0)
    }
}
