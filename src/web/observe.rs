//! Around every request: a reference, one log line, no key in the URL, and a process that survives a panic.

use std::panic::AssertUnwindSafe;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error as ActixError, HttpMessage, web};
use futures_util::FutureExt;
use tracing::Instrument;

use super::client::Reference;
use super::errors::PageError;
use crate::actions::{App, Error};
use crate::domain::mistake::Mistake;
use crate::domain::secret::{appears_in, base62};

/// Gives the request its reference, and writes one line when it is answered. The line names
/// the route, never the path or the query as they came: both may hold what somebody pasted by mistake.
pub async fn request(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let Some(app) = request.app_data::<web::Data<App>>().cloned() else {
        return Err(PageError(Error::Internal("the app is not configured".into())).into());
    };
    let reference = base62(&mut *app.rng(), 10).to_string();
    request.extensions_mut().insert(Reference(reference.clone()));
    let (method, started) = (request.method().clone(), std::time::Instant::now());
    let span = tracing::info_span!("request", reference);
    let answered = next.call(request).instrument(span.clone()).await;
    let (status, route) = match &answered {
        Ok(response) => (response.status(), response.request().match_pattern().unwrap_or_else(|| "(none)".into())),
        Err(error) => (error.as_response_error().status_code(), "(none)".into()),
    };
    let millis = started.elapsed().as_secs_f64() * 1000.0;
    span.in_scope(|| tracing::debug!(%method, route, status = status.as_u16(), millis, "Answered."));
    answered
}

/// Refuses a request whose URL holds something that looks like a key (SECURITY K8).
pub async fn refuse_key_in_url(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let uri = request.uri().path_and_query().map_or("", |path| path.as_str());
    let named = request.query_string().split('&').any(|pair| pair.starts_with("api_key="));
    let prefixes = request.app_data::<web::Data<App>>().map(|app| app.config.prefixes.as_slice()).unwrap_or_default();
    if named || appears_in(prefixes, uri) {
        return Err(PageError(Mistake::new("url", KEY_IN_URL).into()).into());
    }
    next.call(request).await
}

/// What a person reads who put a key into an address.
const KEY_IN_URL: &str = "An API key stood in the address. Addresses are kept in logs and histories, so it was not accepted: \
     send it in the Authorization header, and rotate this key";

/// Turns a panic of a handler into an error; the process lives on.
pub async fn catch_panic(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(answered) => answered,
        Err(_) => Err(PageError(Error::Internal("a handler panicked".into())).into()),
    }
}
