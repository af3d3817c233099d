//! A mistake in what somebody entered: which field, and what to do about it.

/// One wrong field. The same words stand in the summary of a page, beside the field and in the JSON answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mistake {
    /// The name of the form field or JSON member.
    pub field: &'static str,
    /// What is wrong and what to do, as one sentence without a full stop.
    pub text: String,
}

impl Mistake {
    /// A mistake in `field`.
    pub fn new(field: &'static str, text: impl Into<String>) -> Self {
        Self { field, text: text.into() }
    }
}

/// Keeps the value of `parsed`, or adds its mistake to `mistakes`: a form reports all its mistakes at once.
pub fn collect<T>(mistakes: &mut Vec<Mistake>, parsed: Result<T, Mistake>) -> Option<T> {
    parsed.map_err(|mistake| mistakes.push(mistake)).ok()
}
