//! Forms that ask for a secret, and the one answer that shows it: load the page, issue, reveal. The same for an own key, a key of a
//! user, a server key, a key for a resource and a new secret.

pub mod access_fields;
pub mod generate_dialog;
pub mod new_key;
pub mod reveal;
pub mod rotate;

use actix_web::HttpResponse;
use actix_web::http::header;
use askama::Template;

use crate::actions::keys::request::Issued;
use crate::actions::{App, Error};
use crate::domain::keys::secret::FirstEight;
use crate::web::errors::PageError;
use crate::web::html::{self, FieldErrors};
use crate::web::issue::reveal::Reveal;

/// A page over which a secret is shown.
pub trait IssuePage: Template {
    /// Where Done leads.
    fn done(&self) -> String;

    /// Opens the secret over the page.
    fn reveal(&mut self, reveal: Reveal);

    /// Opens what a form says that was answered before.
    fn shown_before(&mut self, first_eight: FirstEight);
}

/// Shows the secret, this once, or says that it was shown. The page was loaded before: nothing that could fail stands between a
/// secret and the person.
pub fn answer(mut page: impl IssuePage, app: &App, issued: Issued) -> HttpResponse {
    match issued {
        Issued::Now(new) => {
            let reveal = Reveal::new(*new, app.now(), page.done());
            page.reveal(reveal);
            shown_once(&page)
        }
        Issued::Before(first_eight) => {
            page.shown_before(first_eight);
            html::body(HttpResponse::Conflict(), &page)
        }
    }
}

/// The answer that holds a secret: no cache keeps it, no other site learns its address.
pub fn shown_once(page: &impl Template) -> HttpResponse {
    let mut response = html::page(page);
    response.headers_mut().insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    response
}

/// Why a form for a secret comes back: fields that are wrong, or that there can be none now.
#[derive(Debug, Clone, Default)]
pub struct Refused {
    /// What is wrong with the fields.
    pub field_errors: FieldErrors,
    /// Why there can be none now; empty when there can.
    pub refusal: String,
}

impl Refused {
    /// An error that the form itself tells; others have a page of their own.
    pub fn by(error: Error) -> Result<Self, PageError> {
        match error {
            Error::Invalid(field_errors) => Ok(Self { field_errors: FieldErrors(field_errors), ..Self::default() }),
            Error::Conflict(refusal) | Error::Forbidden(refusal) => Ok(Self { refusal, ..Self::default() }),
            error => Err(error.into()),
        }
    }

    /// The status of the form that tells it: 422 for wrong fields, 409 otherwise.
    pub fn answer(&self, page: &impl Template) -> HttpResponse {
        if self.refusal.is_empty() { html::invalid(page) } else { html::body(HttpResponse::Conflict(), page) }
    }

    /// With this refusal, where there is none yet.
    #[must_use]
    pub fn or(self, refusal: impl FnOnce() -> Option<String>) -> Self {
        if self.refusal.is_empty() { Self { refusal: refusal().unwrap_or_default(), ..self } } else { self }
    }
}
