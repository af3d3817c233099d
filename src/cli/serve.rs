//! `claviger serve`: runs until SIGTERM or Ctrl-C, answers what is in flight, writes down what is noted.

use std::time::Duration;

use actix_web::web;
use tokio::signal::unix::{SignalKind, signal};

use super::output;
use crate::actions::{App, Error};
use crate::config::Config;
use crate::web::server::{self, Bound};

/// How often uses of keys are written down.
const FLUSH_EVERY: Duration = Duration::from_secs(10);
/// How often bulk work of other nodes that died is looked for.
const LOOK_FOR_JOBS_EVERY: Duration = Duration::from_secs(5);
/// How often what is over is removed.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// Runs the server.
pub fn run(config: Config) -> Result<(), String> {
    limits();
    let app = web::Data::new(super::start(config)?);
    actix_web::rt::System::new().block_on(serve(app))
}

async fn serve(app: web::Data<App>) -> Result<(), String> {
    let Bound { address, server, place } = server::bind(app.clone()).await?;
    output::line(&format!("Claviger listens on {address}, for {}", place.public_address))?;
    if let Some(token) = app.offer_set_up().await.map_err(|error| error.to_string())? {
        output::line(&format!("Set it up here, once: {}/setup?token={token}", place.public_address))?;
    }
    let handle = server.handle();
    let background = actix_web::rt::spawn(in_background(app.clone()));
    let working = actix_web::rt::spawn(bulk_work(app.clone()));
    actix_web::rt::spawn(async move {
        match asked_to_end().await {
            Ok(()) => tracing::info!("Ending: requests in flight are answered first."),
            Err(error) => tracing::error!(%error, "Signals cannot be received."),
        }
        handle.stop(true).await;
    });
    let ended = server.await.map_err(|error| error.to_string());
    background.abort();
    working.abort();
    match app.flush_uses().await {
        Ok(keys) => tracing::info!(keys, "Ended; the latest uses are written down."),
        Err(error) => tracing::error!(%error, "The latest uses of keys could not be written down."),
    }
    ended
}

async fn in_background(app: web::Data<App>) {
    let (mut flush, mut sweep) = (tokio::time::interval(FLUSH_EVERY), tokio::time::interval(SWEEP_EVERY));
    loop {
        let done: Result<(), Error> = tokio::select! {
            _ = flush.tick() => app.flush_uses().await.map(drop),
            _ = sweep.tick() => app.sweep().await,
        };
        if let Err(error) = done {
            tracing::warn!(%error, "Work in the background was not done; it is tried again.");
        }
    }
}

/// Does bulk work: at once when it is confirmed here, soon when another node left it.
async fn bulk_work(app: web::Data<App>) {
    loop {
        if let Err(error) = app.run_jobs().await {
            tracing::warn!(%error, "Bulk work was interrupted; it is taken up again.");
        }
        tokio::select! {
            () = app.job_waiting() => {}
            () = tokio::time::sleep(LOOK_FOR_JOBS_EVERY) => {}
        }
    }
}

/// Waits for SIGTERM or Ctrl-C.
async fn asked_to_end() -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// As many open files as the system allows, and no core dump: one would hold secrets that are in flight.
fn limits() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "The limit of open files could not be raised.");
    }
    if let Err(error) = rlimit::Resource::CORE.set(0, 0) {
        tracing::warn!(%error, "Core dumps could not be turned off.");
    }
}
