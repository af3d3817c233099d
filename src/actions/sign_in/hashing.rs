//! Where passwords are hashed, and the few seats before it.
//!
//! A hash takes about 40 ms of a core and 19 MiB. Without a bound, a flood of sign-ins takes the machine away from
//! verification (docs/rules.md, F1); so one core in four hashes, four jobs may wait, and the next is refused at once. One more seat is
//! for those who come from where they signed in before: a flood of strangers does not keep them out.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, TryAcquireError};

use crate::actions::Error;
use crate::domain::accounts::password::Memory;

/// Jobs that wait or run, besides those for which there is a core.
const SEATS: usize = 4;
/// Seats for those who come from where they signed in before.
const SEATS_OF_KNOWN: usize = 1;

/// Runs password hashing beside everything else.
pub struct Hashing {
    seats: Arc<Semaphore>,
    seats_of_known: Arc<Semaphore>,
    cores: Arc<Semaphore>,
    /// What a hash works in goes from one to the next: given back to the allocator each time, it stays with the process all
    /// the same, several times over.
    memories: Arc<Mutex<Vec<Memory>>>,
}

impl Hashing {
    /// One core in four hashes.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from).div_ceil(4);
        let memories = (0..cores).map(|_| Memory::default()).collect();
        Self {
            seats: Arc::new(Semaphore::new(SEATS + cores)),
            seats_of_known: Arc::new(Semaphore::new(SEATS_OF_KNOWN)),
            cores: Arc::new(Semaphore::new(cores)),
            memories: Arc::new(Mutex::new(memories)),
        }
    }

    /// Runs `job`. When all seats are taken: refused at once.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Error> {
        self.run_for(false, job).await
    }

    /// As [`Self::run`]; `is_known` is for somebody who comes from where they signed in before.
    pub async fn run_for<T: Send + 'static>(
        &self,
        is_known: bool,
        job: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let seat = match Arc::clone(&self.seats).try_acquire_owned() {
            Err(TryAcquireError::NoPermits) if is_known => Arc::clone(&self.seats_of_known).try_acquire_owned(),
            seat => seat,
        };
        let seat = seat.map_err(|_| Error::TooMany {
            text: "Too many people are signing in at this moment. Try again in a few seconds.".into(),
            retry_after: 2,
        })?;
        let core = Arc::clone(&self.cores).acquire_owned().await;
        let core = core.map_err(|_| Error::Internal("hashing has ended".into()))?;
        let memories = Arc::clone(&self.memories);
        let hop = tokio::task::spawn_blocking(move || {
            let _until_done = (seat, core);
            let take = || memories.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut memory = take().unwrap_or_default(); // one that panicked did not give its back
            let done = job(&mut memory);
            memories.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            done
        });
        hop.await.map_err(|panic| Error::Internal(panic.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_takes_no_seat_with_it() {
        let hashing = Hashing::new();
        for _ in 0..20 {
            let failed = hashing.run(|_| panic!("the panic that the test asks for")).await;
            assert!(matches!(failed, Err::<(), _>(Error::Internal(_))));
        }
        assert_eq!(hashing.run(|_| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn when_all_seats_are_taken_one_is_left_for_those_who_are_known() {
        let hashing = Arc::new(Hashing::new());
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        let mut waiting = Vec::new();
        while hashing.seats.available_permits() > 0 {
            let (hashing, wait) = (Arc::clone(&hashing), Arc::clone(&wait));
            waiting.push(tokio::spawn(async move { hashing.run(move |_| wait.lock().unwrap().recv().is_ok()).await }));
            tokio::task::yield_now().await;
        }
        assert!(matches!(hashing.run(|_| ()).await, Err(Error::TooMany { .. })));
        let known = {
            let hashing = Arc::clone(&hashing);
            tokio::spawn(async move { hashing.run_for(true, |_| ()).await })
        };
        while hashing.seats_of_known.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(hashing.run_for(true, |_| ()).await, Err(Error::TooMany { .. })), "one seat");
        for _ in &waiting {
            go.send(()).unwrap();
        }
        assert!(known.await.unwrap().is_ok());
        for one in waiting {
            assert!(one.await.unwrap().unwrap());
        }
    }
}
