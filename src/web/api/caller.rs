//! Who calls: the owner of a key that has the permission that the call asks for.

use actix_web::{HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;

use crate::actions::verify_key::GoodKey;
use crate::actions::{Actor, App, Error};
use crate::domain::audit::Via;
use crate::domain::mistake::Mistake;
use crate::domain::permission::PermissionName;
use crate::domain::resource::ResourceName;
use crate::domain::rights::Demand;
use crate::web::client::{self, Reference};
use crate::web::errors::ApiError;
use crate::web::gateway::verify::caller;

/// The actor behind a request, or the answer to give instead: 401 for a bad key, 403 for one without the permission. A key
/// that is bound to a resource is good for that alone, never for Claviger itself.
pub async fn actor(request: &HttpRequest, app: &App, needs: &str) -> Result<Result<Actor, HttpResponse>, ApiError> {
    Ok(actor_for(request, app, needs, None).await?.map(|(actor, _)| actor))
}

/// The same with the key itself, for what concerns a resource: a key that is bound to that is good as well.
pub async fn actor_for(
    request: &HttpRequest,
    app: &App,
    needs: &str,
    resource: Option<ResourceName>,
) -> Result<Result<(Actor, GoodKey), HttpResponse>, ApiError> {
    let demand = Demand { all: vec![PermissionName::stored(needs.to_owned())], resource, ..Demand::default() };
    let good = match caller(request, app, &demand).await? {
        Ok(good) => good,
        Err(refused) => return Ok(Err(refused)),
    };
    let actor = Actor {
        account: Some(good.owner.id),
        name: good.owner.username.as_str().to_owned(),
        via: Via::Key,
        address: client::address(request, &app.config),
        request: Some(Reference::of(request)),
    };
    Ok(Ok((actor, good)))
}

/// Reads a JSON body. Unknown and missing fields are refused, with where they stand.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        // The place alone: what stands there may be a secret.
        let text =
            format!("The body is not the JSON that is asked for: line {}, column {}", error.line(), error.column());
        Error::from(Mistake::new("body", text)).into()
    })
}
