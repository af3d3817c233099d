//! What threads do at the same time, in all orders in which they can do it. The types are those of Claviger, on other atomics.
//! `cargo test --manifest-path models/Cargo.toml`

#![cfg(test)]

mod atomics {
    pub use loom::sync::atomic::{AtomicU64, Ordering};
}

#[path = "../../src/actions/verification/cache/eras.rs"]
mod eras;

use std::iter::once;

use atomics::{AtomicU64, Ordering};
use eras::Eras;
use loom::sync::Arc;
use loom::thread;

const GOOD: u64 = 0;
const REVOKED: u64 = 1;

/// The database: one key.
#[derive(Default)]
struct Database(AtomicU64);

impl Database {
    fn read(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn commit(&self, state: u64) {
        self.0.store(state, Ordering::SeqCst);
    }
}

/// Reads a key while another thread revokes it; then the revocation is done. What was read and still counts must not be "good".
fn rule_8_holds(read: fn(&Eras, &Database) -> (eras::Era, u64), revoke: fn(&Eras, &Database)) {
    loom::model(move || {
        let (eras, database) = (Arc::new(Eras::new(2)), Arc::new(Database::default()));
        let revoking = {
            let (eras, database) = (Arc::clone(&eras), Arc::clone(&database));
            thread::spawn(move || revoke(&eras, &database))
        };
        let (era, state) = read(&eras, &database);
        revoking.join().unwrap();
        assert!(state == REVOKED || !eras.unchanged(era, once(0)), "a revoked key is good in memory");
    });
}

fn read(eras: &Eras, database: &Database) -> (eras::Era, u64) {
    let era = eras.begin();
    (era, database.read())
}

fn revoke(eras: &Eras, database: &Database) {
    database.commit(REVOKED);
    eras.note(once(0));
}

#[test]
fn rule_8_what_was_read_before_a_revocation_counts_no_more_when_it_is_done() {
    rule_8_holds(read, revoke);
}

/// Two revocations at once: the one that is noted first has the lower number, and may be noted at its slot last. In all orders in
/// which a thread is interrupted twice: all orders take a minute.
#[test]
fn rule_8_two_changes_at_once_hide_neither() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let eras = Arc::new(Eras::new(2));
        let databases = Arc::new([Database::default(), Database::default()]);
        let revoking = [0, 1].map(|key| {
            let (eras, databases) = (Arc::clone(&eras), Arc::clone(&databases));
            thread::spawn(move || {
                databases[key].commit(REVOKED);
                eras.note([0, 1]); // they share a slot
            })
        });
        let era = eras.begin();
        let states = [databases[0].read(), databases[1].read()];
        for thread in revoking {
            thread.join().unwrap();
        }
        let counts = eras.unchanged(era, [0, 1].into_iter());
        assert!(!counts || states == [REVOKED; 2], "a revoked key is good in memory: {states:?}");
    });
}

/// The model finds the fault when the number is taken too late.
#[test]
#[should_panic(expected = "a revoked key is good in memory")]
fn a_number_that_is_taken_after_the_database_is_asked_is_too_late() {
    rule_8_holds(
        |eras, database| {
            let state = database.read();
            (eras.begin(), state)
        },
        revoke,
    );
}

/// And when a change is noted too early.
#[test]
#[should_panic(expected = "a revoked key is good in memory")]
fn a_change_that_is_noted_before_it_is_committed_is_too_early() {
    rule_8_holds(read, |eras, database| {
        eras.note(once(0));
        database.commit(REVOKED);
    });
}

/// What is read after a change counts, or nothing would ever be kept.
#[test]
fn what_is_read_after_a_change_counts() {
    loom::model(|| {
        let (eras, database) = (Eras::new(2), Database(AtomicU64::new(GOOD)));
        revoke(&eras, &database);
        let (era, state) = read(&eras, &database);
        assert!(state == REVOKED && eras.unchanged(era, once(0)));
        eras.note(once(1));
        assert!(eras.unchanged(era, once(0)), "something else changed");
        assert!(!eras.unchanged(era, [0, 1].into_iter()));
    });
}
