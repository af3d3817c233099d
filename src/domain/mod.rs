//! What things ARE. Pure: no database, no HTTP, no files. Time and chance come in as arguments.

pub mod api_key;
pub mod audit;
pub mod audit_chain;
pub mod clock;
pub mod demo;
pub mod field_error;
pub mod ids;
pub mod job;
pub mod key_filter;
pub mod lifetime;
pub mod lifetime_rules;
pub mod network;
pub mod password;
pub mod permission;
pub mod policy;
pub mod presented;
pub mod resource;
pub mod rights;
pub mod secret;
pub mod settings;
pub mod shortening;
pub mod span;
pub mod steadiness;
pub mod text;
pub mod user;
pub mod verdict;
