//! One resource for administrators: its title, who administers it, what keys for it can be given.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::rights::resources::ResourceDetails;
use crate::actions::{App, Error};
use crate::domain::accounts::account::Username;
use crate::domain::rights::resource::parse_title;
use crate::web::access::{Admin, Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing};
use crate::web::html::{self, FieldErrors};
use crate::web::key_views::live_keys_path;
use crate::web::labels::numbers::{counted, number};
use crate::web::layout::{Layout, Nav};
use crate::web::pages::confirm::ConfirmPage;
use crate::web::paths;

#[derive(Template)]
#[template(path = "pages/admin/resource.html")]
struct ResourcePage {
    layout: Layout,
    found: ResourceDetails,
    title: String,
    username: String,
    field_errors: FieldErrors,
}

impl ResourcePage {
    async fn load(app: &App, user: &SignedIn, name: &str) -> Result<Self, PageError> {
        let found = app.find_resource(user.actor.administrator()?, &paths::resource_name(name)?).await?;
        let title = found.resource.title.clone();
        let layout = Layout::new(user, Nav::Resources);
        Ok(Self { layout, found, title, username: String::new(), field_errors: FieldErrors::default() })
    }

    fn path(&self) -> String {
        paths::resource(&self.found.resource.name)
    }

    fn name(&self) -> String {
        self.found.resource.name.text()
    }

    fn keys_link(&self) -> String {
        live_keys_path("resource", &self.name())
    }
}

/// `GET /admin/resources/{resource}`
pub async fn page(app: web::Data<App>, Admin(user): Admin, name: web::Path<String>) -> Result<HttpResponse, PageError> {
    Ok(html::page(&ResourcePage::load(&app, &user, &name).await?))
}

/// What the form for the title sends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Titled {
    title: String,
}

/// `POST /admin/resources/{resource}/edit`
pub async fn edit(
    app: web::Data<App>,
    name: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Titled>,
) -> Result<HttpResponse, PageError> {
    let resource = paths::resource_name(&name)?;
    match parse_title(&form.title) {
        Ok(title) => app.rename_resource(user.actor.reauthenticated()?, &resource, title).await?,
        Err(field_error) => {
            let page = ResourcePage::load(&app, &user, &name).await?;
            return Ok(html::invalid(&ResourcePage {
                title: form.title,
                field_errors: FieldErrors(vec![field_error]),
                ..page
            }));
        }
    }
    Flash::done("Title saved.").leave(&user.session);
    Ok(html::see_other(&paths::resource(&resource)))
}

/// What the form for one more administrator sends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    username: String,
}

/// `POST /admin/resources/{resource}/administrators`
pub async fn add_administrator(
    app: web::Data<App>,
    name: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Named>,
) -> Result<HttpResponse, PageError> {
    let resource = paths::resource_name(&name)?;
    let added = match Username::parse(&form.username) {
        Ok(username) => {
            app.add_resource_administrator(user.actor.reauthenticated()?, &resource, &username).await.map(|()| username)
        }
        Err(field_error) => Err(field_error.into()),
    };
    match added {
        Ok(username) => {
            Flash::done(format!("{} is now an administrator of {}.", username.as_str(), resource.text()))
                .leave(&user.session);
            Ok(html::see_other(&paths::resource(&resource)))
        }
        Err(Error::Invalid(field_errors)) => {
            let page = ResourcePage::load(&app, &user, &name).await?;
            let (username, field_errors) = (form.username, FieldErrors(field_errors));
            Ok(html::invalid(&ResourcePage { username, field_errors, ..page }))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/resources/{resource}/administrators/{username}/remove`: reversible, so it is done at once, with Undo.
pub async fn remove_administrator(
    app: web::Data<App>,
    asked: web::Path<(String, String)>,
    Form(Reauthenticated(user), _): Form<Reauthenticated, Nothing>,
) -> Result<HttpResponse, PageError> {
    let resource = paths::resource_name(&asked.0)?;
    let username = Username::parse(&asked.1).map_err(|_| Error::NotFound)?;
    app.remove_resource_administrator(user.actor.reauthenticated()?, &resource, &username).await?;
    let text = format!(
        "{} is no longer an administrator of {}. Their keys lost what came from that role at once.",
        username.as_str(),
        resource.text()
    );
    Flash::done(text).leave(&user.session);
    Ok(html::see_other(&paths::resource(&resource)))
}

/// `GET /admin/resources/{resource}/delete`
pub async fn delete_page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    name: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let found = app.find_resource(user.actor.administrator()?, &paths::resource_name(&name)?).await?;
    let administrators = counted(
        i64::try_from(found.administrators.len()).unwrap_or(i64::MAX),
        "resource administrator loses",
        "resource administrators lose",
    );
    let back = paths::resource(&found.resource.name);
    let page = ConfirmPage {
        layout: Layout::new(&user, Nav::Resources),
        title: format!("Remove {}?", found.resource.name.text()),
        effect: format!(
            "{administrators} that role, and gateways that ask for this resource are refused. It can be registered again, \
             without them."
        ),
        action: format!("{back}/delete"),
        button: "Remove resource",
        back,
    };
    Ok(page.response())
}

/// `POST /admin/resources/{resource}/delete`
pub async fn delete(
    app: web::Data<App>,
    name: web::Path<String>,
    Form(Reauthenticated(user), _): Form<Reauthenticated, Nothing>,
) -> Result<HttpResponse, PageError> {
    let resource = paths::resource_name(&name)?;
    match app.delete_resource(user.actor.reauthenticated()?, &resource).await {
        Ok(()) => {
            Flash::done(format!("{} is no longer registered.", resource.text())).leave(&user.session);
            Ok(html::see_other(paths::RESOURCES))
        }
        Err(Error::Conflict(text)) => {
            Flash::failed(text).leave(&user.session);
            Ok(html::see_other(&paths::resource(&resource)))
        }
        Err(error) => Err(error.into()),
    }
}
