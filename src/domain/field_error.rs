//! An error in what somebody entered: which field, and what to do about it.

/// One wrong field. The same words stand in the summary of a page, beside the field and in the JSON answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// The name of the form field or JSON member.
    pub field: &'static str,
    /// What is wrong and what to do, as one sentence without a full stop.
    pub text: String,
}

impl FieldError {
    /// An error in `field`.
    pub fn new(field: &'static str, text: impl Into<String>) -> Self {
        Self { field, text: text.into() }
    }
}

/// Keeps the value of `parsed`, or adds its error to `errors`: a form reports all its errors at once.
pub fn validate<T>(field_errors: &mut Vec<FieldError>, parsed: Result<T, FieldError>) -> Option<T> {
    parsed.map_err(|field_error| field_errors.push(field_error)).ok()
}
