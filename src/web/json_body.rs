//! A JSON body, read once its sender is known.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{Error as ActixError, FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use crate::actions::Error;
use crate::domain::field_error::FieldError;
use crate::web::body;
use crate::web::errors::ApiError;

/// A body that is read once its sender is known: a key that is not good costs its head alone.
pub struct Unread(Payload);

impl FromRequest for Unread {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self(payload.take())))
    }
}

impl Unread {
    /// Reads it as JSON of at most `longest` bytes. Unknown and missing fields are refused, with where they stand.
    pub async fn json<T: DeserializeOwned>(mut self, request: &HttpRequest, longest: usize) -> Result<T, ActixError> {
        let body = body::read(request, &mut self.0, longest).await?;
        Ok(parse(&body)?)
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        // The place alone: what stands there may be a secret.
        let text =
            format!("The body is not the JSON that is asked for: line {}, column {}", error.line(), error.column());
        Error::from(FieldError::new("body", text)).into()
    })
}
