//! A message for the next page: what was done, and how to undo it. Never a secret.

use actix_session::Session;
use serde::{Deserialize, Serialize};

/// The message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Flash {
    /// What was done, or why not.
    pub text: String,
    /// Did it fail?
    pub failed: bool,
    /// The path to POST to for undoing it.
    pub undo: Option<String>,
}

impl Flash {
    /// Something was done.
    pub fn done(text: impl Into<String>) -> Self {
        Self { text: text.into(), failed: false, undo: None }
    }

    /// Something was not done.
    pub fn failed(text: impl Into<String>) -> Self {
        Self { text: text.into(), failed: true, undo: None }
    }

    /// The same, with a way to undo it.
    #[must_use]
    pub fn with_undo(self, path: String) -> Self {
        Self { undo: Some(path), ..self }
    }

    /// Leaves the message for the next page. Losing one is no reason to fail what was done.
    pub fn leave(self, session: &Session) {
        if let Err(error) = session.insert("flash", self) {
            tracing::warn!(%error, "A message for the next page was lost.");
        }
    }

    /// Takes the message that was left, if there is one.
    pub fn take(session: &Session) -> Option<Self> {
        // Removing what is not there would count as a change, and write the session for nothing.
        session.contains_key("flash").then(|| session.remove_as("flash"))??.ok()
    }
}
