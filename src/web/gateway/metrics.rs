//! `/metrics`: what Prometheus reads.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::actions::{App, Error};
use crate::web::client;
use crate::web::errors::ApiError;

/// Headers of requests that somebody passed on.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// `GET /metrics`: counts and states in the `OpenMetrics` text format, for the same networks as `/verify`. A monitor asks this server
/// itself: what a proxy passes on comes from the outside, however near the proxy is.
pub async fn metrics(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let forwarded = FORWARDED.iter().any(|name| request.headers().contains_key(*name));
    if forwarded || !client::is_gateway(&request, &app.config) {
        let text = "Only monitors may ask here, and not through a proxy. An administrator can add their network to \
                    CLAVIGER_GATEWAY_NETWORKS.";
        return Err(Error::Forbidden(text.into()).into());
    }
    let text = app.metrics().await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(text))
}
