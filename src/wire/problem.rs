//! Errors (RFC 9457).

use serde::Serialize;

use crate::domain::field_error::FieldError;

/// The type of the body.
pub const CONTENT_TYPE: &str = "application/problem+json; charset=utf-8";

/// What went wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem<'a> {
    /// The kind of problem: none has a page of its own.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it is, in two or three words.
    pub title: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// What happened, and what to do.
    pub detail: &'a str,
    /// What is wrong with single members of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<&'a [FieldError]>,
    /// The reference of the request, for whoever looks into the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<&'a str>,
}

impl<'a> Problem<'a> {
    /// Without errors and reference.
    pub fn new(status: u16, title: &'a str, detail: &'a str) -> Self {
        Self { kind: "about:blank", title, status, detail, errors: None, reference: None }
    }
}
