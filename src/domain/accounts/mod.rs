//! Accounts: people and service accounts, and passwords.

pub mod account;
pub mod password;
pub mod session;
