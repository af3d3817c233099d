//! An app that runs as in production: real server, real database; only clock and chance are the test's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::web;
use claviger::actions::App;
use claviger::config::{Config, Given, make_home};
use claviger::domain::time::clock::{Clock, Timestamp};
use claviger::web::server;
use jiff::SignedDuration;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::database::{Database, Kind};
use super::{Answer, Client};

/// A running app.
pub struct TestApp {
    pub url: String,
    pub database: Database,
    pub clock: Clock,
    pub app: Arc<App>,
    /// The set-up link's token, while nobody has an account.
    pub set_up_token: Option<String>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl TestApp {
    /// Runs on a fresh database, on 2026-11-20 at 12:00 UTC.
    pub fn start(kind: Kind) -> Self {
        Self::start_with(Database::new(kind), |_| {})
    }

    /// Runs on this database, with changed settings.
    pub fn start_with(database: Database, change: impl FnOnce(&mut Given)) -> Self {
        let mut given = database.given();
        given.revocation_bound = Some("60000".into()); // longer than a test: the background work does not run
        change(&mut given);
        let config = Config::parse(&given).unwrap_or_else(|errors| panic!("{errors:?}"));
        make_home(&config.database).expect("a home");
        let noon = Timestamp::parse_day("2026-11-20").expect("a day").plus(SignedDuration::from_hours(12));
        let clock = Clock::frozen(noon);
        let app = Arc::new(App::start(config, clock.clone(), seeded()).expect("the app starts"));
        actix_web::rt::System::new().block_on(app.follow_changes());

        let (sender, receiver) = mpsc::channel();
        let data = web::Data::from(Arc::clone(&app));
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let bound = server::bind(data.clone()).await.expect("a free port");
                let token = data.offer_set_up().await.expect("the database answers");
                sender.send((bound.address, bound.server.handle(), token)).expect("the test waits");
                bound.server.await.expect("the server ends well");
            });
        });
        let (address, handle, set_up_token) = receiver.recv().expect("the server starts");
        Self { url: format!("http://{address}"), database, clock, app, set_up_token, handle, thread: Some(thread) }
    }

    /// Moves the clock forward.
    pub fn pass(&self, time: SignedDuration) {
        self.clock.advance(time);
    }

    /// A browser without cookies.
    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }

    /// What `/verify` says of this secret.
    pub fn verify(&self, secret: &str) -> Answer {
        self.client().get_with("/verify", &[("authorization", &format!("Bearer {secret}"))])
    }

    /// What `/verify` says of this secret when it is asked this.
    pub fn verify_for(&self, secret: &str, query: &str) -> Answer {
        self.client().get_with(&format!("/verify?{query}"), &[("authorization", &format!("Bearer {secret}"))])
    }

    /// Runs something of the app itself, as the background work does.
    #[expect(clippy::unused_self, reason = "reads as what it is: the app does something")]
    pub fn run<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.run(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server's thread ends");
        }
    }
}

/// Chance from a counter: every run of a test draws the same.
fn seeded() -> claviger::actions::Randomness {
    let next = AtomicU64::new(0);
    Arc::new(move || -> Box<dyn Rng + Send> { Box::new(StdRng::seed_from_u64(next.fetch_add(1, Ordering::SeqCst))) })
}
