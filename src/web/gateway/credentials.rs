//! The forms in which a request may carry a key: `Authorization: Bearer`, `Apikey` or `Basic` with the user `apikey`
//! (that is `.netrc`), `X-API-Key`, `apikey`. RFC 6750 section 2, RFC 7617.

use actix_web::HttpRequest;
use actix_web::http::header;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// Header values longer than this are no key, in bytes.
const LONGEST: usize = 512;

/// What a request presents.
pub enum Presented {
    /// Nothing.
    Nothing,
    /// One key, possibly in several forms.
    Key(Zeroizing<String>),
    /// Something in a place for keys that cannot be one: another scheme, another user name.
    Unreadable,
    /// Two different keys, two `Authorization` headers, or a key beside something that is none: which one counts must not be
    /// guessed.
    Ambiguous,
}

/// Collects the key of a request from all forms that are accepted.
pub fn presented(request: &HttpRequest) -> Presented {
    let headers = request.headers();
    let mut found: Vec<Option<Zeroizing<String>>> = Vec::new();
    let authorizations: Vec<_> = headers.get_all(header::AUTHORIZATION).collect();
    if authorizations.len() > 1 {
        return Presented::Ambiguous;
    }
    found.extend(authorizations.into_iter().map(|value| authorization(value.as_bytes())));
    for name in ["x-api-key", "apikey"] {
        found.extend(headers.get_all(name).map(|value| plain(value.as_bytes())));
    }
    let mut keys = found.iter().flatten();
    match (keys.next(), found.is_empty()) {
        (None, true) => Presented::Nothing,
        (None, false) => Presented::Unreadable,
        (Some(first), _) if found.contains(&None) || keys.any(|other| other != first) => Presented::Ambiguous,
        (Some(first), _) => Presented::Key(first.clone()),
    }
}

fn authorization(value: &[u8]) -> Option<Zeroizing<String>> {
    let text = plain(value)?;
    let (scheme, rest) = text.split_once(' ')?;
    let rest = rest.trim_start_matches(' ');
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "apikey" => (!rest.is_empty()).then(|| Zeroizing::new(rest.to_owned())),
        "basic" => basic(rest),
        _ => None,
    }
}

fn basic(encoded: &str) -> Option<Zeroizing<String>> {
    let decoded = Zeroizing::new(BASE64_STANDARD.decode(encoded).ok()?);
    let text = std::str::from_utf8(&decoded).ok()?;
    let (user, key) = text.split_once(':')?;
    let key = key.trim_end_matches(['\r', '\n']); // as a header's value is: a key that was read from a file ends with a line end
    (user == "apikey" && !key.is_empty()).then(|| Zeroizing::new(key.to_owned()))
}

fn plain(value: &[u8]) -> Option<Zeroizing<String>> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.len() <= LONGEST)?;
    (!text.is_empty()).then(|| Zeroizing::new(text.to_owned()))
}
