//! Signing in and out.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::{App, Error};
use crate::domain::accounts::account::Appearance;
use crate::domain::field_error::FieldError;
use crate::domain::keys::secret::appears_in;
use crate::web::access::{self, Anonymous, SignedIn};
use crate::web::errors::PageError;
use crate::web::form::{Form, Nothing, PublicForm};
use crate::web::html::{self, FieldErrors};
use crate::web::local_path::LocalPath;
use crate::web::sessions;

const HOME: &str = "/external-tool-access";

#[derive(Template)]
#[template(path = "pages/sign_in/password.html")]
struct SignInPage {
    appearance: Appearance,
    next: String,
    ended: bool,
    username: String,
    field_errors: FieldErrors,
}

/// Where to go afterwards, and why somebody came here.
#[derive(Deserialize)]
pub struct Arrival {
    #[serde(default)]
    next: String,
    ended: Option<String>,
}

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    username: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `GET /`
pub async fn home() -> HttpResponse {
    html::see_other(HOME)
}

/// `GET /sign-in`
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    stranger: Anonymous,
    arrival: web::Query<Arrival>,
) -> Result<HttpResponse, PageError> {
    if let Some(id) = sessions::id(&stranger.session)
        && app.person_of_session(&id).await?.is_some()
    {
        return Ok(html::see_other(target(&arrival.next).as_str()));
    }
    Ok(html::page(&SignInPage {
        appearance: html::appearance_cookie(&request),
        next: LocalPath::parse(&arrival.next).map(|next| next.as_str().to_owned()).unwrap_or_default(),
        ended: arrival.ended.is_some(),
        username: String::new(),
        field_errors: FieldErrors::default(),
    }))
}

/// `POST /sign-in`
pub async fn sign_in(
    request: HttpRequest,
    app: web::Data<App>,
    stranger: Anonymous,
    form: PublicForm<SignIn>,
) -> Result<HttpResponse, PageError> {
    let SignIn { username, password, next } = form.0;
    match app.sign_in(&stranger.actor, &username, password, stranger.agent.clone()).await {
        Ok(begun) => {
            sessions::begin(&stranger.session, &begun, app.now())?;
            let mut response = html::see_other(target(&next).as_str());
            html::remember_appearance(&mut response, begun.account.appearance, access::place(&request)?.https);
            Ok(response)
        }
        Err(Error::Invalid(field_errors)) => Ok(html::invalid(&SignInPage {
            appearance: html::appearance_cookie(&request),
            next: LocalPath::parse(&next).map(|next| next.as_str().to_owned()).unwrap_or_default(),
            ended: false,
            // A key that was pasted into the wrong field is not shown again.
            username: if appears_in(&app.config.prefixes, &username) { String::new() } else { username },
            field_errors: FieldErrors(field_errors),
        })),
        Err(Error::TooMany { text, retry_after }) => {
            let page = SignInPage {
                appearance: html::appearance_cookie(&request),
                next: LocalPath::parse(&next).map(|next| next.as_str().to_owned()).unwrap_or_default(),
                ended: false,
                username: if appears_in(&app.config.prefixes, &username) { String::new() } else { username },
                field_errors: FieldErrors(vec![FieldError::new("username", text)]),
            };
            let mut response = HttpResponse::TooManyRequests();
            response.insert_header((header::RETRY_AFTER, retry_after));
            Ok(html::body(response, &page))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /sign-out`
pub async fn sign_out(app: web::Data<App>, Form(user, _): Form<SignedIn, Nothing>) -> Result<HttpResponse, PageError> {
    app.sign_out(user.actor.owner()?, &user.session_id()).await?;
    user.session.purge();
    let mut response = html::see_other("/sign-in");
    let clear = header::HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert(header::HeaderName::from_static("clear-site-data"), clear);
    Ok(response)
}

fn target(next: &str) -> LocalPath {
    let wanted = LocalPath::parse(next).or_else(|| LocalPath::parse(HOME));
    wanted.unwrap_or_else(LocalPath::root)
}
