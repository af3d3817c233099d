//! The server as a whole: start, health, settings, numbers, what runs by itself, the demo.

pub mod demo;
pub mod health;
pub mod metrics;
pub mod overview;
pub(in crate::actions) mod purge;
pub mod settings;
pub mod start;
pub mod sweep;
