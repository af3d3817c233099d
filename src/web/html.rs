//! Templates to responses, the errors of a form, and the colours for people who are not signed in.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::HttpResponseBuilder;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use crate::domain::accounts::account::Appearance;
use crate::domain::field_error::FieldError;

/// A page.
pub fn page(template: &impl Template) -> HttpResponse {
    body(HttpResponse::Ok(), template)
}

/// A page whose form has errors.
pub fn invalid(template: &impl Template) -> HttpResponse {
    body(HttpResponse::build(StatusCode::UNPROCESSABLE_ENTITY), template)
}

/// Fills a response with a page.
pub fn body(mut response: HttpResponseBuilder, template: &impl Template) -> HttpResponse {
    match template.render() {
        Ok(html) => response.content_type("text/html; charset=utf-8").body(html),
        Err(error) => {
            tracing::error!(%error, "A page could not be rendered.");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Sends the browser to another page after a change.
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((actix_web::http::header::LOCATION, path)).finish()
}

/// What the search over a list sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// The text.
    pub q: String,
}

/// The path of a list with what a search form sent; blank fields are left out.
pub fn searched(path: &str, fields: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields.iter().filter(|(_, value)| !value.trim().is_empty()));
    format!("{path}?{}", query.finish())
}

const APPEARANCE: &str = "claviger_appearance";

/// The colours for a page of somebody who is not signed in.
pub fn appearance_cookie(request: &HttpRequest) -> Appearance {
    request.cookie(APPEARANCE).and_then(|cookie| cookie.value().parse::<Appearance>().ok()).unwrap_or_default()
}

/// Remembers the colours for the sign-in page.
pub fn remember_appearance(response: &mut HttpResponse, appearance: Appearance, https: bool) {
    let cookie = Cookie::build(APPEARANCE, appearance.as_str())
        .path("/")
        .http_only(true)
        .secure(https)
        .same_site(SameSite::Lax)
        .max_age(Duration::days(365))
        .finish();
    if let Err(error) = response.add_cookie(&cookie) {
        tracing::warn!(%error, "The appearance was not remembered.");
    }
}

/// The errors of a form, for its summary and its fields.
#[derive(Debug, Clone, Default)]
pub struct FieldErrors(pub Vec<FieldError>);

impl FieldErrors {
    /// The error of one field; empty when it is right.
    pub fn of(&self, field: &str) -> &str {
        self.0.iter().find(|field_error| field_error.field == field).map_or("", |field_error| field_error.text.as_str())
    }
}
