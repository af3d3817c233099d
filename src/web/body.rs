//! Reading a request's body: within a time and a length, and never before it is known who sends it.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::web::BytesMut;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use futures_util::StreamExt;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body that is refused as a whole.
#[derive(Debug)]
pub struct Refused(pub StatusCode);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "refused with {}", self.0)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.0
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.0)
    }
}

/// Refuses a body by what its head says: 411 when it does not say how long it is, 413 when it is longer than `longest` bytes.
pub fn check(request: &HttpRequest, longest: usize) -> Result<(), Refused> {
    if request.headers().contains_key(header::TRANSFER_ENCODING) {
        return Err(Refused(StatusCode::LENGTH_REQUIRED));
    }
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > longest) {
        return Err(Refused(StatusCode::PAYLOAD_TOO_LARGE));
    }
    Ok(())
}

/// The body, after [`check`]: 408 when it does not arrive in time.
pub async fn read(request: &HttpRequest, payload: &mut Payload, longest: usize) -> Result<BytesMut, Refused> {
    check(request, longest)?;
    tokio::time::timeout(PATIENCE, collect(payload, longest)).await.map_err(|_| Refused(StatusCode::REQUEST_TIMEOUT))?
}

async fn collect(payload: &mut Payload, longest: usize) -> Result<BytesMut, Refused> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Refused(StatusCode::BAD_REQUEST))?;
        if body.len() + chunk.len() > longest {
            return Err(Refused(StatusCode::PAYLOAD_TOO_LARGE));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
