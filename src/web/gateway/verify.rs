//! `/verify`: a gateway asks whether the request that it holds may pass. Any method; the answer is in status and headers.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};

use super::credentials::{PARAMETER, Presented, presented};
use crate::actions::verification::verify::{GoodKey, Presenter, Verdict};
use crate::actions::{App, Error};
use crate::domain::field_error::FieldError;
use crate::domain::keys::presented::{Form, Forms};
use crate::domain::rights::permission::PermissionName;
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{Insufficient, Required};
use crate::domain::time::clock::Timestamp;
use crate::web::client;
use crate::web::errors::{ApiError, PageError};

/// The one text for every key that is not good, whatever the reason.
const NOT_VALID: &str = "The API key is not valid.";

/// What a client reads that sends more than one credential.
const AMBIGUOUS: &str = "The request carries more than one credential, and they are not the same API key. Send one";

/// `/verify?require_all=…&require_any=…&resource=kind:id`: 200 with who it is, 401 for a bad key or none that is clear, 403 for
/// a good one that is not enough, 429 for many unknown ones, 503 when it cannot be known. What the client of a gateway does
/// wrong is never a status that gateways take for a fault of their own; what its operator does wrong, a question that cannot be
/// read, is 400.
pub async fn verify(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    if !client::peer(&request).is_some_and(|peer| client::is_in(&app.config.gateway_networks, peer)) {
        let text = "Only gateways may ask here. An administrator can add this network to CLAVIGER_GATEWAY_NETWORKS.";
        return Err(Error::Forbidden(text.into()).into());
    }
    let demand = read_demand(request.query_string()).map_err(|field_error| ApiError(Error::from(field_error)))?;
    match caller(&request, &app, &demand).await {
        Ok(Ok(good)) => Ok(identity(&good)),
        Ok(Err(refused)) => Ok(refused),
        Err(ApiError(Error::Invalid(_))) => Ok(refusal(AMBIGUOUS, Some("invalid_token"))),
        Err(error) => Err(error),
    }
}

/// Puts who it is into headers. All of them are always there, empty where there is nothing to say: a gateway that copies
/// them overwrites what the client sent under the same name. The display name is UTF-8 (RFC 9110, section 5.5).
fn identity(good: &GoodKey) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            response.insert_header((HeaderName::from_static(name), value));
        }
    };
    set("remote-user", good.owner.username.as_str());
    set("remote-name", &good.owner.display_name);
    set("remote-email", good.owner.email.as_deref().unwrap_or_default());
    set("x-key-id", good.key.first_eight.as_str());
    set("x-key-scopes", &listed(good.rights.iter()));
    set("x-key-resource", &good.bound.as_ref().map(ResourceName::text).unwrap_or_default());
    set("x-key-expires-at", &good.expires_at.map(Timestamp::rfc3339).unwrap_or_default());
    set("cache-control", "no-store");
    response.finish()
}

/// The good key that a request presents, or the refusal to answer with. Failing to know is `Unavailable`.
pub async fn caller(
    request: &HttpRequest,
    app: &App,
    demand: &Required,
) -> Result<Result<GoodKey, HttpResponse>, ApiError> {
    let (text, forms) = match presented(request) {
        Presented::Key(text, forms) => (text, forms),
        Presented::Nothing => return Ok(Err(refusal("No API key was sent.", None))),
        Presented::Unreadable => return Ok(Err(refusal(NOT_VALID, Some("invalid_token")))),
        Presented::Ambiguous => return Err(Error::from(FieldError::new("authorization", AMBIGUOUS)).into()),
    };
    let address = client::address(request, &app.config).map(|address| address.to_string()).unwrap_or_default();
    let presenter = Presenter { address, agent: client::agent(request, &app.config), forms };
    let named = named_resource(request, demand, forms);
    let Ok(demand) = named else { return Ok(Err(refusal(NOT_VALID, Some("invalid_token")))) };
    let demand = &*demand;
    match app.verify_key(&text, demand, presenter).await {
        Ok(Verdict::InUrl) => Ok(Err(key_in_url(request))),
        Ok(Verdict::Good(good)) => Ok(Ok(*good)),
        Ok(Verdict::Insufficient(lacking)) => Ok(Err(insufficient(demand, lacking))),
        Ok(Verdict::Refused(_)) => Ok(Err(refusal(NOT_VALID, Some("invalid_token")))),
        Ok(Verdict::TooMany(retry_after)) => {
            let text = "Too many API keys from this address are not valid. Try again later.".into();
            Err(Error::TooMany { text, retry_after }.into())
        }
        // On this path a defect is "cannot know" as well: neither yes nor no.
        Err(Error::Internal(reason) | Error::Unknown(reason)) => {
            tracing::error!(reason, "A key could not be verified.");
            Err(Error::Unavailable("a key could not be verified".into()).into())
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

/// What is asked of a key. A parameter that is not known is an error: ignoring a misspelt one would let keys through.
fn read_demand(query: &str) -> Result<Required, FieldError> {
    let mut demand = Required::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "require_all" => demand.all.push(PermissionName::parse("require_all", &value)?),
            "require_any" => demand.any.push(PermissionName::parse("require_any", &value)?),
            "resource" if demand.resource.is_some() => {
                return Err(FieldError::new("resource", "Ask for one resource at a time"));
            }
            "resource" => demand.resource = Some(ResourceName::parse(&value)?),
            "resource_optional" if matches!(&*value, "true" | "false") => demand.resource_optional = value == "true",
            PARAMETER => {} // a key: see `credentials`
            "resource_optional" => return Err(FieldError::new("resource_optional", "Say true or false")),
            _ => {
                return Err(FieldError::new(
                    "query",
                    "Ask with require_all, require_any, resource and resource_optional only",
                ));
            }
        }
    }
    Ok(demand)
}

fn listed<'a>(rights: impl Iterator<Item = &'a PermissionName>) -> String {
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
        .content_type("application/problem+json; charset=utf-8")
        .json(serde_json::json!({ "type": "about:blank", "title": "Forbidden", "status": 403, "detail": detail }))
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
        .content_type("application/problem+json; charset=utf-8")
        .json(serde_json::json!({ "type": "about:blank", "title": "Unauthorized", "status": 401, "detail": detail }))
}
