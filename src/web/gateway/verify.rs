//! `/verify`: a gateway asks whether the request that it holds may pass. Any method; the answer is in status and headers.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use super::credentials::{Presented, presented};
use crate::actions::verify_key::{GoodKey, Presenter, Verdict};
use crate::actions::{App, Error};
use crate::domain::clock::Moment;
use crate::domain::mistake::Mistake;
use crate::web::client;
use crate::web::errors::ApiError;

/// The one text for every key that is not good, whatever the reason.
const NOT_VALID: &str = "The API key is not valid.";

/// `/verify`: 200 with who it is, 401, 400 for two different keys, 503 when it cannot be known.
pub async fn verify(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    if !client::peer(&request).is_some_and(|peer| client::is_in(&app.config.gateway_networks, peer)) {
        let text = "Only gateways may ask here. An administrator can add this network to CLAVIGER_GATEWAY_NETWORKS.";
        return Err(Error::Forbidden(text.into()).into());
    }
    match caller(&request, &app).await? {
        Ok(good) => Ok(identity(&good)),
        Err(refused) => Ok(refused),
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
    set("x-key-expires-at", &good.expires_at.map(Moment::rfc3339).unwrap_or_default());
    set("cache-control", "no-store");
    response.finish()
}

/// The good key that a request presents, or the refusal to answer with. Failing to know is `Unavailable`.
pub async fn caller(request: &HttpRequest, app: &App) -> Result<Result<GoodKey, HttpResponse>, ApiError> {
    let text = match presented(request) {
        Presented::Key(text) => text,
        Presented::Nothing => return Ok(Err(refusal("No API key was sent.", None))),
        Presented::Unreadable => return Ok(Err(refusal(NOT_VALID, Some("invalid_token")))),
        Presented::Ambiguous => {
            let text = "The request carries two different API keys. Send one";
            return Err(Error::from(Mistake::new("authorization", text)).into());
        }
    };
    let address = client::address(request, &app.config).map(|address| address.to_string()).unwrap_or_default();
    let presenter = Presenter { address, agent: client::agent(request) };
    match app.verify_key(&text, presenter).await {
        Ok(Verdict::Good(good)) => Ok(Ok(*good)),
        Ok(Verdict::Refused(_)) => Ok(Err(refusal(NOT_VALID, Some("invalid_token")))),
        // On this path a defect is "cannot know" as well: neither yes nor no.
        Err(Error::Internal(reason) | Error::Unknown(reason)) => {
            tracing::error!(reason, "A key could not be verified.");
            Err(Error::Unavailable("a key could not be verified".into()).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// 401, with the challenges that let `.netrc` clients answer (RFC 6750 section 3, RFC 7617).
fn refusal(detail: &str, error: Option<&str>) -> HttpResponse {
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
