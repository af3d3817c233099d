//! For gateways, monitors and programs: no session, no form token, no flash on this path.

pub mod bare;
pub mod health;
pub mod metrics;
pub mod verify;
