//! EVERY difference between SQLite and Postgres, and nothing else. Each function names both behaviours.

mod connections;
mod durability;
mod errors;
mod listed;
mod locks;
mod plans;
mod search;
mod sqlite_hooks;
mod transactions;
mod uses;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Text};

pub use connections::{Purpose, install_hooks, ping, set_up, set_up_transaction, wait_for_lock};
pub use durability::{
    Durability, checkpoint, current_time, damage_by_log, durability, structural_damage, waits_for_standby,
};
pub use errors::{Unique, is_outage, violated};
pub use listed::{one_of_hashes, one_of_ids};
pub use locks::{
    lock_account, lock_accounts, lock_admins, lock_audit_chain, lock_catalogue, lock_keys, lock_policy,
    lock_server_keys,
};
pub use plans::{analyze, explain, set_up_load, settle, walking};
pub use search::{among_few, begins_word, is_frequent, may_begin_with, may_hold};
pub use sqlite_hooks::Deadline;
pub use transactions::{begin_read, begin_write, lock_migrations};
pub use uses::{add_addresses, add_usage, add_uses, trim_addresses};

#[derive(QueryableByName)]
struct IntegerValue {
    #[diesel(sql_type = Integer)]
    value: i32,
}

#[derive(QueryableByName)]
struct TextValue {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct BigIntValue {
    #[diesel(sql_type = BigInt)]
    value: i64,
}
