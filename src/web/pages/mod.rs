//! One file per page, its template struct beside its handlers; the same file name in `templates/pages`.

pub mod access_fields;
pub mod account;
pub mod admin;
pub mod confirm;
pub mod generate_dialog;
pub mod help;
pub mod own;
pub mod reveal;
pub mod sign_in;
