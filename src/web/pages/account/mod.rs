//! The account of the person who is signed in.

pub mod confirm_password;
pub mod settings;
