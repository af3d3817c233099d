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
    /// Another account has this email address.
    Email,
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
        ("accounts_email", "accounts.email_folded", Unique::Email),
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

/// Is the database unreachable, too busy, damaged or unable to write, rather than the question wrong?
///
/// Diesel names few kinds of errors, and hands on neither SQLite's result code nor Postgres' SQLSTATE; the rest is told apart
/// by its message. SQLite: what is wrong with a file, a disk or a lock. Postgres: the classes 53 (resources), 57 (somebody
/// intervened), 58 (input and output) and XX001/XX002 (damaged), and what libpq says of a lost connection.
pub fn is_outage(error: &DieselError) -> bool {
    match error {
        DieselError::BrokenTransactionManager
        | DieselError::AlreadyInTransaction
        | DieselError::NotInTransaction
        | DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::SerializationFailure
            | DatabaseErrorKind::ReadOnlyTransaction,
            _,
        ) => true,
        DieselError::RollbackErrorOnCommit { commit_error, .. } => is_outage(commit_error),
        DieselError::DatabaseError(_, information) => is_sign_of_outage(information.message()),
        _ => false,
    }
}

fn is_sign_of_outage(message: &str) -> bool {
    const SQLITE: [&str; 16] = [
        "database is locked",
        "database table is locked",
        "database schema is locked",
        "database or disk is full",
        "disk I/O error",
        "readonly database",
        "unable to open database file",
        "database disk image is malformed",
        "file is not a database",
        "locking protocol",
        "interrupted",
        "out of memory",
        "large file support is disabled",
        "cannot start a transaction within a transaction",
        "no transaction is active",
        "bad parameter or other API misuse",
    ];
    const POSTGRES: [&str; 21] = [
        "deadlock detected",
        "disk is full",
        "No space left on device",
        "out of memory",
        "out of shared memory",
        "too many clients",
        "too many connections",
        "remaining connection slots",
        "server closed the connection",
        "terminating connection",
        "connection to server",
        "no connection to the server",
        "canceling statement due to",
        "canceling wait for",
        "the database system is",
        "is not currently accepting connections",
        "read-only transaction",
        "invalid page in block",
        "Input/output error",
        "prepared statement \"", // a pooler gave another session: DATABASE_URL and CLAVIGER_DATABASE_POOLER disagree
        "query_wait_timeout",
    ];
    // What Postgres could not do with a file: open, read, write, extend, fsync, access, resize.
    const OF_FILES: [&str; 7] = ["open", "read", "write", "extend", "fsync", "access", "resize"];
    let of_file = message
        .split_once("could not ")
        .is_some_and(|(_, rest)| OF_FILES.iter().any(|operation| rest.starts_with(operation)));
    of_file || SQLITE.iter().chain(&POSTGRES).any(|sign| message.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_outage_message(message: &str) -> bool {
        is_outage(&DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message.to_owned())))
    }

    #[test]
    fn what_the_operator_has_to_mend_is_an_outage() {
        for outage in [
            "database disk image is malformed",
            "disk I/O error",
            "attempt to write a readonly database",
            "interrupted",
            "could not extend file \"base/16384/2619\": No space left on device",
            "could not read block 7 in file \"base/5/1259\": read only 0 of 8192 bytes",
            "could not fsync file \"base/5/1259\": Input/output error",
            "could not resize shared memory segment \"/PostgreSQL.1\" to 8192 bytes",
            "sorry, too many clients already",
            "terminating connection due to administrator command",
            "canceling statement due to statement timeout",
            "cannot execute INSERT in a read-only transaction",
            "invalid page in block 12 of relation base/5/1259",
        ] {
            assert!(is_outage_message(outage), "{outage}");
        }
    }

    #[test]
    fn a_wrong_question_is_a_defect() {
        for defect in [
            "near \"SELEC\": syntax error",
            "no such column: api_keys.colour",
            "column \"colour\" does not exist",
            "could not determine data type of parameter $1",
            "value too long for type character varying(8)",
        ] {
            assert!(!is_outage_message(defect), "{defect}");
        }
    }
}
