//! The threads that hash passwords, and the few seats before them.
//!
//! A hash takes about 40 ms of a core and 19 MiB. Without a bound, a flood of sign-ins takes the machine away from
//! verification (SECURITY F1); so one core in four hashes, four jobs may wait, and the next is refused at once.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::Error;

const SEATS: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

/// Runs password hashing beside everything else.
pub struct HashingThreads {
    seats: SyncSender<Job>,
}

impl HashingThreads {
    /// Starts the threads; they end when this value is dropped.
    pub fn start() -> Self {
        let (seats, jobs) = sync_channel::<Job>(SEATS);
        let jobs = Arc::new(Mutex::new(jobs));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores.div_ceil(4) {
            let jobs = Arc::clone(&jobs);
            let started = std::thread::Builder::new().name("hashing".into()).spawn(move || work(&jobs));
            if let Err(error) = started {
                tracing::error!(%error, "A hashing thread could not be started.");
            }
        }
        Self { seats }
    }

    /// Runs `job` on a hashing thread. When all seats are taken: refused at once.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            if answer.send(job()).is_err() {
                tracing::debug!("Nobody waits for this hash any more.");
            }
        });
        match self.seats.try_send(job) {
            Ok(()) => result.await.map_err(|_| Error::Internal("a hashing thread died".into())),
            Err(TrySendError::Full(_)) => Err(Error::TooMany {
                text: "Too many people are signing in at this moment. Try again in a few seconds.".into(),
                retry_after: 2,
            }),
            Err(TrySendError::Disconnected(_)) => Err(Error::Internal("no hashing thread is left".into())),
        }
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}
