//! What people can DO: one operation per file, each an `impl App` block. An action decides; it never sees a request or a template.

use std::sync::Arc;

use rand::Rng;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::config::Config;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::secret::base62;
use crate::store::Store;
use crate::store::use_log::UseLog;
use crate::telemetry::LogHealth;

mod actor;
pub mod administer_users;
mod attempts;
pub mod browse_keys;
pub mod change_keys;
pub mod change_settings;
mod cursor;
pub mod delete_user;
pub mod diagnose;
pub mod edit_key;
mod error;
pub mod export_keys;
pub mod fill_demo;
pub mod find_keys;
mod freeze_keys;
pub mod generate_key;
pub mod get_or_create_key;
pub mod give_rights;
mod hashing;
pub mod health;
mod job_batch;
mod job_ends;
mod job_transfer;
pub mod manage_account;
pub mod manage_permissions;
pub mod manage_policies;
pub mod manage_resources;
pub mod manage_service_accounts;
pub mod manage_users;
pub mod overview;
pub mod own_resources;
pub mod pause_key;
mod purge;
pub mod read_audit;
mod refusals;
pub mod revoke_key;
mod room;
pub mod rotate_key;
pub mod run_jobs;
pub mod save_view;
pub mod session_keys;
pub mod sessions;
pub mod set_access;
pub mod set_lifetimes;
pub mod set_up;
pub mod sign_in;
pub mod signed_in;
pub mod simulate;
pub mod start;
pub mod sweep;
mod throttle;
pub mod transfer_keys;
pub mod verify_audit;
pub mod verify_key;

pub use crate::store::paging;
pub use actor::{Actor, Authority};
pub use error::Error;

/// Makes a source of chance. The one home of chance: [`App::rng`].
pub type Chance = Arc<dyn Fn() -> Box<dyn Rng + Send> + Send + Sync>;

/// Claviger without its doors: settings, store, clock, chance.
pub struct App {
    /// The settings of the process.
    pub config: Config,
    store: Store,
    clock: Clock,
    chance: Chance,
    hashing: hashing::Hashing,
    throttle: throttle::Throttle,
    use_log: UseLog,
    refusals: refusals::Refusals,
    attempts: attempts::Attempts,
    signing_key: tokio::sync::OnceCell<Vec<u8>>,
    /// The name of this process among those that do bulk work.
    node: String,
    jobs_waiting: tokio::sync::Notify,
    exports: Arc<tokio::sync::Semaphore>,
    health: health::Health,
    /// How the log of the process goes.
    log: LogHealth,
}

impl App {
    /// Puts the parts together; `known` is the latest moment that the database knows.
    fn new(config: Config, store: Store, clock: Clock, chance: Chance, known: Option<Timestamp>) -> Self {
        let node = base62(&mut *chance(), 12).to_string();
        let throttle = throttle::Throttle::new(&clock);
        Self {
            node,
            throttle,
            health: health::Health::new(clock.now(), known),
            log: LogHealth::default(),
            jobs_waiting: tokio::sync::Notify::new(),
            exports: Arc::new(tokio::sync::Semaphore::new(export_keys::AT_ONCE)),
            config,
            store,
            clock,
            chance,
            hashing: hashing::Hashing::new(),
            use_log: UseLog::default(),
            refusals: refusals::Refusals::default(),
            attempts: attempts::Attempts::default(),
            signing_key: tokio::sync::OnceCell::new(),
        }
    }

    /// The same app, which tells how this log goes.
    #[must_use]
    pub fn with_log(self, log: LogHealth) -> Self {
        Self { log, ..self }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A source of chance.
    pub fn rng(&self) -> Box<dyn Rng + Send> {
        (self.chance)()
    }
}

/// Chance from the operating system.
pub fn system_chance() -> Chance {
    Arc::new(|| Box::new(UnwrapErr(SysRng)))
}
