//! The first start: the page behind the one-time link makes the first administrator.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::sign_in::set_up::FirstAdmin;
use crate::actions::{App, Error};
use crate::domain::accounts::account::{Appearance, Username, parse_display_name};
use crate::domain::accounts::password::{self, Proposal};
use crate::domain::field_error::{FieldError, validate};
use crate::web::access::Anonymous;
use crate::web::errors::PageError;
use crate::web::form::PublicForm;
use crate::web::html::{self, FieldErrors};
use crate::web::sessions;

#[derive(Template)]
#[template(path = "pages/sign_in/set_up.html")]
struct SetUpPage {
    appearance: Appearance,
    token: String,
    username: String,
    display_name: String,
    field_errors: FieldErrors,
    rules: &'static str,
}

/// The token of the link.
#[derive(Deserialize)]
pub struct Link {
    #[serde(default)]
    token: String,
}

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetUp {
    token: String,
    username: String,
    display_name: String,
    password: String,
    again: String,
}

/// `GET /setup`
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    link: web::Query<Link>,
) -> Result<HttpResponse, PageError> {
    app.check_set_up(&link.token).await?;
    Ok(html::page(&SetUpPage {
        appearance: html::appearance_cookie(&request),
        token: link.into_inner().token,
        username: String::new(),
        display_name: String::new(),
        field_errors: FieldErrors::default(),
        rules: password::RULES,
    }))
}

/// `POST /setup`
pub async fn set_up(
    request: HttpRequest,
    app: web::Data<App>,
    stranger: Anonymous,
    form: PublicForm<SetUp>,
) -> Result<HttpResponse, PageError> {
    let form = form.0;
    app.check_set_up(&form.token).await?;
    let page = SetUpPage {
        appearance: html::appearance_cookie(&request),
        token: form.token.clone(),
        username: form.username.clone(),
        display_name: form.display_name.clone(),
        field_errors: FieldErrors::default(),
        rules: password::RULES,
    };
    let begun = match first_admin(form) {
        Ok(admin) => app.set_up(&stranger.actor, &page.token, admin, stranger.agent.clone()).await,
        Err(error) => Err(error),
    };
    match begun {
        Ok(begun) => {
            sessions::begin(&stranger.session, &begun, app.now())?;
            Ok(html::see_other("/external-tool-access"))
        }
        Err(Error::Invalid(field_errors)) => {
            Ok(html::invalid(&SetUpPage { field_errors: FieldErrors(field_errors), ..page }))
        }
        Err(error) => Err(error.into()),
    }
}

fn first_admin(form: SetUp) -> Result<FirstAdmin, Error> {
    let mut field_errors = Vec::new();
    let username = validate(&mut field_errors, Username::parse_new(&form.username));
    let display_name = validate(&mut field_errors, parse_display_name(&form.display_name));
    let same = form.password == form.again;
    let password = validate(&mut field_errors, Proposal::parse("password", form.password));
    if !same {
        field_errors.push(FieldError::new("again", "Type the same password twice"));
    }
    match (username, display_name, password) {
        (Some(username), Some(display_name), Some(password)) if field_errors.is_empty() => {
            Ok(FirstAdmin { username, display_name, password })
        }
        _ => Err(Error::Invalid(field_errors)),
    }
}
