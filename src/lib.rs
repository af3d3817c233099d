//! Claviger, the keeper of the keys: a self-hosted server for API keys.
//!
//! | folder | what it is |
//! |---|---|
//! | [`domain`] | what things ARE: pure, no database, no HTTP |
//! | [`store`] | where they are KEPT: the only folder that names Diesel |
//! | [`actions`] | what people can DO: one operation per file, `ls src/actions` is the feature list |
//! | [`web`] | how browsers, programs and gateways ASK |
//! | [`cli`] | how operators ASK |
//! | [`background`] | what runs beside the answers |
//!
//! The one rule: arrows run one way, `web, cli → actions → store → domain`.

pub mod actions;
pub mod background;
pub mod cli;
pub mod config;
pub mod domain;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod wire;
