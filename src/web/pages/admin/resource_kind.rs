//! What keys for the resources of a kind can be given by those who administer them.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::rights::resources::KindDetails;
use crate::actions::{App, Error};
use crate::domain::rights::permission::{Permission, PermissionName, Rights};
use crate::domain::rights::resource::ResourceKind;
use crate::web::access::{Admin, Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::layout::{Layout, Nav};
use crate::web::paths;
use crate::web::permission_boxes::PermissionBoxes;

#[derive(Template)]
#[template(path = "pages/admin/resource_kind.html")]
struct KindPage {
    layout: Layout,
    found: KindDetails,
    ticked: Vec<String>,
    field_errors: FieldErrors,
}

impl KindPage {
    async fn load(app: &App, user: &SignedIn, kind: &ResourceKind) -> Result<Self, PageError> {
        let found = app.find_resource_kind(user.actor.administrator()?, kind).await?;
        let ticked = found.rights.iter().map(|name| name.as_str().to_owned()).collect();
        Ok(Self { layout: Layout::new(user, Nav::Resources), found, ticked, field_errors: FieldErrors::default() })
    }

    fn boxes(&self) -> PermissionBoxes {
        let of_services: Vec<Permission> =
            self.found.catalogue.iter().filter(|permission| !permission.name.is_own()).cloned().collect();
        PermissionBoxes::new(&of_services, |name| self.ticked.iter().any(|ticked| ticked == name))
    }
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticked {
    #[serde(default)]
    scope: Vec<String>,
}

fn parse(kind: &str) -> Result<ResourceKind, PageError> {
    ResourceKind::parse(kind).map_err(|_| PageError(Error::NotFound))
}

/// `GET /admin/resource-kinds/{kind}`
pub async fn page(app: web::Data<App>, Admin(user): Admin, kind: web::Path<String>) -> Result<HttpResponse, PageError> {
    Ok(html::page(&KindPage::load(&app, &user, &parse(&kind)?).await?))
}

/// `POST /admin/resource-kinds/{kind}`
pub async fn save(
    app: web::Data<App>,
    kind: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Ticked>,
) -> Result<HttpResponse, PageError> {
    let kind = parse(&kind)?;
    let names = form.scope.iter().map(|name| PermissionName::parse("permissions", name));
    let saved = match names.collect::<Result<Rights, _>>() {
        Ok(wanted) => app.set_resource_kind(user.actor.reauthenticated()?, &kind, wanted).await,
        Err(field_error) => Err(field_error.into()),
    };
    match saved {
        Ok(()) => {
            Flash::done(format!("Saved. It applies to every key for a {} at once.", kind.as_str()))
                .leave(&user.session);
            Ok(html::see_other(paths::RESOURCES))
        }
        Err(Error::Invalid(field_errors)) => {
            let page = KindPage::load(&app, &user, &kind).await?;
            Ok(html::invalid(&KindPage { ticked: form.scope, field_errors: FieldErrors(field_errors), ..page }))
        }
        Err(error) => Err(error.into()),
    }
}
