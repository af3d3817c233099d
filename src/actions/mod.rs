//! What people can DO: one operation per file, each an `impl App` block. An action decides; it never sees a request or a template.

use std::sync::Arc;

use rand::Rng;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::config::Config;
use crate::domain::change::Change;
use crate::domain::keys::secret::base62;
use crate::domain::time::clock::{Clock, Timestamp};
use crate::store::Store;
use crate::store::usage::use_log::UseLog;
use crate::telemetry::LogHealth;

pub mod accounts;
mod actor;
pub mod audit;
pub mod bulk;
mod error;
pub mod keys;
mod proofs;
pub mod rights;
pub mod sign_in;
pub mod site;
pub mod verification;

pub use actor::Actor;
pub use error::Error;
pub use proofs::{Administrator, Owner, Reauthenticated, ResourceAdministrator, ServiceRegistrar, Whose};

/// Makes a source of randomness. The one home of randomness: [`App::rng`].
pub type Randomness = Arc<dyn Fn() -> Box<dyn Rng + Send> + Send + Sync>;

/// Claviger without pages, API and command line: settings, store, clock, source of randomness.
pub struct App {
    /// The settings of the process.
    pub config: Config,
    store: Store,
    clock: Clock,
    randomness: Randomness,
    hashing: sign_in::hashing::Hashing,
    throttle: sign_in::throttle::Throttle,
    use_log: UseLog,
    refusals: verification::refusals::Refusals,
    cache: Arc<verification::KeyCache>,
    look_ups: Arc<verification::LookUps>,
    following: verification::feed::Following,
    metrics: site::metrics::Metrics,
    attempts: sign_in::attempts::Attempts,
    signing_key: tokio::sync::OnceCell<keys::cursor::SigningKey>,
    /// The name of this process among those that do bulk work.
    node: String,
    jobs_waiting: tokio::sync::Notify,
    exports: Arc<tokio::sync::Semaphore>,
    health: site::health::Health,
    /// How the log of the process goes.
    log: LogHealth,
}

impl App {
    /// Puts the parts together; `known` is the latest moment that the database knows.
    fn new(config: Config, store: Store, clock: Clock, randomness: Randomness, known: Option<Timestamp>) -> Self {
        let node = base62(&mut *randomness(), 12).to_string();
        let throttle = sign_in::throttle::Throttle::new(&clock);
        let cache = Arc::new(verification::KeyCache::new(config.cache_keys, config.revocation_bound));
        let noting = Arc::clone(&cache);
        store.changes().listen(move |changes| noting.note(changes));
        Self {
            node,
            throttle,
            health: site::health::Health::new(clock.now(), known),
            log: LogHealth::default(),
            jobs_waiting: tokio::sync::Notify::new(),
            exports: Arc::new(tokio::sync::Semaphore::new(keys::export::AT_ONCE)),
            config,
            store,
            clock,
            randomness,
            hashing: sign_in::hashing::Hashing::new(),
            use_log: UseLog::default(),
            refusals: verification::refusals::Refusals::default(),
            cache,
            look_ups: Arc::default(),
            following: verification::feed::Following::default(),
            metrics: site::metrics::Metrics::default(),
            attempts: sign_in::attempts::Attempts::default(),
            signing_key: tokio::sync::OnceCell::new(),
        }
    }

    /// The same app, which tells how this log goes.
    #[must_use]
    pub fn with_log(self, log: LogHealth) -> Self {
        Self { log, ..self }
    }

    /// Tells what this process changes from now on, as far as keys are verified differently for it.
    pub fn listen_to_changes(&self, listener: impl Fn(&[Change]) + Send + Sync + 'static) {
        self.store.changes().listen(listener);
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A source of randomness.
    pub fn rng(&self) -> Box<dyn Rng + Send> {
        (self.randomness)()
    }
}

/// Randomness from the operating system.
pub fn system_randomness() -> Randomness {
    Arc::new(|| Box::new(UnwrapErr(SysRng)))
}
