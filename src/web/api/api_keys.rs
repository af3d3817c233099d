//! `DELETE /api/v1/api_keys/{first_eight}`: a program ends the key that it uses, or another one of its owner.

use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};

use crate::actions::{Actor, App, Error};
use crate::domain::keys::secret::FirstEight;
use crate::domain::rights::Required;
use crate::web::attempts::Known;
use crate::web::caller::caller;
use crate::web::client::{self, Reference};
use crate::web::errors::ApiError;

/// 204 when the key is revoked, also for one that was before; 403 for what this key may not do; 404 for a key that is not its
/// owner's.
pub async fn revoke(
    request: HttpRequest,
    app: web::Data<App>,
    first_eight: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let anything = Required { resource_optional: true, ..Required::default() };
    let good = match caller(&request, &app, &anything).await? {
        Ok(good) => good,
        Err(refused) => return Ok(refused),
    };
    let address = client::address(&request, &app.config);
    let actor = Actor::with_key(&good.owner, good.secret, anything, address, Some(Reference::of(&request)));
    request.extensions_mut().insert(Known(actor.clone()));
    let first_eight = FirstEight::parse(&first_eight).ok_or(Error::NotFound)?;
    app.revoke_with_key(actor.owner()?, &good, &first_eight).await?;
    Ok(HttpResponse::NoContent().insert_header(("cache-control", "no-store")).finish())
}
