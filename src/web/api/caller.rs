//! Who calls: the owner of a key that has the permission that the call asks for.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{Error as ActixError, FromRequest, HttpMessage, HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;

use crate::actions::verification::verify::GoodKey;
use crate::actions::{Actor, App, Error};
use crate::domain::field_error::FieldError;
use crate::domain::rights::permission::PermissionName;
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{Insufficient, Required};
use crate::web::attempts::Known;
use crate::web::body;
use crate::web::client::{self, Reference};
use crate::web::errors::ApiError;
use crate::web::gateway::verify::{caller, insufficient};

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
    Ok(Ok((actor, good)))
}

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
