//! The audit log: read, exported, verified.

pub mod read;
pub mod verify;
