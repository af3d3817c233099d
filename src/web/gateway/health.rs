//! For monitors: does the process live, and can it answer?

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::actions::{App, Error};
use crate::web::errors::ApiError;

/// `GET /healthz`: the process lives.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /readyz`: the database is reachable and migrated.
pub async fn readyz(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    if app.is_ready().await? {
        Ok(HttpResponse::Ok().json(json!({ "status": "ready" })))
    } else {
        Err(Error::Unavailable("the database's migrations are not those of this binary".into()).into())
    }
}
