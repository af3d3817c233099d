//! JSON for programs, under `/api/v1`.

pub mod whoami;
