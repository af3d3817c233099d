//! People and service accounts: found, added, changed, deactivated, deleted; and one’s own account.

pub mod delete;
pub mod own;
pub mod people;
pub mod service_accounts;
pub mod users;
