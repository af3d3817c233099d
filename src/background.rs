//! What runs beside the answers: one supervised task for each kind of work. A task that panics is counted and begun anew; the
//! others go on.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::actions::{App, Error};

/// How often uses and refusals of keys are written down, and the clock is looked at.
const FLUSH_EVERY: Duration = Duration::from_secs(10);
/// How often the change feed is asked, at least; more often where the revocation bound is short.
const FOLLOW_EVERY: Duration = Duration::from_millis(250);
/// How often the length of SQLite's log is looked at.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// How often the log is taken over, however short it is, and the time is noted.
const UPKEEP_EVERY: Duration = Duration::from_mins(1);
/// How often bulk work of other nodes that died is looked for.
const LOOK_FOR_JOBS_EVERY: Duration = Duration::from_secs(5);
/// How often what is over is removed.
const SWEEP_EVERY: Duration = Duration::from_mins(10);
/// How often the structure of the database is looked through.
const CHECK_EVERY: Duration = Duration::from_hours(24);
/// How long a task that panicked rests before it begins anew.
const REST: Duration = Duration::from_secs(1);
/// How long a task may take to end what it is at, when the server ends.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// The tasks of a running server.
pub struct Background {
    tasks: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Background {
    /// Begins all tasks.
    pub fn start(app: &Arc<App>) -> Self {
        let stop = watch::Sender::new(false);
        let task = |name, every, work: Work| {
            let pause = move || sleep(every).boxed();
            tokio::spawn(supervise(name, Arc::clone(app), stop.subscribe(), work, pause))
        };
        let follow_every = FOLLOW_EVERY.min(Duration::from_millis(app.config.revocation_bound) / 4);
        let mut tasks = vec![
            task("changes", follow_every, |app| {
                async move {
                    app.follow_changes().await;
                    Ok(())
                }
                .boxed()
            }),
            task("clock", FLUSH_EVERY, |app| async move { app.look_at_clock().await }.boxed()),
            task("checkpoint", CHECKPOINT_EVERY, |app| async move { app.checkpoint(false).await }.boxed()),
            task("upkeep", UPKEEP_EVERY, |app| async move { app.keep_up().await }.boxed()),
            task("sweep", SWEEP_EVERY, |app| async move { app.sweep_when_settled().await }.boxed()),
            task("structure", CHECK_EVERY, |app| async move { app.check_structure().await }.boxed()),
        ];
        let noting = Arc::clone(app);
        let pause = move || sleep(FLUSH_EVERY.max(noting.rest_after_flush())).boxed();
        let flush: Work = |app| async move { app.flush_uses().await.map(drop) }.boxed();
        tasks.push(tokio::spawn(supervise("flush", Arc::clone(app), stop.subscribe(), flush, pause)));
        let waiting = Arc::clone(app);
        let pause = move || {
            let app = Arc::clone(&waiting);
            async move {
                tokio::select! {
                    () = app.job_waiting() => {}
                    () = sleep(LOOK_FOR_JOBS_EVERY) => {}
                }
            }
            .boxed()
        };
        let jobs: Work = |app| async move { app.run_jobs().await.map(drop) }.boxed();
        tasks.push(tokio::spawn(supervise("jobs", Arc::clone(app), stop.subscribe(), jobs, pause)));
        Self { tasks, stop }
    }

    /// Lets each task end what it is at.
    pub async fn end(self) {
        self.stop.send_replace(true);
        for mut task in self.tasks {
            if timeout(ENDS_WITHIN, &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

/// One piece of work of a task.
type Work = fn(Arc<App>) -> BoxFuture<'static, Result<(), Error>>;

/// Works and pauses until it is stopped.
async fn supervise(
    name: &'static str,
    app: Arc<App>,
    mut stopped: watch::Receiver<bool>,
    work: impl Fn(Arc<App>) -> BoxFuture<'static, Result<(), Error>>,
    pause: impl Fn() -> BoxFuture<'static, ()>,
) {
    loop {
        match AssertUnwindSafe(work(Arc::clone(&app))).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(name, %error, "Background work was not done; it is tried again."),
            Err(_) => {
                app.note_panic();
                tracing::error!(name, "A background task panicked. It begins anew.");
                sleep(REST).await;
                continue;
            }
        }
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            () = pause() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use tokio::sync::mpsc;

    use super::*;
    use crate::config::{Config, Given, make_home};
    use crate::domain::time::clock::{Clock, Timestamp};

    #[tokio::test]
    async fn a_task_that_panics_begins_anew_and_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/claviger.db", folder.path().display());
        let config = Config::parse(&Given { database_url: Some(url), ..Given::default() }).unwrap();
        make_home(&config.database).unwrap();
        let randomness: crate::actions::Randomness = Arc::new(|| Box::new(StdRng::seed_from_u64(1)));
        let app = Arc::new(App::start(config, Clock::frozen(Timestamp(1)), randomness).unwrap());
        let stop = watch::Sender::new(false);
        let (done, mut worked) = mpsc::unbounded_channel();
        let times = Arc::new(AtomicUsize::new(0));
        let work = move |_: Arc<App>| -> BoxFuture<'static, Result<(), Error>> {
            let (time, done) = (times.fetch_add(1, Ordering::SeqCst), done.clone());
            async move {
                done.send(time).unwrap();
                match time {
                    0 => panic!("a defect"),
                    1 => Err(Error::NotFound),
                    _ => Ok(()),
                }
            }
            .boxed()
        };
        let pause = || tokio::task::yield_now().boxed();
        let task = tokio::spawn(supervise("test", Arc::clone(&app), stop.subscribe(), work, pause));
        for time in 0..4 {
            assert_eq!(worked.recv().await, Some(time), "after a panic, after an error, and after nothing");
        }
        stop.send_replace(true);
        task.await.unwrap();
        assert_eq!(app.panics(), 1);
    }
}
