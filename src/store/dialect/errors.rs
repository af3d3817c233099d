//! What the databases' errors mean.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};

/// The rules of uniqueness that people can run into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// A live key of this owner has this name.
    KeyName,
    /// The first eight are taken.
    FirstEight,
    /// The user name is taken.
    Username,
    /// This form was sent before.
    UsedForm,
    /// The account has a view with this name.
    ViewName,
    /// A policy has this name.
    PolicyName,
    /// A resource of this kind has this identifier.
    ResourceName,
    /// Another rule.
    Other,
}

/// Which rule was violated. SQLite names the columns in its message, Postgres names the constraint or index.
pub fn violated(information: &dyn DatabaseErrorInformation) -> Unique {
    let named = information.constraint_name().unwrap_or_else(|| information.message());
    let rules = [
        ("api_keys_name_held", "api_keys.owner, api_keys.name", Unique::KeyName),
        ("api_keys_first_eight_key", "api_keys.first_eight", Unique::FirstEight),
        ("session_keys_first_eight_key", "session_keys.first_eight", Unique::FirstEight),
        ("accounts_username_key", "accounts.username", Unique::Username),
        ("used_forms_pkey", "used_forms.form_hash", Unique::UsedForm),
        ("saved_views_account_name_key", "saved_views.account, saved_views.name", Unique::ViewName),
        ("policies_name", "policies.name_folded", Unique::PolicyName),
        ("resources_kind_external_id_key", "resources.kind, resources.external_id", Unique::ResourceName),
    ];
    rules
        .into_iter()
        .find(|(postgres, sqlite, _)| named == *postgres || named.contains(sqlite))
        .map_or(Unique::Other, |(.., rule)| rule)
}

/// Is the database unreachable, too busy or unable to write, rather than the question wrong?
///
/// SQLite says so in words; Postgres by the kind of error, or in words where libpq lost the connection.
pub fn is_outage(error: &DieselError) -> bool {
    match error {
        DieselError::BrokenTransactionManager
        | DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::SerializationFailure
            | DatabaseErrorKind::ReadOnlyTransaction,
            _,
        ) => true,
        DieselError::RollbackErrorOnCommit { commit_error, .. } => is_outage(commit_error),
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, information) => {
            const SIGNS: [&str; 13] = [
                "deadlock detected",
                "database is locked",
                "database table is locked",
                "disk is full",
                "disk I/O error",
                "readonly database",
                "unable to open database file",
                "server closed the connection",
                "terminating connection",
                "connection to server",
                "canceling statement due to",
                "the database system is",
                "no connection to the server",
            ];
            SIGNS.iter().any(|sign| information.message().contains(sign))
        }
        _ => false,
    }
}
