//! `/verify`: a gateway asks whether the request that it holds may pass. Any method; the answer is in status and headers.

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::actions::verification::verify::GoodKey;
use crate::actions::{App, Error};
use crate::domain::field_error::FieldError;
use crate::domain::rights::Required;
use crate::domain::rights::permission::PermissionName;
use crate::domain::rights::resource::ResourceName;
use crate::domain::time::clock::Timestamp;
use crate::web::caller::{AMBIGUOUS, caller, listed, refusal};
use crate::web::client;
use crate::web::credentials::PARAMETER;
use crate::web::errors::ApiError;

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
