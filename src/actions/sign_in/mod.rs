//! How somebody comes in: set-up, password, sessions, and what slows a flood of attempts down.

pub(in crate::actions) mod attempts;
pub(in crate::actions) mod hashing;
pub mod password;
pub mod sessions;
pub mod set_up;
pub mod signed_in;
pub(in crate::actions) mod throttle;
