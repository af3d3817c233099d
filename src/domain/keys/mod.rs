//! Keys: the record, the secret, how long it lives, and how a request carries it.

pub mod api_key;
pub mod lifetime;
pub mod lifetime_rules;
pub mod presented;
pub mod rule;
pub mod rule_fields;
pub mod secret;
pub mod session_key;
