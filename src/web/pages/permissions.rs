//! The catalogue of permissions, by service: what each allows, how often it is given, and what is retired.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::admin_api_keys::number;
use super::sign_in::Nothing;
use crate::actions::browse_keys::Count;
use crate::actions::manage_permissions::{COUNT_LIMIT, Given};
use crate::actions::{App, Error};
use crate::domain::mistake::collect;
use crate::domain::permission::{CLAVIGER, Permission, PermissionName, ServiceName, parse_description};
use crate::web::access::{Admin, RecentAdmin, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, Mistakes};
use crate::web::key_query::live_keys_path;
use crate::web::shell::{Nav, Shell};

const PATH: &str = "/admin/permissions";

#[derive(Template)]
#[template(path = "pages/permissions.html")]
struct PermissionsPage {
    shell: Shell,
    services: Vec<(String, Vec<(Permission, Given)>)>,
    entered: Entered,
    mistakes: Mistakes,
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    service: String,
    name: String,
    #[serde(default)]
    description: String,
}

/// "214", "1,000+".
pub fn up_to_limit(count: Count) -> String {
    match count {
        Count::Exactly(exactly) => number(exactly),
        Count::Many => format!("{}+", number(COUNT_LIMIT)),
    }
}

impl PermissionsPage {
    async fn load(app: &App, user: &SignedIn, entered: Entered, mistakes: Mistakes) -> Result<Self, PageError> {
        let mut services: Vec<(String, Vec<(Permission, Given)>)> = Vec::new();
        for (permission, given) in app.list_permissions().await? {
            let service = permission.service.as_str().to_owned();
            match services.last_mut().filter(|(last, _)| *last == service) {
                Some((_, of_service)) => of_service.push((permission, given)),
                None => services.push((service, vec![(permission, given)])),
            }
        }
        services.sort_by_key(|(service, _)| service == CLAVIGER); // what services ask for comes first
        Ok(Self { shell: Shell::new(user, Nav::Permissions), services, entered, mistakes })
    }

    fn can_be_retired(permission: &Permission) -> bool {
        !permission.retired && permission.service.as_str() != CLAVIGER
    }
}

/// `GET /admin/permissions`
pub async fn list(app: web::Data<App>, Admin(user): Admin) -> Result<HttpResponse, PageError> {
    Ok(html::page(&PermissionsPage::load(&app, &user, Entered::default(), Mistakes::default()).await?))
}

/// `POST /admin/permissions`: one more for a service.
pub async fn register(
    app: web::Data<App>,
    Form(RecentAdmin(user), form): Form<RecentAdmin, Entered>,
) -> Result<HttpResponse, PageError> {
    let entered = form;
    let mut mistakes = Vec::new();
    let service = collect(&mut mistakes, ServiceName::parse(entered.service.trim()));
    let name = collect(&mut mistakes, PermissionName::parse("name", entered.name.trim()));
    let description = collect(&mut mistakes, parse_description(&entered.description));
    let added = match (service, name, description) {
        (Some(service), Some(name), Some(description)) => {
            app.add_permission(&user.actor, service, name.clone(), description).await.map(|()| name)
        }
        _ => Err(Error::Invalid(mistakes)),
    };
    match added {
        Ok(name) => {
            Flash::done(format!("Permission {} registered.", name.as_str())).leave(&user.session);
            Ok(html::see_other(PATH))
        }
        Err(Error::Invalid(mistakes)) => {
            Ok(html::invalid(&PermissionsPage::load(&app, &user, entered, Mistakes(mistakes)).await?))
        }
        Err(Error::Conflict(text)) => {
            let mistakes = Mistakes(vec![crate::domain::mistake::Mistake::new("name", text)]);
            Ok(html::body(HttpResponse::Conflict(), &PermissionsPage::load(&app, &user, entered, mistakes).await?))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/permissions/{permission}/retire`
pub async fn retire(
    app: web::Data<App>,
    permission: web::Path<String>,
    Form(RecentAdmin(user), _): Form<RecentAdmin, Nothing>,
) -> Result<HttpResponse, PageError> {
    let name = PermissionName::parse("name", &permission).map_err(|_| Error::NotFound)?;
    match app.retire_permission(&user.actor, &name).await {
        Ok(()) => {
            let text =
                format!("{} is retired: nobody holds it. Its service, or you, can register it again.", name.as_str());
            Flash::done(text).leave(&user.session);
        }
        Err(Error::Conflict(text)) => Flash::failed(text).leave(&user.session),
        Err(error) => return Err(error.into()),
    }
    Ok(html::see_other(PATH))
}
