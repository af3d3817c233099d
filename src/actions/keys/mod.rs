//! What is done with keys: generated, found, listed, changed, ended; one person’s, and everybody’s.

pub(in crate::actions) mod attempt;
pub mod browse;
pub mod creation;
pub(in crate::actions) mod cursor;
pub mod edit;
pub mod export;
pub mod find;
pub mod generate;
pub mod get_or_create;
pub mod lifetime_rules;
pub mod own_keys;
pub mod pause;
pub mod request;
pub mod revoke;
pub(in crate::actions) mod room;
pub mod rotate;
pub mod saved_views;
pub mod session_keys;
pub mod set_access;
