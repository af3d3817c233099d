//! The one error that pages, API and command line see. All but the last three are answers: the caller can do something about them.

use crate::domain::field_error::FieldError;
use crate::store;

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not exist, or belongs to somebody else: outside, that is the same.
    #[error("not found")]
    NotFound,
    /// It may not be done, by anybody or by this person; the text says why and what to do.
    #[error("{0}")]
    Forbidden(String),
    /// What was entered is wrong, field by field.
    #[error("{}", .0.iter().map(|m| m.text.as_str()).collect::<Vec<_>>().join(". "))]
    Invalid(Vec<FieldError>),
    /// It does not fit the present state: changed meanwhile, a limit is reached.
    #[error("{0}")]
    Conflict(String),
    /// Too often, or too many at once: try again after so many seconds.
    #[error("{text}")]
    TooMany {
        /// What to tell the person.
        text: String,
        /// When to try again, in seconds.
        retry_after: u64,
    },
    /// The database cannot be asked at present. Nothing is known, so nothing is allowed.
    #[error("not available: {0}")]
    Unavailable(String),
    /// The database did not answer in time: it may have been done, or not.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
    /// A defect. Logged once, shown as a reference without details.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Unavailable(reason) => Self::Unavailable(reason),
            store::Error::Unknown(reason) => Self::Unknown(reason),
            store::Error::Conflict(_) => {
                Self::Conflict("This was changed by somebody else at the same time. Try again.".into())
            }
            store::Error::Referred => Self::Conflict(
                "Something that this needs was removed by somebody else at the same time. Look again.".into(),
            ),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<FieldError> for Error {
    fn from(field_error: FieldError) -> Self {
        Self::Invalid(vec![field_error])
    }
}

impl store::Failure for Error {
    fn outage(&self) -> Option<&str> {
        match self {
            Self::Unavailable(reason) | Self::Unknown(reason) => Some(reason),
            _ => None,
        }
    }
}
