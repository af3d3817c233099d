//! What people can DO: one verb per file, each an `impl App` block. An action decides; it never sees a request or a template.

use std::net::IpAddr;
use std::sync::Arc;

use rand::Rng;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::config::Config;
use crate::domain::audit::{Action, Event, Outcome, Via};
use crate::domain::clock::{Clock, Moment};
use crate::domain::secret::base62;
use crate::domain::user::Account;
use crate::store::Store;
use crate::store::use_log::UseLog;

pub mod administer_users;
pub mod browse_keys;
pub mod change_keys;
pub mod change_settings;
pub mod check_health;
mod cursor;
pub mod delete_user;
pub mod edit_key;
mod error;
pub mod export_keys;
pub mod fill_demo;
pub mod find_keys;
pub mod generate_key;
pub mod get_or_create_key;
pub mod give_rights;
mod hashing;
mod job_batch;
mod job_transfer;
pub mod look_after_resources;
pub mod manage_account;
pub mod manage_permissions;
pub mod manage_policies;
pub mod manage_resources;
pub mod manage_service_accounts;
pub mod manage_users;
pub mod overview;
pub mod pause_key;
pub mod read_audit;
mod refusals;
pub mod revoke_key;
pub mod rotate_key;
pub mod run_jobs;
pub mod save_view;
pub mod session_keys;
pub mod sessions;
pub mod set_access;
pub mod set_lifetimes;
pub mod set_up;
pub mod sign_in;
pub mod start;
pub mod sweep;
mod throttle;
pub mod transfer_keys;
pub mod verify_audit;
pub mod verify_key;
pub mod why_refused;
pub mod would_allow;

pub use crate::store::paging;
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
    hashing: hashing::HashingThreads,
    throttle: throttle::Throttle,
    use_log: UseLog,
    refusals: refusals::Refusals,
    signing_key: tokio::sync::OnceCell<Vec<u8>>,
    /// The name of this process among those that do bulk work.
    node: String,
    jobs_waiting: tokio::sync::Notify,
    exports: Arc<tokio::sync::Semaphore>,
}

impl App {
    /// Puts the parts together.
    pub fn new(config: Config, store: Store, clock: Clock, chance: Chance) -> Self {
        let node = base62(&mut *chance(), 12).to_string();
        Self {
            node,
            jobs_waiting: tokio::sync::Notify::new(),
            exports: Arc::new(tokio::sync::Semaphore::new(export_keys::AT_ONCE)),
            config,
            store,
            clock,
            chance,
            hashing: hashing::HashingThreads::start(),
            throttle: throttle::Throttle::new(),
            use_log: UseLog::default(),
            refusals: refusals::Refusals::default(),
            signing_key: tokio::sync::OnceCell::new(),
        }
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
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

/// Who acts, through which door: what the audit log needs to know.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The account; `None` for the command line, the system and strangers.
    pub account: Option<i64>,
    /// Its user name, or what stands in its place.
    pub name: String,
    /// The door.
    pub via: Via,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The reference of the request.
    pub request: Option<String>,
}

impl Actor {
    /// The operator at the command line.
    pub fn cli() -> Self {
        Self { account: None, name: "command line".into(), via: Via::Cli, address: None, request: None }
    }

    /// Somebody who has not signed in.
    pub fn stranger(address: Option<IpAddr>, request: Option<String>) -> Self {
        Self { account: None, name: "nobody".into(), via: Via::Session, address, request }
    }

    /// A person who is signed in.
    pub fn signed_in(account: &Account, address: Option<IpAddr>, request: Option<String>) -> Self {
        let name = account.username.as_str().to_owned();
        Self { account: Some(account.id), name, via: Via::Session, address, request }
    }

    /// The address as text; empty when there is none.
    pub fn address_text(&self) -> String {
        self.address.map(|address| address.to_string()).unwrap_or_default()
    }

    /// The audit event of something that succeeded.
    fn did(&self, now: Moment, action: Action, target: &str, details: serde_json::Value) -> Event {
        self.event(now, action, target, details, Outcome::Success)
    }

    /// The audit event of something that was refused.
    fn failed(&self, now: Moment, action: Action, target: &str, details: serde_json::Value) -> Event {
        self.event(now, action, target, details, Outcome::Failure)
    }

    fn event(&self, now: Moment, action: Action, target: &str, details: serde_json::Value, outcome: Outcome) -> Event {
        Event {
            at: now,
            actor: self.account,
            actor_name: self.name.clone(),
            via: self.via,
            action,
            target: target.to_owned(),
            outcome,
            details,
            address: self.address.map(|address| address.to_string()),
            request: self.request.clone(),
        }
    }
}
