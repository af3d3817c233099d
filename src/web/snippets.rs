//! How to use a key, for this server: what the examples on pages need to know.

use crate::web::site_origin::SiteOrigin;

/// How to use a key, for this server. No secret is ever in them.
#[derive(Debug, Clone)]
pub struct Snippets {
    /// The public address.
    pub address: String,
    /// Its host, as `.netrc` wants it: without scheme and port.
    pub machine: String,
}

impl Snippets {
    /// For the address that people use.
    pub fn new(place: &SiteOrigin) -> Self {
        let url = url::Url::parse(&place.public_address).ok();
        let machine = url.as_ref().and_then(url::Url::host_str).unwrap_or("localhost").to_owned();
        Self { address: place.public_address.clone(), machine }
    }
}
