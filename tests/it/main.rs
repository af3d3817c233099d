//! The tests that go through the front doors: HTTP and the command line, on real SQLite and real Postgres.
//!
//! Every behaviour is written once, and `on_both!` runs it on both databases. The Postgres half is ignored under plain
//! `cargo test`; `scripts/test` starts a server for it and runs everything.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::needless_pass_by_value, reason = "an app belongs to its test, and ends with it")]

mod account;
mod actors;
mod all_routes;
mod attempts;
mod audit_chain;
mod bulk;
mod bulk_carry_over;
mod bulk_kill;
mod bulk_nodes;
mod canary;
mod catalogue;
mod clock;
mod command_line;
mod edit_key;
mod entering;
mod errors;
mod explained;
mod export;
mod faults;
mod for_others;
mod forms;
mod gateways;
mod generate_key;
mod get_or_create;
mod guards_keys;
mod guards_people;
mod guards_web;
mod headers;
mod held_bodies;
mod key_grid;
mod lifetime_rules;
mod migrations;
mod outage;
mod own_keys;
mod owners;
mod pause_key;
mod people;
mod permissions;
mod process;
mod proofs;
mod random_walk;
mod resources;
mod revoke_key;
mod rights;
mod rotate_key;
mod rules;
mod server;
mod service_accounts;
mod session_keys;
mod sessions;
mod set_access;
mod set_up;
mod sign_in;
mod site_settings;
mod support;
mod tidy;
mod transactions;
mod use_log;
mod verify;
mod walls;
mod ways_back;
