//! Who calls with a key: the key that a request presents, the actor behind it, or the refusal to answer with.

use std::borrow::Cow;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};

use crate::actions::verification::KeyFacts;
use crate::actions::verification::verify::{GoodKey, Presenter, Verdict};
use crate::actions::{Actor, App, Error};
use crate::domain::field_error::FieldError;
use crate::domain::keys::presented::{Form, Forms};
use crate::domain::rights::permission::PermissionName;
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{Insufficient, Required};
use crate::web::attempts::Known;
use crate::web::client::{self, Reference};
use crate::web::credentials::{Presented, Text, presented};
use crate::web::errors::{ApiError, PageError};
use crate::wire::{CONTENT_TYPE, Problem};

/// The one text for every key that is not good, whatever the reason.
const NOT_VALID: &str = "The API key is not valid.";

/// What a client reads that sends more than one credential.
pub const AMBIGUOUS: &str = "The request carries more than one credential, and they are not the same API key. Send one";

/// The good key that a request presents, as the database has it, or the refusal to answer with. Failing to know is `Unavailable`.
pub async fn caller(
    request: &HttpRequest,
    app: &App,
    demand: &Required,
) -> Result<Result<Box<GoodKey>, HttpResponse>, ApiError> {
    let question = match question(request, app, demand)? {
        Ok(question) => question,
        Err(refused) => return Ok(Err(refused)),
    };
    let verdict = app.verify_key(&question.text, &question.demand, question.presenter).await.map_err(cannot_know);
    answer(request, &question.demand, verdict)
}

/// The same for a gateway, from memory where that can be trusted.
pub async fn known_caller(
    request: &HttpRequest,
    app: &App,
    demand: &Required,
) -> Result<Result<Arc<KeyFacts>, HttpResponse>, ApiError> {
    let question = match question(request, app, demand)? {
        Ok(question) => question,
        Err(refused) => return Ok(Err(refused)),
    };
    let verdict = app.verify(&question.text, &question.demand, question.presenter).await;
    answer(request, &question.demand, verdict)
}

/// Where keys are verified, a defect is "cannot know" as well: neither yes nor no.
pub fn cannot_know(error: Error) -> Error {
    match error {
        Error::Internal(reason) | Error::Unknown(reason) => {
            tracing::error!(reason, "A key could not be verified.");
            Error::Unavailable("a key could not be verified".into())
        }
        error => error,
    }
}

/// What is asked about the key of a request.
struct Question<'a> {
    text: Text<'a>,
    presenter: Presenter<'a>,
    demand: Cow<'a, Required>,
}

fn question<'a>(
    request: &'a HttpRequest,
    app: &App,
    demand: &'a Required,
) -> Result<Result<Question<'a>, HttpResponse>, ApiError> {
    let (text, forms) = match presented(request) {
        Presented::Key(text, forms) => (text, forms),
        Presented::Nothing => return Ok(Err(refusal("No API key was sent.", None))),
        Presented::Unreadable => return Ok(Err(refusal(NOT_VALID, Some("invalid_token")))),
        Presented::Ambiguous => return Err(Error::from(FieldError::new("authorization", AMBIGUOUS)).into()),
    };
    let address = client::address(request, &app.config);
    let presenter = Presenter { address, agent: client::agent(request, &app.config), forms };
    let named = named_resource(request, demand, forms);
    Ok(named.map(|demand| Question { text, presenter, demand }).map_err(|()| refusal(NOT_VALID, Some("invalid_token"))))
}

