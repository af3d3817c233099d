//! The answer to a gateway, what it would be, and why it was no.

mod cache;
pub mod diagnose;
pub mod feed;
pub mod look_up;
pub(in crate::actions) mod refusals;
pub mod simulate;
mod together;
pub mod verify;

pub use cache::KeyCache;
pub use cache::facts::KeyFacts;
pub(in crate::actions) use together::LookUps;
