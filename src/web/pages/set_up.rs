//! The first start: the page behind the one-time link makes the first administrator.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::set_up::FirstAdmin;
use crate::actions::{App, Error};
use crate::domain::mistake::{Mistake, collect};
use crate::domain::password::{self, Proposal};
use crate::domain::user::{Appearance, Username, parse_display_name};
use crate::web::access::Stranger;
use crate::web::errors::PageError;
use crate::web::form::PublicForm;
use crate::web::html::{self, Mistakes};
use crate::web::sessions;

#[derive(Template)]
#[template(path = "pages/set_up.html")]
struct SetUpPage {
    appearance: Appearance,
    token: String,
    username: String,
    display_name: String,
    mistakes: Mistakes,
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
        mistakes: Mistakes::default(),
        rules: password::RULES,
    }))
}

/// `POST /setup`
pub async fn set_up(
    request: HttpRequest,
    app: web::Data<App>,
    stranger: Stranger,
    form: PublicForm<SetUp>,
) -> Result<HttpResponse, PageError> {
    let form = form.0;
    app.check_set_up(&form.token).await?;
    let page = SetUpPage {
        appearance: html::appearance_cookie(&request),
        token: form.token.clone(),
        username: form.username.clone(),
        display_name: form.display_name.clone(),
        mistakes: Mistakes::default(),
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
        Err(Error::Invalid(mistakes)) => Ok(html::invalid(&SetUpPage { mistakes: Mistakes(mistakes), ..page })),
        Err(error) => Err(error.into()),
    }
}

fn first_admin(form: SetUp) -> Result<FirstAdmin, Error> {
    let mut mistakes = Vec::new();
    let username = collect(&mut mistakes, Username::parse_new(&form.username));
    let display_name = collect(&mut mistakes, parse_display_name(&form.display_name));
    let same = form.password == form.again;
    let password = collect(&mut mistakes, Proposal::parse("password", form.password));
    if !same {
        mistakes.push(Mistake::new("again", "Type the same password twice"));
    }
    match (username, display_name, password) {
        (Some(username), Some(display_name), Some(password)) if mistakes.is_empty() => {
            Ok(FirstAdmin { username, display_name, password })
        }
        _ => Err(Error::Invalid(mistakes)),
    }
}
