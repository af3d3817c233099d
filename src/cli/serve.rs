//! `claviger serve`: runs until SIGTERM or Ctrl-C, answers what is in flight, writes down what is noted.

use std::io::IsTerminal;
use std::time::Duration;

use actix_web::web;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep};

use super::output;
use crate::actions::{self, App};
use crate::background::Background;
use crate::config::Config;
use crate::telemetry::LogHealth;
use crate::web::server::{self, Bound};

/// How long requests in flight may take when the server ends.
const ANSWERED_WITHIN: Duration = Duration::from_secs(15);
/// No request for so long: everything that was in flight is answered.
const QUIET: Duration = Duration::from_millis(100);

/// Runs the server.
pub fn run(config: Config, log: LogHealth) -> Result<(), String> {
    limits();
    actions::site::start::check_left_log(&config).map_err(|error| error.to_string())?;
    let app = web::Data::new(super::start(config)?.with_log(log.clone()));
    actix_web::rt::System::new().block_on(serve(app, log))
}

async fn serve(app: web::Data<App>, log: LogHealth) -> Result<(), String> {
    let mut signals = Signals::listen().map_err(|error| format!("Signals cannot be received: {error}"))?;
    let bound = server::bind(app.clone()).await?;
    let listening = bound.listening().map_err(|error| error.to_string())?;
    let Bound { address, server, place, .. } = bound;
    output::line(&format!("Claviger listens on {address}, for {}", place.public_address))?;
    if let Some(token) = app.offer_set_up().await.map_err(|error| error.to_string())? {
        output::line(&format!("Set it up here, once: {}/setup?token={token}", place.public_address))?;
    }
    let background = Background::start(&app.clone().into_inner());
    let ending = app.clone();
    actix_web::rt::spawn(async move {
        signals.asked_to_end().await;
        tracing::info!("Ending: requests in flight are answered first.");
        ending.begin_ending();
        sleep(ending.config.shutdown_delay).await;
        log.note_ending();
        listening.close().await;
        answered(&ending).await;
        listening.end().await;
    });
    let ended = server.await.map_err(|error| error.to_string());
    background.end().await;
    let last = [app.release_jobs().await, app.flush_uses().await.map(drop), app.keep_up().await];
    match last.into_iter().collect::<Result<(), _>>() {
        Ok(()) => tracing::info!("Ended; the latest uses are written down."),
        Err(error) => tracing::error!(%error, "The latest uses of keys could not all be written down."),
    }
    ended
}

/// Waits until every request in flight is answered. From `begin_ending` on, each answer closes its connection.
async fn answered(app: &App) {
    let (began, mut quiet_since) = (Instant::now(), Instant::now());
    while began.elapsed() < ANSWERED_WITHIN && quiet_since.elapsed() < QUIET {
        if app.in_flight() > 0 {
            quiet_since = Instant::now();
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// The signals that a process gets without asking for them. Those that nobody waits for would end it on the spot.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    others: [Signal; 3],
    /// A closed terminal ends what was started in it; a service is told by it that its log was moved away.
    has_terminal: bool,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            others: [
                signal(SignalKind::user_defined1())?,
                signal(SignalKind::user_defined2())?,
                // A file that may not grow further is an error of the write, and no reason to end.
                signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
            ],
            has_terminal: std::io::stdin().is_terminal() || std::io::stderr().is_terminal(),
        })
    }

    /// Waits for SIGTERM or Ctrl-C, or for the terminal to close.
    async fn asked_to_end(&mut self) {
        let [first, second, third] = &mut self.others;
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => if self.has_terminal { return },
                _ = first.recv() => {}
                _ = second.recv() => {}
                _ = third.recv() => {}
            }
            tracing::info!("A signal was passed over. SIGTERM ends the server.");
        }
    }
}

/// As many open files as the system allows, and no way to the memory of the process, in which secrets are in flight: no core
/// dump, and no other process of the same user looks into it.
fn limits() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "The limit of open files could not be raised.");
    }
    if let Err(error) = rlimit::Resource::CORE.set(0, 0) {
        tracing::warn!(%error, "Core dumps could not be turned off.");
    }
    let hidden = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    if let Err(error) = hidden {
        tracing::warn!(%error, "The memory of the process could not be hidden.");
    }
}
