//! Answers without layers around them: what layers do for other routes is done here, and only where it is needed. A layer costs as
//! much as a verification.

use std::cell::RefCell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::uri::{Authority, PathAndQuery};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::FutureExt;

use crate::actions::{App, Error};
use crate::domain::keys::secret::base62;
use crate::web::errors::{self, ApiError};
use crate::web::hosts::Hosts;
use crate::web::middleware::{Holding, holds_key};
use crate::web::site_origin::SiteOrigin;
use crate::web::{caller, headers};

/// The `Host` for which this worker answered last: gateways ask under one name.
#[derive(Default)]
pub struct LastHost(RefCell<Option<HeaderValue>>);

/// The answer of `work`, unless the request is none for this host, or writes the path in another way. A panic is "cannot know".
pub async fn answer(
    request: &HttpRequest,
    path: &str,
    payload: web::Payload,
    work: impl Future<Output = Result<HttpResponse, ApiError>>,
) -> HttpResponse {
    let Some(app) = request.app_data::<web::Data<App>>() else {
        return HttpResponse::new(StatusCode::SERVICE_UNAVAILABLE);
    };
    let in_flight = app.enter();
    let began = tracing::enabled!(tracing::Level::DEBUG).then(Instant::now);
    let answered = match refuse(request, path, app) {
        Some(refused) => refused,
        None => AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
            app.note_panic();
            Err(Error::Internal("a verification panicked".into()).into())
        }),
    };
    let mut response = answered.unwrap_or_else(|ApiError(error)| error_response(app, error));
    let status = response.status();
    let millis = began.map(|began| began.elapsed().as_secs_f64() * 1000.0);
    tracing::debug!(method = %request.method(), route = path, status = status.as_u16(), millis, "Answered.");
    if status != StatusCode::OK {
        let https = request.app_data::<web::Data<SiteOrigin>>().is_some_and(|place| place.https);
        headers::apply(response.headers_mut(), https);
    }
    let is_ending = app.is_ending();
    if is_ending {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    // A chunked body that nobody reads has to outlive the answer: see [`Holding`].
    let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    if !chunked && !is_ending {
        return response;
    }
    let unread = chunked.then(|| payload.into_inner());
    response.map_body(|_, body| Holding::around(body, unread, in_flight))
}

/// What no route and no layer stands for: a request target without a path, such as `*`.
pub async fn nowhere(request: HttpRequest, payload: web::Payload) -> HttpResponse {
    answer(&request, "(none)", payload, std::future::ready(Err(Error::NotFound.into()))).await
}

/// An error with a reference, under which the log has it too.
fn error_response(app: &App, error: Error) -> HttpResponse {
    let reference = base62(&mut *app.rng(), 10).to_string();
    let span = tracing::info_span!("request", reference);
    span.in_scope(|| errors::as_json(&caller::cannot_know(error), &reference))
}

/// The refusal of a request that is not for this path or host, or that carries a key in its address.
fn refuse(request: &HttpRequest, path: &str, app: &App) -> Option<Result<HttpResponse, ApiError>> {
    let uri = request.uri();
    if uri.path() != path {
        return Some(Err(Error::NotFound.into()));
    }
    if !is_of_own_host(request) {
        return Some(Ok(errors::misdirected_as_json(&base62(&mut *app.rng(), 10))));
    }
    let has_query = uri.query().is_some_and(|query| !query.is_empty());
    (has_query && holds_key(app, uri.path(), uri.path_and_query().map_or("", PathAndQuery::as_str)))
        .then(|| Ok(caller::key_in_url(request)))
}

fn is_of_own_host(request: &HttpRequest) -> bool {
    let host = request.headers().get(header::HOST);
    let in_line = request.uri().authority();
    let last = request.app_data::<LastHost>();
    if in_line.is_none() && last.is_some_and(|last| last.0.borrow().as_ref().is_some_and(|last| Some(last) == host)) {
        return true;
    }
    let Some(hosts) = request.app_data::<web::Data<Hosts>>() else { return false };
    let text = host.map(|host| host.to_str().unwrap_or("?"));
    let is_own = hosts.answer_for(text) && hosts.answer_for(in_line.map(Authority::as_str));
    if let (true, Some(last)) = (is_own, last) {
        last.0.replace(host.cloned());
    }
    is_own
}
