//! Is Claviger well? What keeps it from its work, and whether its clock is to be believed.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::SignedDuration;

use crate::actions::{App, Error};
use crate::domain::time::clock::{Timestamp, system_time};
use crate::domain::time::span::micros;
use crate::domain::time::steadiness::Steadiness;
use crate::store::settings::{self, Internal};
use crate::store::upkeep::Problem as StoreProblem;

/// This server's clock may differ by so much from the database's, or from what it told before.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(5);

/// What keeps a node from its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Something about the database.
    Store(StoreProblem),
    /// A check of the database's structure found damage.
    Damaged,
    /// This server's clock differs from the database's.
    ClockDiffers,
    /// This server's clock was set back.
    ClockBack,
    /// Log lines cannot be written.
    LogLost,
    /// The server is about to end.
    Ending,
}

impl Problem {
    /// The word for monitors.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Store(problem) => problem.as_str(),
            Self::Damaged => "database_damaged",
            Self::ClockDiffers => "clock_differs_from_database",
            Self::ClockBack => "clock_set_back",
            Self::LogLost => "log_not_written",
            Self::Ending => "ending",
        }
    }
}

/// What a node knows of its own state.
pub struct Health {
    began: Instant,
    steadiness: Mutex<Steadiness>,
    /// By how much this server's clock is ahead of the one that counts, in microseconds.
    ahead: AtomicI64,
    is_damaged: AtomicBool,
    is_ending: AtomicBool,
    panics: AtomicU64,
    in_flight: Arc<AtomicUsize>,
}

/// A request that is being answered, for as long as this value lives.
pub struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Health {
    /// At the start; `known` is the latest moment that the database knows.
    pub fn new(now: Timestamp, known: Option<Timestamp>) -> Self {
        Self {
            began: Instant::now(),
            steadiness: Mutex::new(Steadiness::new(now, known)),
            ahead: AtomicI64::new(0),
            is_damaged: AtomicBool::new(false),
            is_ending: AtomicBool::new(false),
            panics: AtomicU64::new(0),
            in_flight: Arc::default(),
        }
    }

    /// How long the process has run.
    fn running(&self) -> SignedDuration {
        SignedDuration::try_from(self.began.elapsed()).unwrap_or(SignedDuration::MAX)
    }

    /// By how much this server's clock is ahead of the one that counts.
    fn ahead(&self) -> SignedDuration {
        SignedDuration::from_micros(self.ahead.load(Ordering::Relaxed))
    }

    /// Notes by how much it is ahead now; gives what was noted before.
    fn set_ahead(&self, ahead: SignedDuration) -> SignedDuration {
        SignedDuration::from_micros(self.ahead.swap(micros(ahead), Ordering::Relaxed))
    }
}

impl App {
    /// What keeps this node from its work; nothing when it is ready. Changes nothing.
    pub async fn problems(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = self.store.problems().await.into_iter().map(Problem::Store).collect();
        let health = &self.health;
        let ahead = health.ahead();
        let own = [
            (Problem::Damaged, health.is_damaged.load(Ordering::Relaxed)),
            (Problem::ClockDiffers, self.store.has_clock() && ahead.abs() > TOLERANCE),
            (Problem::ClockBack, !self.store.has_clock() && ahead < -TOLERANCE),
            (Problem::LogLost, self.log.is_failing()),
            (Problem::Ending, self.is_ending()),
        ];
        problems.extend(own.into_iter().filter(|(_, holds)| *holds).map(|(problem, _)| problem));
        problems
    }

    /// The server ends: from now on it says that it is not ready, and closes connections after their answers.
    pub fn begin_ending(&self) {
        self.health.is_ending.store(true, Ordering::Relaxed);
    }

    /// Is the server about to end?
    pub fn is_ending(&self) -> bool {
        self.health.is_ending.load(Ordering::Relaxed)
    }

    /// Counts a request until its answer is given.
    pub fn enter(&self) -> InFlight {
        self.health.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(&self.health.in_flight))
    }

    /// How many requests are being answered.
    pub fn in_flight(&self) -> usize {
        self.health.in_flight.load(Ordering::Relaxed)
    }

    /// By how much this server's clock is ahead of the one that counts.
    pub(super) fn clock_ahead(&self) -> SignedDuration {
        self.health.ahead()
    }

    /// Counts a background task, or a verification, that panicked.
    pub fn note_panic(&self) {
        self.health.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// How many background tasks and verifications panicked since the start.
    pub fn panics(&self) -> u64 {
        self.health.panics.load(Ordering::Relaxed)
    }

    /// Takes SQLite's log over into the database, when it is long or `always`.
    pub async fn checkpoint(&self, always: bool) -> Result<(), Error> {
        Ok(self.store.checkpoint(always).await?)
    }

    /// Each minute: tells what the log lost, notes the time, takes SQLite's log over, which may wait for other upkeep.
    pub async fn keep_up(&self) -> Result<(), Error> {
        self.log.tell();
        self.keep_clock_mark().await?;
        self.checkpoint(true).await
    }

    /// Asks the database for the time, where it has a clock, and looks how this server's clock runs.
    pub async fn look_at_clock(&self) -> Result<(), Error> {
        if let Some(told) = self.store.current_time().await? {
            self.clock.set(told);
        }
        let now = self.now();
        let ahead = system_time().since(now);
        let before = self.health.set_ahead(ahead);
        if ahead.abs() > TOLERANCE && before.abs() <= TOLERANCE && self.clock.is_of_system() {
            let seconds = ahead.as_secs();
            tracing::error!(seconds, "This server's clock is ahead of the one that counts by so much. Set it right.");
        }
        let running = self.health.running();
        let jump = self.health.steadiness.lock().unwrap_or_else(PoisonError::into_inner).look(now, running);
        if let Some(jump) = jump.filter(|_| self.clock.is_of_system()) {
            tracing::warn!(seconds = jump.as_secs(), "The clock jumped. Nothing is purged until it has run evenly.");
        }
        Ok(())
    }

    /// May something be removed for good by this clock?
    pub fn is_clock_settled(&self) -> bool {
        let steadiness = self.health.steadiness.lock().unwrap_or_else(PoisonError::into_inner);
        let right = self.health.ahead().abs() <= TOLERANCE;
        right && steadiness.is_settled(self.health.running())
    }

    /// Notes what time it is, so that the clock does not fall behind it after a restart. Where the database has a clock, that
    /// is not needed; and a clock that may be wrong must not be noted.
    pub async fn keep_clock_mark(&self) -> Result<(), Error> {
        if self.store.has_clock() || !self.is_clock_settled() {
            return Ok(());
        }
        self.set_clock_mark(self.now()).await
    }

    /// Makes this server's clock the one that counts again, after a wrong one was noted.
    pub async fn accept_clock(&self) -> Result<(Timestamp, Timestamp), Error> {
        let (was, now) = (self.now(), system_time());
        self.set_clock_mark(now).await?;
        Ok((was, now))
    }

    async fn set_clock_mark(&self, at: Timestamp) -> Result<(), Error> {
        self.store
            .write_unaudited("the clock is noted, not changed", move |tx| {
                Ok(settings::set_internal(tx, Internal::ClockMark, &at.0.to_string(), at)?)
            })
            .await
    }

    /// Looks through the structure of the database, once after the start, for at most a minute.
    pub async fn check_structure(&self) -> Result<(), Error> {
        if let Some(damage) = self.store.check_structure().await? {
            self.health.is_damaged.store(true, Ordering::Relaxed);
            tracing::error!(damage, "The database is damaged. Restore a backup, or see sqlite.org/recovery.html.");
        }
        Ok(())
    }
}
