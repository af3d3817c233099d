//! Collects the key that a request carries, in whichever [`Form`]. Which forms are accepted, the site's settings say.

use std::ops::Deref;

use actix_web::HttpRequest;
use actix_web::http::header;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::domain::keys::presented::{Form, Forms};

/// Header values longer than this are no key, in bytes.
const LONGEST: usize = 512;

/// A text of a request; what was decoded is wiped from memory afterwards.
pub enum Text<'a> {
    /// As it stands there.
    Plain(&'a str),
    /// From base64 or percent-encoding.
    Decoded(Zeroizing<String>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Decoded(text) => text,
        }
    }
}

/// What a request presents.
pub enum Presented<'a> {
    /// Nothing.
    Nothing,
    /// One key, in these forms.
    Key(Text<'a>, Forms),
    /// Something in a place for keys that cannot be one: another scheme, another user name.
    Unreadable,
    /// Two different keys, two `Authorization` headers, or a key beside something that is none: which one counts must not be
    /// guessed.
    Ambiguous,
}

/// The name of the parameter of a URL that may carry a key.
pub const PARAMETER: &str = "api_key";

/// A text that stands where a key may, and the form in which it does; `None` where it cannot be a key.
type Place<'a> = Option<(Form, Text<'a>)>;

/// Collects the key of a request from all forms.
pub fn presented(request: &HttpRequest) -> Presented<'_> {
    let headers = request.headers();
    if headers.get_all(header::AUTHORIZATION).nth(1).is_some() {
        return Presented::Ambiguous;
    }
    let authorizations = headers.get_all(header::AUTHORIZATION).map(|value| authorization(value.as_bytes()));
    let named = [("x-api-key", Form::XApiKey), ("apikey", Form::ApikeyHeader)].into_iter().flat_map(|(name, form)| {
        headers.get_all(name).map(move |value| Some((form, Text::Plain(plain(value.as_bytes())?))))
    });
    let in_url = url::form_urlencoded::parse(request.query_string().as_bytes()).filter(|(name, _)| name == PARAMETER);
    let in_url = in_url.map(|(_, value)| {
        plain(value.as_bytes()).map(|text| (Form::Query, Text::Decoded(Zeroizing::new(text.to_owned()))))
    });
    collect(authorizations.chain(named).chain(in_url))
}

fn collect<'a>(places: impl Iterator<Item = Place<'a>>) -> Presented<'a> {
    let mut found = Presented::Nothing;
    for place in places {
        found = match (found, place) {
            (Presented::Nothing, Some((form, text))) => Presented::Key(text, [form].into_iter().collect()),
            (Presented::Nothing | Presented::Unreadable, None) => Presented::Unreadable,
            (Presented::Key(first, forms), Some((form, other))) if *first == *other => {
                Presented::Key(first, forms.with(form))
            }
            _ => return Presented::Ambiguous,
        };
    }
    found
}

fn authorization(value: &[u8]) -> Place<'_> {
    let text = plain(value)?;
    let Some((scheme, rest)) = text.split_once(' ') else { return Some((Form::Raw, Text::Plain(text))) };
    let rest = rest.trim_start_matches(' ');
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    match rest {
        "" => None,
        _ if is("bearer") => Some((Form::Bearer, Text::Plain(rest))),
        _ if is("apikey") => Some((Form::Apikey, Text::Plain(rest))),
        _ if is("basic") => basic(rest).map(|key| (Form::Basic, Text::Decoded(key))),
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

fn plain(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok().filter(|text| !text.is_empty() && text.len() <= LONGEST)
}