fn answer<G>(
    request: &HttpRequest,
    demand: &Required,
    verdict: Result<Verdict<G>, Error>,
) -> Result<Result<G, HttpResponse>, ApiError> {
    match verdict {
        Ok(Verdict::InUrl) => Ok(Err(key_in_url(request))),
        Ok(Verdict::Good(good)) => Ok(Ok(good)),
        Ok(Verdict::Insufficient(lacking)) => Ok(Err(insufficient(demand, lacking))),
        Ok(Verdict::Refused(_)) => Ok(Err(refusal(NOT_VALID, Some("invalid_token")))),
        Ok(Verdict::TooMany(retry_after)) => {
            let text = "Too many API keys from this address are not valid. Try again later.".into();
            Err(Error::TooMany { text, retry_after }.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The demand, with the resource that a client names beside a key without a scheme. What the gateway asks for counts first.
fn named_resource<'a>(request: &HttpRequest, demand: &'a Required, forms: Forms) -> Result<Cow<'a, Required>, ()> {
    let header = request.headers().get("resourceid").filter(|_| forms.has(Form::Raw));
    let (Some(header), None) = (header, &demand.resource) else { return Ok(Cow::Borrowed(demand)) };
    let name = header.to_str().ok().and_then(|name| ResourceName::parse(name.trim()).ok()).ok_or(())?;
    Ok(Cow::Owned(Required { resource: Some(name), ..demand.clone() }))
}

/// Are keys looked up behind this path? There, and nowhere else, they may stand in an address, if the settings accept that.
pub fn may_carry_key(path: &str) -> bool {
    path == "/verify" || path.starts_with("/api/")
}

/// What a person reads who put a key into an address.
pub const KEY_IN_URL: &str = "An API key stood in the address. Addresses are kept in logs and histories, so it was not accepted: \
     send it in the Authorization header, and rotate this key";

/// The answer to a key in the address: gateways make a fault of their own of anything but 401.
pub fn key_in_url(request: &HttpRequest) -> HttpResponse {
    match request.path() {
        "/verify" => refusal(KEY_IN_URL, Some("invalid_token")),
        _ => PageError(FieldError::new("url", KEY_IN_URL).into()).error_response(),
    }
}

/// The actor behind a request, or the answer to give instead: 401 for a bad key, 403 for one with none of the permissions. A key
/// that is bound to a resource is good for that alone, never for Claviger itself.
pub async fn actor(
    request: &HttpRequest,
    app: &App,
    needs: Vec<PermissionName>,
) -> Result<Result<Actor, HttpResponse>, ApiError> {
    let demand = Required { any: needs, resource_optional: true, ..Required::default() };
    Ok(with_demand(request, app, demand, None).await?.map(|(actor, _)| actor))
}

/// The same with the key itself, for what concerns a resource: a key that is bound to that is good as well.
pub async fn actor_for(
    request: &HttpRequest,
    app: &App,
    needs: &str,
    resource: Option<ResourceName>,
) -> Result<Result<(Actor, GoodKey), HttpResponse>, ApiError> {
    let needs = vec![PermissionName::from_db(needs.to_owned())];
    with_demand(request, app, Required { all: needs, resource_optional: true, ..Required::default() }, resource).await
}

async fn with_demand(
    request: &HttpRequest,
    app: &App,
    demand: Required,
    resource: Option<ResourceName>,
) -> Result<Result<(Actor, GoodKey), HttpResponse>, ApiError> {
    let good = match caller(request, app, &demand).await? {
        Ok(good) => good,
        Err(refused) => return Ok(Err(refused)),
    };
    // Whether there is such a resource is not for a key to learn that is bound to another one.
    if good.bound.as_ref().is_some_and(|bound| resource.as_ref() != Some(bound)) {
        return Ok(Err(insufficient(&demand, Insufficient::Resource)));
    }
    let address = client::address(request, &app.config);
    let actor = Actor::with_key(&good.owner, good.secret, demand, address, Some(Reference::of(request)));
    request.extensions_mut().insert(Known(actor.clone()));
    Ok(Ok((actor, *good)))
}

/// Names as they stand in a header.
pub fn listed<'a>(rights: impl Iterator<Item = &'a PermissionName>) -> String {
    rights.map(PermissionName::as_str).collect::<Vec<_>>().join(" ")
}

/// 403, with what would be needed (RFC 6750 section 3.1).
pub fn insufficient(demand: &Required, lacking: Insufficient) -> HttpResponse {
    let scope = listed(demand.all.iter().chain(&demand.any));
    let detail = match lacking {
        Insufficient::Permission => "The API key does not have the permissions that this needs.",
        Insufficient::Resource | Insufficient::UnknownResource => "The API key is not good for this resource.",
    };
    HttpResponse::build(StatusCode::FORBIDDEN)
        .insert_header((
            header::WWW_AUTHENTICATE,
            format!("Bearer realm=\"Claviger\", error=\"insufficient_scope\", scope=\"{scope}\""),
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type(CONTENT_TYPE)
        .json(Problem::new(403, "Forbidden", detail))
}

/// 401, with the challenges that let `.netrc` clients answer (RFC 6750 section 3, RFC 7617).
pub fn refusal(detail: &str, error: Option<&str>) -> HttpResponse {
    let bearer = match error {
        Some(error) => format!("Bearer realm=\"Claviger\", error=\"{error}\""),
        None => "Bearer realm=\"Claviger\"".to_owned(),
    };
    HttpResponse::build(StatusCode::UNAUTHORIZED)
        .append_header((header::WWW_AUTHENTICATE, bearer))
        .append_header((header::WWW_AUTHENTICATE, "Basic realm=\"Claviger\", charset=\"UTF-8\""))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type(CONTENT_TYPE)
        .json(Problem::new(401, "Unauthorized", detail))
}
