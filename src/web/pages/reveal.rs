//! The one answer that shows a secret.

use actix_web::HttpResponse;
use actix_web::http::header;
use askama::Template;

use crate::domain::clock::Moment;
use crate::domain::secret::Secret;
use crate::web::html;
use crate::web::key_view::KeyView;

/// A secret, shown this once.
pub struct Reveal {
    /// The key.
    pub view: KeyView,
    /// Its secret.
    pub secret: Secret,
    /// Set after a rotation: until when the secret before it stays good.
    pub old_until: Option<Moment>,
    /// Where Done leads.
    pub done: String,
}

/// The answer that holds a secret: no cache keeps it, no other site learns its address.
pub fn shown_once(page: &impl Template) -> HttpResponse {
    let mut response = html::page(page);
    response.headers_mut().insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    response
}
