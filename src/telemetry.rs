//! What the process says of itself: log lines on standard error. Never a secret, a hash, a password or a session id.
//!
//! Logging never blocks and never fails whoever logs: a bounded queue and a thread of its own stand before standard error.
//! What cannot be written is dropped and counted, and so are warnings that repeat themselves without end.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::{Event, Level, Metadata, Subscriber, callsite};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::config::Config;

/// Lines that wait at most; more are dropped.
const WAITING: usize = 10_000;
/// Warnings and errors of one place in the code that are written in one [`WINDOW`]; more are counted.
const REPEATS: u32 = 20;
const WINDOW: Duration = Duration::from_secs(10);

/// Logging that goes on while this value lives; dropped, it writes what waits.
pub struct Telemetry {
    /// How it goes.
    pub health: LogHealth,
    _worker: Option<WorkerGuard>,
}

/// How the log goes.
#[derive(Clone, Default)]
pub struct LogHealth(Arc<Counters>);

#[derive(Default)]
struct Counters {
    failed: AtomicU64,
    is_failing: AtomicBool,
    is_ending: AtomicBool,
    queue: Mutex<Option<ErrorCounter>>,
    repeated: Mutex<HashMap<callsite::Identifier, Repeats>>,
    /// What [`LogHealth::news`] told before.
    told: AtomicU64,
}

/// How often one place in the code warned.
struct Repeats {
    since: Instant,
    count: u32,
    left_out: u64,
    name: &'static str,
}

impl LogHealth {
    /// Could the latest line not be written?
    pub fn is_failing(&self) -> bool {
        self.0.is_failing.load(Ordering::Relaxed)
    }

    /// Notes that no connection is accepted any more, so that this is no error.
    pub fn note_ending(&self) {
        self.0.is_ending.store(true, Ordering::Relaxed);
    }

    /// Tells in the log what it lost since the last time.
    pub fn tell(&self) {
        let queued = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = queued.as_ref().map_or(0, |queue| queue.dropped_lines() as u64);
        let lost = dropped + self.0.failed.load(Ordering::Relaxed);
        let before = self.0.told.swap(lost, Ordering::Relaxed);
        if lost > before {
            tracing::warn!(lines = lost - before, "Log lines were lost: they could not be written.");
        }
        let mut repeated = self.0.repeated.lock().unwrap_or_else(PoisonError::into_inner);
        let left_out: Vec<(&str, u64)> = repeated
            .values_mut()
            .filter(|repeats| repeats.left_out > 0)
            .map(|repeats| (repeats.name, std::mem::take(&mut repeats.left_out)))
            .collect();
        drop(repeated); // a line takes the lock itself
        for (place, lines) in left_out {
            tracing::warn!(place, lines, "A warning repeated itself: more lines like it were left out.");
        }
    }

    /// May another line of this place be written?
    fn admits(&self, metadata: &'static Metadata<'static>) -> bool {
        if *metadata.level() > Level::WARN {
            return true;
        }
        if metadata.target() == "actix_server::accept" && self.0.is_ending.load(Ordering::Relaxed) {
            return false; // the listening socket was shut down on purpose
        }
        let mut repeated = self.0.repeated.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Repeats { since: Instant::now(), count: 0, left_out: 0, name: metadata.name() };
        let repeats = repeated.entry(metadata.callsite()).or_insert_with(fresh);
        if repeats.since.elapsed() >= WINDOW {
            (repeats.since, repeats.count) = (Instant::now(), 0);
        }
        repeats.count += 1;
        if repeats.count > REPEATS {
            repeats.left_out += 1;
        }
        repeats.count <= REPEATS
    }
}

/// Leaves out warnings that repeat themselves.
struct NoRepeats(LogHealth);

impl<S: Subscriber> Layer<S> for NoRepeats {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        self.0.admits(event.metadata())
    }
}

/// Standard error, on which writing never fails: a full disk or a closed pipe loses the line, and is counted.
struct StandardError(LogHealth);

impl Write for StandardError {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let written = io::stderr().lock().write_all(line);
        let counters = &self.0.0;
        counters.is_failing.store(written.is_err(), Ordering::Relaxed);
        if written.is_err() {
            counters.failed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(()) // standard error has no buffer
    }
}

/// Starts logging as the configuration says. A second call changes nothing.
pub fn start(config: &Config) -> Telemetry {
    let health = LogHealth::default();
    let (writer, worker) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING)
        .lossy(true)
        .thread_name("log")
        .finish(StandardError(health.clone()));
    *health.0.queue.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer.error_counter());
    let filter = EnvFilter::try_new(&config.log).unwrap_or_else(|_| EnvFilter::new("info"));
    // A line that cannot be put together is dropped as well, instead of being told on standard error, which may be closed.
    let lines = fmt::layer().with_writer(writer).with_ansi(io::stderr().is_terminal()).log_internal_errors(false);
    let lines = if config.log_json { lines.json().boxed() } else { lines.boxed() };
    let subscriber = tracing_subscriber::registry().with(filter).with(NoRepeats(health.clone())).with(lines);
    let worker = subscriber.try_init().is_ok().then_some(worker);
    Telemetry { health, _worker: worker }
}
