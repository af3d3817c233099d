//! A form body that has passed the CSRF check: the browser says it comes from this site, and the form carries the
//! session's token. Taking [`Form`] in a handler's signature is the check.

use std::future::Future;
use std::pin::Pin;

use actix_session::{Session, SessionExt};
use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::{StatusCode, header};
use actix_web::{Error as ActixError, FromRequest, HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::actions::Error;
use crate::domain::accounts::account::Appearance;
use crate::domain::field_error::FieldError;
use crate::domain::keys::secret::appears_in;
use crate::web::access::{self, place};
use crate::web::body::{self, Refused};
use crate::web::errors::PageError;
use crate::web::{html, sessions};

/// No form of ours is longer, in bytes.
const LIMIT: usize = 64 * 1024;

/// Nothing but the form token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// The one-time id of a form, which makes its answer unique.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Once {
    /// See [`FormId`](crate::actions::keys::request::FormId).
    pub form: String,
}

/// A form of a person who is signed in, and who they are: from this site, with the session's token. Who they are, what their
/// role is and whether their session goes on is asked when the whole form is there, not when its head is.
pub struct Form<A, T>(pub A, pub T);

/// A form of somebody who has no session yet: from this site.
pub struct PublicForm<T>(pub T);

impl<A, T> FromRequest for Form<A, T>
where
    A: FromRequest<Error = ActixError> + 'static,
    T: DeserializeOwned + 'static,
{
    type Error = ActixError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ActixError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let session = request.get_session();
            if sessions::account(&session).is_none() {
                return Err(access::to_sign_in(&request)); // no body is read for a stranger
            }
            let mut entries = entries(&request, &mut payload).await?;
            let by = A::from_request(&request, &mut Payload::None).await?;
            let token = take_token(&mut entries);
            if !sessions::is_form_token(&session, &token) {
                return Err(send_again(&request, &session, entries));
            }
            refuse_keys(&request, &entries)?;
            Ok(Self(by, deserialize(&entries)?))
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for PublicForm<T> {
    type Error = ActixError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ActixError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let mut entries = entries(&request, &mut payload).await?;
            take_token(&mut entries);
            deserialize(&entries).map(Self)
        })
    }
}

type Entries = Vec<(String, String)>;

/// The fields into which people may put a key: it is looked up, or compared with a password, and kept nowhere.
const FOR_SECRETS: [&str; 5] = ["q", "pasted", "password", "present", "again"];

/// Refuses a form with something that looks like a key in a field that would be kept: a name, a note, a reason.
fn refuse_keys(request: &HttpRequest, entries: &Entries) -> Result<(), PageError> {
    let app = access::app(request)?;
    // The search of people is a `q` as well, but what it sends stands in an address afterwards.
    let kept = |name: &str| {
        !FOR_SECRETS.contains(&name)
            || ["/admin/users", "/admin/service-accounts", "/admin/resources"].contains(&request.path())
    };
    let holds = |(name, value): &(String, String)| kept(name) && appears_in(&app.config.prefixes, value);
    if entries.iter().any(holds) { Err(PageError(FieldError::new("form", KEY_IN_FIELD).into())) } else { Ok(()) }
}

/// What a person reads who put a key into a field that is kept.
const KEY_IN_FIELD: &str = "An API key stood in a field that is kept and shown to others, so nothing was changed. Leave it out, and rotate that key \
     if others may have seen it";

/// Reads the body of a form that a page of this site sent.
async fn entries(request: &HttpRequest, payload: &mut Payload) -> Result<Entries, ActixError> {
    if !is_same_origin(request)? {
        let text = "This form did not come from a page of this site, so nothing was changed. Open the page here, and try again.";
        return Err(PageError(Error::Forbidden(text.into())).into());
    }
    body::check(request, LIMIT)?;
    let content_type =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refused(StatusCode::UNSUPPORTED_MEDIA_TYPE).into());
    }
    let body = body::read(request, payload, LIMIT).await?;
    let entries = serde_html_form::from_bytes(&body);
    entries.map_err(|_| PageError(not_understood()).into())
}

/// `Sec-Fetch-Site` where the browser sends it (https and localhost), else `Origin` against the host that was asked
/// and the public address. Neither: refused.
fn is_same_origin(request: &HttpRequest) -> Result<bool, PageError> {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return Ok(site == "same-origin");
    }
    let Some(origin) = text("origin") else { return Ok(false) };
    let asked =
        text("host").is_some_and(|host| origin == format!("http://{host}") || origin == format!("https://{host}"));
    Ok(asked || origin == place(request)?.public_address)
}

fn take_token(entries: &mut Entries) -> String {
    let token = entries.iter().find(|(name, _)| name == "csrf").map(|(_, token)| token.clone()).unwrap_or_default();
    entries.retain(|(name, _)| name != "csrf");
    token
}

/// Unknown and missing fields are refused, and doubled ones where the form has no list.
fn deserialize<T: DeserializeOwned>(entries: &Entries) -> Result<T, ActixError> {
    let text = serde_html_form::to_string(entries).map_err(|_| PageError(not_understood()))?;
    serde_html_form::from_str(&text).map_err(|error| PageError(unfit(&error.to_string())).into())
}

/// Says which field is unknown, missing or doubled, from what serde says of it. Another text is not repeated: what was entered may
/// stand in it.
fn unfit(said: &str) -> Error {
    let named = |kind: &str| {
        let name = said.strip_prefix(kind)?.strip_prefix(" field `")?.split('`').next()?;
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        (name.len() <= 30 && name.bytes().all(is_plain)).then(|| name.to_owned())
    };
    let text = if let Some(name) = named("unknown") {
        format!("The form has a field that this page does not know, {name}, so nothing was changed")
    } else if let Some(name) = named("duplicate") {
        format!("The form has the field {name} twice, so nothing was changed")
    } else if let Some(name) = named("missing") {
        format!("The form lacks the field {name}, so nothing was changed")
    } else {
        return not_understood();
    };
    FieldError::new("form", format!("{text}. Open the page again, and try again")).into()
}

fn not_understood() -> Error {
    FieldError::new(
        "form",
        "The form could not be understood, so nothing was changed. Open the page again, and try again",
    )
    .into()
}

/// The page that keeps the entries of a form whose token belongs to a session that is over.
#[derive(Template)]
#[template(path = "pages/send_again.html")]
struct SendAgain {
    appearance: Appearance,
    path: String,
    csrf: String,
    entries: Entries,
}

fn send_again(request: &HttpRequest, session: &Session, entries: Entries) -> ActixError {
    let Some(csrf) = sessions::form_token(session) else {
        return access::to_sign_in(request);
    };
    let secret = |name: &str| FOR_SECRETS.contains(&name);
    let page = SendAgain {
        appearance: html::appearance_cookie(request),
        path: request.path().to_owned(),
        csrf,
        entries: entries.into_iter().filter(|(name, _)| !secret(name)).collect(),
    };
    let response = html::body(HttpResponse::build(StatusCode::FORBIDDEN), &page);
    InternalError::from_response("an old form", response).into()
}
