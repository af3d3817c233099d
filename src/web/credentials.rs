//! Collects the key that a request carries, in whichever [`Form`]. Which forms are accepted, the site's settings say.

use actix_web::HttpRequest;
use actix_web::http::header;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::domain::keys::presented::{Form, Forms};

/// Header values longer than this are no key, in bytes.
const LONGEST: usize = 512;

/// What a request presents.
pub enum Presented {
    /// Nothing.
    Nothing,
    /// One key, in these forms.
    Key(Zeroizing<String>, Forms),
    /// Something in a place for keys that cannot be one: another scheme, another user name.
    Unreadable,
    /// Two different keys, two `Authorization` headers, or a key beside something that is none: which one counts must not be
    /// guessed.
    Ambiguous,
}

/// The name of the parameter of a URL that may carry a key.
pub const PARAMETER: &str = "api_key";

/// A text that stands where a key may, and the form in which it does; `None` where it cannot be a key.
type Place = Option<(Form, Zeroizing<String>)>;

/// Collects the key of a request from all forms.
pub fn presented(request: &HttpRequest) -> Presented {
    let headers = request.headers();
    let mut found: Vec<Place> = Vec::new();
    let authorizations: Vec<_> = headers.get_all(header::AUTHORIZATION).collect();
    if authorizations.len() > 1 {
        return Presented::Ambiguous;
    }
    found.extend(authorizations.into_iter().map(|value| authorization(value.as_bytes())));
    for (name, form) in [("x-api-key", Form::XApiKey), ("apikey", Form::ApikeyHeader)] {
        found.extend(headers.get_all(name).map(|value| Some((form, plain(value.as_bytes())?))));
    }
    let in_url = url::form_urlencoded::parse(request.query_string().as_bytes()).filter(|(name, _)| name == PARAMETER);
    found.extend(in_url.map(|(_, value)| Some((Form::Query, plain(value.as_bytes())?))));
    let mut keys = found.iter().flatten();
    match (keys.next(), found.is_empty()) {
        (None, true) => Presented::Nothing,
        (None, false) => Presented::Unreadable,
        (Some((_, first)), _) if found.contains(&None) || keys.any(|(_, other)| other != first) => Presented::Ambiguous,
        (Some((_, first)), _) => Presented::Key(first.clone(), found.iter().flatten().map(|(form, _)| *form).collect()),
    }
}

fn authorization(value: &[u8]) -> Place {
    let text = plain(value)?;
    let Some((scheme, rest)) = text.split_once(' ') else { return Some((Form::Raw, text)) };
    let rest = rest.trim_start_matches(' ');
    let whole = |form: Form| (!rest.is_empty()).then(|| (form, Zeroizing::new(rest.to_owned())));
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => whole(Form::Bearer),
        "apikey" => whole(Form::Apikey),
        "basic" => basic(rest).map(|key| (Form::Basic, key)),
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
