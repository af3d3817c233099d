//! Why something could not be kept or found, in the words of the store.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::store::dialect::{self, Unique};

/// Why something could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It would be there twice.
    #[error("a rule of uniqueness was violated: {0:?}")]
    Conflict(Unique),
    /// Something that it refers to is not there any more, or something refers to it.
    #[error("a rule of reference was violated")]
    Referred,
    /// The database cannot be reached, cannot write, or takes too long.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database did not answer in time; whether the work was done is unknown.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
    /// The database was made by a newer binary.
    #[error("the database was migrated by a newer version of Claviger. Start that version, or restore an older backup")]
    Newer,
    /// The database cannot be trusted to keep what it acknowledged.
    #[error("{0}")]
    NotDurable(&'static str),
    /// A defect, or a damaged database.
    #[error("the database answered unexpectedly: {0}")]
    Internal(String),
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information) => {
                Self::Conflict(dialect::violated(information.as_ref()))
            }
            DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => Self::Referred,
            error if dialect::is_outage(&error) => Self::Unavailable(error.to_string()),
            error => Self::Internal(error.to_string()),
        }
    }
}

/// The error of work that is done with the store: made of the store's, and it tells when it is an outage.
pub trait Failure: From<Error> + Send + 'static {
    /// Why the database could not be asked; `None` when it could.
    fn outage(&self) -> Option<&str>;
}

impl Failure for Error {
    fn outage(&self) -> Option<&str> {
        match self {
            Self::Unavailable(reason) | Self::Unknown(reason) => Some(reason),
            _ => None,
        }
    }
}
