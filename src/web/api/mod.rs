//! JSON for programs, under `/api/v1`.

pub mod caller;
pub mod services;
pub mod whoami;
