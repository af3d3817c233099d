//! The answer to a gateway, what it would be, and why it was no.

pub mod diagnose;
pub(in crate::actions) mod refusals;
pub mod simulate;
pub mod verify;
