//! Around every request: a reference, one log line, no key in the URL, no endless body, and a process that survives a panic.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{ConnectionType, header};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error as ActixError, HttpMessage, ResponseError, web};
use futures_util::FutureExt;
use percent_encoding::percent_decode_str;
use tracing::Instrument;

use crate::actions::site::health::InFlight;
use crate::actions::{App, Error};
use crate::domain::keys::secret::{appears_in, base62};
use crate::web::caller;
use crate::web::client::Reference;
use crate::web::errors::PageError;

/// Gives the request its reference, and writes one line when it is answered. The line names
/// the route, never the path or the query as they came: both may hold what somebody pasted by error.
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
    let mut answered = next.call(request).instrument(span.clone()).await;
    if let Ok(response) = &mut answered
        && app.is_ending()
    {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let (status, route) = match &answered {
        Ok(response) => (response.status(), response.request().match_pattern().unwrap_or_else(|| "(none)".into())),
        Err(error) => (error.as_response_error().status_code(), "(none)".into()),
    };
    let millis = started.elapsed().as_secs_f64() * 1000.0;
    span.in_scope(|| tracing::debug!(%method, route, status = status.as_u16(), millis, "Answered."));
    answered
}

/// Refuses a request whose URL holds something that looks like a key (docs/rules.md, K8): with 400, and a gateway with 401.
pub async fn refuse_key_in_url(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, ActixError> {
    let uri = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
    if request.app_data::<web::Data<App>>().is_none_or(|app| holds_key(app, request.path(), uri)) {
        let refused = caller::key_in_url(request.request());
        return Ok(request.into_response(refused).map_into_right_body());
    }
    next.call(request).await.map(ServiceResponse::map_into_left_body)
}

/// Does an address hold something that looks like a key, in a place where none may stand?
pub fn holds_key(app: &App, path: &str, uri: &str) -> bool {
    let decoded = percent_decode_str(uri).decode_utf8_lossy();
    let (decoded_path, query) = decoded.split_once('?').unwrap_or((&decoded, ""));
    let is_named = |pair: &&str| pair.to_ascii_lowercase().starts_with("api_key=");
    let prefixes = app.config.prefixes.as_slice();
    // Programs may say `?api_key=` where the settings accept it: whether they do is looked up with the key.
    let is_parameter = |pair: &&str| caller::may_carry_key(path) && pair.starts_with(concat!("api_key", "="));
    let rest: Vec<&str> = query.split('&').filter(|pair| !is_parameter(pair)).collect();
    rest.iter().any(is_named) || appears_in(prefixes, decoded_path) || appears_in(prefixes, &rest.join("&"))
}

/// Refuses a path that writes letters or digits in percent-encoding, as 404: `/%76erify` is `/verify` for a router, and is not
/// for a proxy that is to keep `/verify` from the outside.
pub async fn refuse_disguised_path(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, ActixError> {
    let path = request.uri().path();
    let is_plain = |escape: &str| {
        let byte = escape.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric())
    };
    if path.split('%').skip(1).any(is_plain) {
        let refused = PageError(Error::NotFound).error_response();
        return Ok(request.into_response(refused).map_into_right_body());
    }
    next.call(request).await.map(ServiceResponse::map_into_left_body)
}

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

/// A response body that keeps the request's unread body alive until it is sent. actix closes the connection of a request
/// whose body nobody finished reading, but goes on draining a chunked one for ever once it was dropped.
pub struct Holding {
    body: BoxBody,
    _unread: Option<Payload>,
    /// The request is in flight until the last of its answer is sent.
    _in_flight: Option<InFlight>,
}

impl Holding {
    /// A body with what has to outlive it.
    pub fn around(body: BoxBody, unread: Option<Payload>, in_flight: InFlight) -> BoxBody {
        BoxBody::new(Self { body, _unread: unread, _in_flight: Some(in_flight) })
    }
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}

/// Takes chunked bodies away from handlers: no form of ours is sent so, and a slow one must not hold a connection.
pub async fn refuse_chunked(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<Holding>, ActixError> {
    let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let unread = chunked.then(|| request.take_payload());
    let in_flight = request.app_data::<web::Data<App>>().map(|app| app.enter());
    let answered = next.call(request).await?;
    Ok(answered.map_body(|_, body| Holding { body: body.boxed(), _unread: unread, _in_flight: in_flight }))
}
