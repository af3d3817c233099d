//! Permissions move to another service: asked for first.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::{App, Error};
use crate::domain::field_error::FieldError;
use crate::domain::rights::permission::{CLAVIGER, ServiceName};
use crate::web::access::{Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::layout::{Layout, Nav};
use crate::web::paths;

/// Where the permissions of a service go.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    to: String,
}

#[derive(Template)]
#[template(path = "pages/admin/service_move.html")]
struct MovePage {
    layout: Layout,
    service: String,
    count: usize,
    to: String,
    field_errors: FieldErrors,
}

impl MovePage {
    async fn load(app: &App, user: &SignedIn, service: &ServiceName) -> Result<Self, PageError> {
        let all = app.list_permissions(user.actor.administrator()?).await?;
        let count = all.iter().filter(|(permission, _)| permission.service == *service).count();
        if count == 0 || service.as_str() == CLAVIGER {
            return Err(Error::NotFound.into());
        }
        let (layout, service) = (Layout::new(user, Nav::Permissions), service.as_str().to_owned());
        Ok(Self { layout, service, count, to: String::new(), field_errors: FieldErrors::default() })
    }
}

/// `GET /admin/services/{service}/move`
pub async fn move_page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    service: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let service = ServiceName::parse(&service).map_err(|_| Error::NotFound)?;
    Ok(html::page(&MovePage::load(&app, &user, &service).await?))
}

/// `POST /admin/services/{service}/move`: for a service that got another name.
pub async fn move_to(
    app: web::Data<App>,
    service: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Receiver>,
) -> Result<HttpResponse, PageError> {
    let from = ServiceName::parse(&service).map_err(|_| Error::NotFound)?;
    let wrong = |field_error: FieldError| Error::from(FieldError::new("to", field_error.text));
    let page = MovePage::load(&app, &user, &from).await?;
    let moved = match ServiceName::parse(form.to.trim()).map_err(wrong) {
        Ok(to) => app.move_permissions(user.actor.reauthenticated()?, &from, to).await,
        Err(error) => Err(error),
    };
    match moved {
        Ok(count) => {
            let permissions = if count == 1 { "1 permission".to_owned() } else { format!("{count} permissions") };
            Flash::done(format!("{permissions} moved to {}.", form.to.trim())).leave(&user.session);
            Ok(html::see_other(paths::PERMISSIONS))
        }
        Err(Error::Invalid(field_errors)) => {
            Ok(html::invalid(&MovePage { to: form.to, field_errors: FieldErrors(field_errors), ..page }))
        }
        Err(error) => Err(error.into()),
    }
}
