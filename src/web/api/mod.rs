//! JSON for programs, under `/api/v1`.

pub mod api_keys;
pub mod resources;
pub mod services;
pub mod whoami;
