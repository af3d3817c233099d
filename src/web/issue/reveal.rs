//! A secret as it is shown, once.

use crate::actions::keys::request::New;
use crate::domain::keys::secret::Secret;
use crate::domain::time::clock::Timestamp;
use crate::web::access::BY_ITSELF;
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
    /// A new key, or one with a new secret.
    pub fn new(New { key, access, secret }: New, now: Timestamp, done: String) -> Self {
        Self { view: KeyView { key, access, now }, secret, old_until: None, waits: false, done, snippets: None }
    }

    /// Where the page asks whether the key was used.
    pub fn used_path(&self) -> Option<String> {
        self.waits.then(|| format!("{}/used?{BY_ITSELF}", self.view.path()))
    }
}
