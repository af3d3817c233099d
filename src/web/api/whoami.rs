//! `GET /api/v1/whoami`: what a key is, for the program that holds it.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::actions::App;
use crate::domain::rights::Required;
use crate::domain::rights::resource::ResourceName;
use crate::web::caller::caller;
use crate::web::errors::ApiError;
use crate::wire::keys::{Key, WhoAmI, names};

/// The key and its owner, never the secret.
pub async fn whoami(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let anything = Required { resource_optional: true, ..Required::default() };
    let good = match caller(&request, &app, &anything).await? {
        Ok(good) => good,
        Err(refused) => return Ok(refused),
    };
    let resource = good.bound.as_ref().map(ResourceName::text);
    let key = Key::of(&good.key, names(&good.rights), resource, app.now()).ending_at(good.expires_at);
    let who = WhoAmI { key, owner: (&good.owner).into() };
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(who))
}
