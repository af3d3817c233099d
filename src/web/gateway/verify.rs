//! `/verify`: a gateway asks whether the request that it holds may pass. Any method; the answer is in status and headers.

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;

use crate::actions::verification::KeyFacts;
use crate::actions::{App, Error};
use crate::domain::field_error::FieldError;
use crate::domain::rights::Required;
use crate::domain::rights::permission::PermissionName;
use crate::domain::rights::resource::ResourceName;
use crate::web::caller::{AMBIGUOUS, known_caller, refusal};
use crate::web::client;
use crate::web::credentials::PARAMETER;
use crate::web::errors::ApiError;
use crate::web::gateway::bare;

/// `/verify?require_all=…&require_any=…&resource=kind:id`: 200 with who it is, 401 for a bad key or none that is clear, 403 for
/// a good one that is not enough, 429 for many unknown ones, 503 when it cannot be known. What the client of a gateway does
/// wrong is never a status that gateways take for a fault of their own; what its operator does wrong, a question that cannot be
/// read, is 400.
pub async fn verify(request: HttpRequest, payload: web::Payload) -> HttpResponse {
    bare::answer(&request, "/verify", payload, decide(&request)).await
}

async fn decide(request: &HttpRequest) -> Result<HttpResponse, ApiError> {
    let Some(app) = request.app_data::<web::Data<App>>() else {
        return Err(Error::Internal("the app is not configured".into()).into());
    };
    if !client::is_gateway(request, &app.config) {
        let text = "Only gateways may ask here. An administrator can add this network to CLAVIGER_GATEWAY_NETWORKS.";
        return Err(Error::Forbidden(text.into()).into());
    }
    let demand = read_demand(request.query_string()).map_err(|field_error| ApiError(Error::from(field_error)))?;
    match known_caller(request, app, &demand).await {
        Ok(Ok(good)) => Ok(identity(&good)),
        Ok(Err(refused)) => Ok(refused),
        Err(ApiError(Error::Invalid(_))) => Ok(refusal(AMBIGUOUS, Some("invalid_token"))),
        Err(error) => Err(error),
    }
}

/// Puts who it is into headers. All of them are always there, empty where there is nothing to say: a gateway that copies
/// them overwrites what the client sent under the same name. The display name is UTF-8 (RFC 9110, section 5.5).
fn identity(good: &KeyFacts) -> HttpResponse {
    let mut response = HttpResponse::new(actix_web::http::StatusCode::OK);
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: Bytes| {
        if let Ok(value) = HeaderValue::from_maybe_shared(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("remote-user", good.owner.username.clone());
    set("remote-name", good.owner.display_name.clone());
    set("remote-email", good.owner.email.clone());
    set("x-key-id", good.first_eight());
    set("x-key-scopes", good.rights.text.clone());
    set("x-key-resource", good.bound.as_ref().map(|bound| bound.text.clone()).unwrap_or_default());
    set("x-key-expires-at", good.ends_at());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What is asked of a key. A parameter that is not known is an error: ignoring a misspelt one would let keys through.
fn read_demand(query: &str) -> Result<Required, FieldError> {
    let mut demand = Required::default();
    if query.is_empty() {
        return Ok(demand);
    }
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
