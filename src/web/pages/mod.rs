//! One file per page, its template struct beside its handlers; the same file name in `templates/pages`.

pub mod account;
pub mod admin;
pub mod confirm;
pub mod help;
pub mod own;
pub mod sign_in;
