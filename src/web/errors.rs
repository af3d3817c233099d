//! Errors as a page or as RFC 9457 JSON. `PageError` and `ApiError` say which in a handler's return type; one layer
//! renders them, and everything that actix refuses by itself, so that no answer is bare.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error as ActixError, HttpMessage, HttpResponse, ResponseError, web};
use askama::Template;

use crate::actions::Error;
use crate::domain::accounts::account::Appearance;
use crate::domain::field_error::FieldError;
use crate::web::client::Reference;
use crate::web::headers;
use crate::web::html;
use crate::web::is_for_programs;
use crate::web::layout::{Layout, Nav};
use crate::web::site_origin::SiteOrigin;
use crate::wire;

/// An error that a person reads on a page.
#[derive(Debug)]
pub struct PageError(pub Error);

/// An error that a program reads as JSON.
#[derive(Debug)]
pub struct ApiError(pub Error);

macro_rules! answers {
    ($wrapper:ident, json: $json:literal) => {
        impl std::fmt::Display for $wrapper {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Error> for $wrapper {
            fn from(error: Error) -> Self {
                Self(error)
            }
        }

        impl ResponseError for $wrapper {
            fn status_code(&self) -> StatusCode {
                status(&self.0)
            }

            fn error_response(&self) -> HttpResponse {
                Problem::of(&self.0, $json).bare()
            }
        }
    };
}
answers!(PageError, json: false);
answers!(ApiError, json: true);

fn status(error: &Error) -> StatusCode {
    match error {
        Error::NotFound => StatusCode::NOT_FOUND,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::Invalid(_) => StatusCode::BAD_REQUEST,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable(_) | Error::Unknown(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What a response wants to say, until the layer below gives it its form.
#[derive(Debug, Clone)]
struct Problem {
    status: StatusCode,
    detail: Option<String>,
    field_errors: Vec<FieldError>,
    retry_after: Option<u64>,
    json: bool,
}

impl Problem {
    fn of(error: &Error, json: bool) -> Self {
        let (mut detail, mut field_errors, mut retry_after) = (None, Vec::new(), None);
        match error {
            Error::NotFound => {}
            Error::Forbidden(text) | Error::Conflict(text) => detail = Some(text.clone()),
            Error::Invalid(all) => {
                field_errors.clone_from(all);
                detail = Some(format!("{error}."));
            }
            Error::TooMany { text, retry_after: seconds } => {
                detail = Some(text.clone());
                retry_after = Some(*seconds);
            }
            Error::Unavailable(reason) => {
                tracing::warn!(reason, "Not available.");
                retry_after = Some(2);
            }
            Error::Unknown(reason) => {
                tracing::error!(reason, "The outcome is unknown.");
                detail = Some(OUTCOME_UNKNOWN.into());
                retry_after = Some(2);
            }
            Error::Internal(reason) => tracing::error!(reason, "Something went wrong."),
        }
        Self { status: status(error), detail, field_errors, retry_after, json }
    }

    /// For a status that comes without words, from actix or from the route table.
    fn plain(status: StatusCode) -> Self {
        Self { status, detail: None, field_errors: Vec::new(), retry_after: None, json: false }
    }

    fn bare(self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status);
        response.extensions_mut().insert(self);
        response
    }

    fn words(&self) -> (&'static str, &'static str) {
        match self.status.as_u16() {
            401 => ("Sign in first", "Your sign-in has ended. Sign in to continue."),
            403 => ("Not allowed", "You do not have access to this page."),
            404 => ("Not found", "Page not found. It may have been deleted."),
            405 => (
                "Not possible here",
                "This address does not take this kind of request. Go back, and use the page's own buttons.",
            ),
            408 => ("Too slow", "The request did not arrive in time. Nothing was changed. Try again."),
            409 => ("Not possible now", "This has changed since you opened the page. Reload it and try again."),
            411 => ("Not understood", "The request does not say how long it is. Nothing was changed."),
            413 => ("Too large", "What was sent is larger than this page accepts. Nothing was changed."),
            421 => (
                "Another address",
                "This server does not answer for the host name in this address. Use its own address; an administrator can add \
                 names with CLAVIGER_HOSTS.",
            ),
            415 => ("Not understood", "The request format is not supported. Nothing was changed."),
            429 => ("Too many attempts", "Wait a little, and try again."),
            503 => (
                "Not available at the moment",
                "The server cannot reach its database. Nothing was changed. Try again in a moment.",
            ),
            500..=599 => ("Something went wrong", "Something went wrong on the server. Nothing was changed."),
            _ => {
                ("Not understood", "The request could not be understood. Nothing was changed. Go back, and try again.")
            }
        }
    }
}

/// The answer to a request for another host.
pub fn misdirected() -> HttpResponse {
    Problem::plain(StatusCode::MISDIRECTED_REQUEST).bare()
}

/// The same for a program.
pub fn misdirected_as_json(reference: &str) -> HttpResponse {
    as_problem(&Problem::plain(StatusCode::MISDIRECTED_REQUEST), reference)
}

/// An error as a program reads it, where no layer gives it its form.
pub fn as_json(error: &Error, reference: &str) -> HttpResponse {
    as_problem(&Problem::of(error, true), reference)
}

fn as_problem(problem: &Problem, reference: &str) -> HttpResponse {
    let reader = Reader {
        json: true,
        https: false,
        reads: true,
        appearance: Appearance::System,
        reference: reference.to_owned(),
    };
    reader.render(problem, None)
}

/// What people read when nobody knows whether their change was made.
const OUTCOME_UNKNOWN: &str = "The server's database did not answer in time. What you asked for may have been done, or not: \
     look before you try again.";

/// The page of an error.
#[derive(Template)]
#[template(path = "pages/error.html")]
struct ErrorPage<'a> {
    appearance: Appearance,
    title: &'a str,
    detail: &'a str,
    reference: Option<&'a str>,
    retry: bool,
}

/// The same for somebody who is signed in: inside the frame that they know.
#[derive(Template)]
#[template(path = "pages/error_inside.html")]
struct ErrorInside<'a> {
    layout: Layout,
    title: &'a str,
    detail: &'a str,
    reference: Option<&'a str>,
    retry: bool,
}

/// What is needed to render, taken before the request is given away.
struct Reader {
    json: bool,
    https: bool,
    /// Does the request only read?
    reads: bool,
    appearance: Appearance,
    reference: String,
}

impl Reader {
    fn of(request: &ServiceRequest) -> Self {
        Self {
            json: is_for_programs(request.path()),
            reads: request.method().is_safe(),
            https: request.app_data::<web::Data<SiteOrigin>>().is_some_and(|place| place.https),
            appearance: html::appearance_cookie(request.request()),
            reference: Reference::of(request.request()),
        }
    }

    fn render(&self, problem: &Problem, layout: Option<Layout>) -> HttpResponse {
        let (title, general) = problem.words();
        let detail = problem.detail.as_deref().unwrap_or(general);
        let mut response = HttpResponse::build(problem.status);
        if let Some(seconds) = problem.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if problem.json || self.json {
            let errors = Some(problem.field_errors.as_slice());
            let reference = Some(self.reference.as_str());
            let written =
                wire::Problem { errors, reference, ..wire::Problem::new(problem.status.as_u16(), title, detail) };
            return response.content_type(wire::CONTENT_TYPE).json(written);
        }
        let reference = problem.status.is_server_error().then_some(self.reference.as_str());
        let retry = problem.retry_after.is_some();
        if let Some(layout) = layout {
            return html::body(response, &ErrorInside { layout, title, detail, reference, retry });
        }
        html::body(response, &ErrorPage { appearance: self.appearance, title, detail, reference, retry })
    }
}

/// Gives every error its form: a page or JSON.
pub async fn render(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody, BoxBody>>, ActixError> {
    let reader = Reader::of(&request);
    match next.call(request).await {
        Ok(response) => {
            let problem = response.response().extensions().get::<Problem>().cloned().or_else(|| unspoken(&response));
            let Some(problem) = problem else { return Ok(response.map_into_left_body()) };
            let layout = response.request().extensions_mut().remove::<Layout>();
            let mut rendered = reader.render(&problem, layout);
            for name in [header::ALLOW, header::WWW_AUTHENTICATE, header::SET_COOKIE] {
                for value in response.headers().get_all(&name) {
                    rendered.headers_mut().append(name.clone(), value.clone());
                }
            }
            Ok(response.into_response(rendered).map_into_right_body())
        }
        Err(error) => {
            let mut answer = error.as_response_error().error_response();
            let problem = answer.extensions().get::<Problem>().cloned();
            // What fails without words of its own on this side is a session that could not be found, or not be kept after
            // the work was done.
            let detail = (!reader.reads).then(|| OUTCOME_UNKNOWN.to_owned());
            let unavailable =
                || Problem { detail, retry_after: Some(2), ..Problem::plain(StatusCode::SERVICE_UNAVAILABLE) };
            let problem = problem.unwrap_or_else(|| match answer.status() {
                StatusCode::INTERNAL_SERVER_ERROR => unavailable(),
                status => Problem::plain(status),
            });
            answer = reader.render(&problem, None);
            headers::apply(answer.headers_mut(), reader.https);
            Err(InternalError::from_response("rendered", answer).into())
        }
    }
}

/// An error response that nobody has given words to yet.
fn unspoken<B: MessageBody>(response: &ServiceResponse<B>) -> Option<Problem> {
    let status = response.status();
    let content_type =
        response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let spoken = content_type.starts_with("text/html") || content_type.starts_with("application/");
    ((status.is_client_error() || status.is_server_error()) && !spoken).then(|| Problem::plain(status))
}
