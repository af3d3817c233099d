//! `GET /api/v1/whoami`: what a key is, for the program that holds it.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::actions::App;
use crate::domain::rights::Required;
use crate::domain::rights::permission::PermissionName;
use crate::domain::rights::resource::ResourceName;
use crate::domain::time::clock::Timestamp;
use crate::web::errors::ApiError;
use crate::web::gateway::verify::caller;

/// The key and its owner, never the secret.
pub async fn whoami(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let anything = Required { resource_optional: true, ..Required::default() };
    let good = match caller(&request, &app, &anything).await? {
        Ok(good) => good,
        Err(refused) => return Ok(refused),
    };
    let (key, owner) = (good.key, good.owner);
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(json!({
        "key": {
            "first_eight": key.first_eight.as_str(),
            "name": key.name,
            "note": key.note,
            "status": key.status(app.now()).as_str(),
            "grant": key.grant.as_str(),
            "scopes": good.rights.iter().map(PermissionName::as_str).collect::<Vec<_>>(),
            "resource": good.bound.as_ref().map(ResourceName::text),
            "created_at": key.created_at.rfc3339(),
            "expires_at": good.expires_at.map(Timestamp::rfc3339),
        },
        "owner": {
            "username": owner.username.as_str(),
            "display_name": owner.display_name,
            "email": owner.email,
        },
    })))
}
