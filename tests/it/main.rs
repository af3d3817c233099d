//! The tests that go through the front doors: HTTP and the command line, on real SQLite and real Postgres.
//!
//! The folders are those of `src/actions`; a test is called by its file, as documents cite it.
//!
//! Every behaviour is written once, and `on_both!` runs it on both databases. The Postgres half is ignored under plain
//! `cargo test`; `scripts/test` starts a server for it and runs everything.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::needless_pass_by_value, reason = "an app belongs to its test, and ends with it")]

// What holds for all of it.
mod actors;
mod all_routes;
mod canary;
mod gateways;
mod permissions;
mod random_walk;
mod rules;
mod support;
mod tidy;
mod walls;

// Keys.
#[path = "keys/edit_key.rs"]
mod edit_key;
#[path = "keys/entering.rs"]
mod entering;
#[path = "keys/explained.rs"]
mod explained;
#[path = "keys/export.rs"]
mod export;
#[path = "keys/for_others.rs"]
mod for_others;
#[path = "keys/forms.rs"]
mod forms;
#[path = "keys/generate_key.rs"]
mod generate_key;
#[path = "keys/get_or_create.rs"]
mod get_or_create;
#[path = "keys/guards_keys.rs"]
mod guards_keys;
#[path = "keys/key_grid.rs"]
mod key_grid;
#[path = "keys/lifetime_rules.rs"]
mod lifetime_rules;
#[path = "keys/own_keys.rs"]
mod own_keys;
#[path = "keys/pause_key.rs"]
mod pause_key;
#[path = "keys/revoke_key.rs"]
mod revoke_key;
#[path = "keys/rotate_key.rs"]
mod rotate_key;
#[path = "keys/session_keys.rs"]
mod session_keys;
#[path = "keys/set_access.rs"]
mod set_access;
#[path = "keys/ways_back.rs"]
mod ways_back;

// Bulk work.
#[path = "bulk/bulk.rs"]
mod bulk;
#[path = "bulk/bulk_carry_over.rs"]
mod bulk_carry_over;
#[path = "bulk/bulk_kill.rs"]
mod bulk_kill;
#[path = "bulk/bulk_nodes.rs"]
mod bulk_nodes;

// People and service accounts.
#[path = "accounts/account.rs"]
mod account;
#[path = "accounts/guards_people.rs"]
mod guards_people;
#[path = "accounts/owners.rs"]
mod owners;
#[path = "accounts/people.rs"]
mod people;
#[path = "accounts/service_accounts.rs"]
mod service_accounts;

// Policies, permissions, resources.
#[path = "rights/catalogue.rs"]
mod catalogue;
#[path = "rights/resources.rs"]
mod resources;
#[path = "rights/rights.rs"]
mod rights;

// What gateways are answered.
#[path = "verification/memory.rs"]
mod memory;
#[path = "verification/use_log.rs"]
mod use_log;
#[path = "verification/verify.rs"]
mod verify;

// Coming in, and proving who one is.
#[path = "sign_in/attempts.rs"]
mod attempts;
#[path = "sign_in/proofs.rs"]
mod proofs;
#[path = "sign_in/sessions.rs"]
mod sessions;
#[path = "sign_in/set_up.rs"]
mod set_up;
#[path = "sign_in/sign_in.rs"]
mod sign_in;

// The audit log.
#[path = "audit/audit_chain.rs"]
mod audit_chain;

// Settings and time.
#[path = "site/clock.rs"]
mod clock;
#[path = "site/metrics.rs"]
mod metrics;
#[path = "site/site_settings.rs"]
mod site_settings;

// What holds for every page.
#[path = "web/errors.rs"]
mod errors;
#[path = "web/guards_web.rs"]
mod guards_web;
#[path = "web/headers.rs"]
mod headers;
#[path = "web/held_bodies.rs"]
mod held_bodies;

// The process, its commands and its database.
#[path = "process/command_line.rs"]
mod command_line;
#[path = "process/faults.rs"]
mod faults;
#[path = "process/migrations.rs"]
mod migrations;
#[path = "process/nodes.rs"]
mod nodes;
#[path = "process/outage.rs"]
mod outage;
#[path = "process/process.rs"]
mod process;
#[path = "process/server.rs"]
mod server;
#[path = "process/transactions.rs"]
mod transactions;
