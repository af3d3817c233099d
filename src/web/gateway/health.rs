//! For monitors: does the process live, and can it answer?

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::actions::App;
use crate::actions::site::health::Problem;

/// `GET /healthz`: the process lives.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /readyz`: nothing keeps this node from its work. 503 says in a few words what does; the log has the rest.
pub async fn readyz(app: web::Data<App>) -> HttpResponse {
    let problems: Vec<&str> = app.problems().await.into_iter().map(Problem::as_str).collect();
    let (mut response, status) = match problems[..] {
        [] => (HttpResponse::Ok(), "ready"),
        _ => (HttpResponse::ServiceUnavailable(), "not ready"),
    };
    if !problems.is_empty() {
        response.insert_header((header::RETRY_AFTER, 2));
    }
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(json!({ "status": status, "problems": problems }))
}
