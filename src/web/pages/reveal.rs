//! The one answer that shows a secret.

use actix_web::HttpResponse;
use actix_web::http::header;
use askama::Template;

use crate::domain::keys::secret::Secret;
use crate::domain::time::clock::Timestamp;
use crate::web::access::BY_ITSELF;
use crate::web::html;
use crate::web::key_view::KeyView;
use crate::web::snippets::Snippets;

/// A secret, shown this once.
pub struct Reveal {
    /// The key.
    pub view: KeyView,
    /// Its secret.
    pub secret: Secret,
    /// Set after a rotation: until when the secret before it stays good.
    pub old_until: Option<Timestamp>,
    /// Does the page wait for the first use? Of a person's own new key, where such keys are listed.
    pub waits: bool,
    /// Where Done leads.
    pub done: String,
    /// For a person's own key: how it is used on this server.
    pub snippets: Option<Snippets>,
}

impl Reveal {
    /// Where the page asks whether the key was used.
    pub fn used_path(&self) -> Option<String> {
        self.waits.then(|| format!("{}/used?{BY_ITSELF}", self.view.path()))
    }
}

/// The answer that holds a secret: no cache keeps it, no other site learns its address.
pub fn shown_once(page: &impl Template) -> HttpResponse {
    let mut response = html::page(page);
    response.headers_mut().insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    response
}
