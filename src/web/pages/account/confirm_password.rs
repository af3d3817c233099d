//! "Confirm that it is you": the password again, before what is sensitive.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::{App, Error};
use crate::web::access::SignedIn;
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::layout::{Layout, Nav};
use crate::web::local_path::LocalPath;
use crate::web::sessions;

#[derive(Template)]
#[template(path = "pages/account/confirm_password.html")]
struct ConfirmPage {
    layout: Layout,
    next: String,
    field_errors: FieldErrors,
}

/// Where to go afterwards.
#[derive(Deserialize)]
pub struct Arrival {
    #[serde(default)]
    next: String,
}

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    password: String,
    #[serde(default)]
    next: String,
}

fn local(next: &str) -> LocalPath {
    LocalPath::parse(next).unwrap_or_else(LocalPath::root)
}

/// `GET /confirm-password`
pub async fn page(user: SignedIn, arrival: web::Query<Arrival>) -> Result<HttpResponse, PageError> {
    let next = local(&arrival.next).as_str().to_owned();
    Ok(html::page(&ConfirmPage {
        layout: Layout::new(&user, Nav::Account),
        next,
        field_errors: FieldErrors::default(),
    }))
}

/// `POST /confirm-password`
pub async fn confirm(
    app: web::Data<App>,
    Form(user, form): Form<SignedIn, Confirm>,
) -> Result<HttpResponse, PageError> {
    let next = local(&form.next).as_str().to_owned();
    match app.confirm_password(user.actor.owner()?, &user.session_id(), form.password).await {
        Ok(id) => {
            sessions::renew(&user.session, &id, app.now())?;
            Ok(html::see_other(&next))
        }
        Err(Error::Invalid(field_errors)) => {
            let layout = Layout::new(&user, Nav::Account);
            Ok(html::invalid(&ConfirmPage { layout, next, field_errors: FieldErrors(field_errors) }))
        }
        Err(error) => Err(error.into()),
    }
}
