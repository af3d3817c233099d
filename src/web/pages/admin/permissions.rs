//! The catalogue of permissions, by service: what each allows, how often it is given, and what is retired.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::{App, Error};
use crate::domain::field_error::{FieldError, validate};
use crate::domain::rights::permission::Given;
use crate::domain::rights::permission::{CLAVIGER, Permission, PermissionName, ServiceName, parse_description};
use crate::domain::time::clock::Timestamp;
use crate::web::access::{Admin, Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::key_views::live_keys_path;
use crate::web::labels::numbers::{number, words};
use crate::web::layout::{Layout, Nav};
use crate::web::paths;

#[derive(Template)]
#[template(path = "pages/admin/permissions.html")]
struct PermissionsPage {
    layout: Layout,
    services: Vec<(String, Vec<(Permission, Given)>)>,
    entered: Entered,
    new_service: String,
    field_errors: FieldErrors,
}

/// What the form for a service sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewService {
    new_service: String,
}

/// What of a service is to be taken up again: what it left out of its list at this moment, in microseconds since 1970.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    service: String,
    at: String,
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

impl PermissionsPage {
    fn is_of_service(service: &str) -> bool {
        service != CLAVIGER
    }

    async fn load(app: &App, user: &SignedIn, entered: Entered, field_errors: FieldErrors) -> Result<Self, PageError> {
        let mut services: Vec<(String, Vec<(Permission, Given)>)> = Vec::new();
        for (permission, given) in app.list_permissions(user.actor.administrator()?).await? {
            let service = permission.service.as_str().to_owned();
            match services.last_mut().filter(|(last, _)| *last == service) {
                Some((_, of_service)) => of_service.push((permission, given)),
                None => services.push((service, vec![(permission, given)])),
            }
        }
        services.sort_by_key(|(service, _)| service == CLAVIGER); // what services ask for comes first
        let layout = Layout::new(user, Nav::Permissions);
        Ok(Self { layout, services, entered, new_service: String::new(), field_errors })
    }

    fn is_own(permission: &Permission) -> bool {
        permission.service.as_str() == CLAVIGER
    }

    /// What a service left out of its list, latest first: how many permissions at which moment.
    fn left_out(permissions: &[(Permission, Given)]) -> Vec<(Timestamp, usize)> {
        let mut moments: Vec<Timestamp> = permissions
            .iter()
            .filter_map(|(permission, _)| permission.retired)
            .filter(|retired| !retired.by_administrator)
            .map(|retired| retired.at)
            .collect();
        moments.sort_unstable_by(|a, b| b.cmp(a));
        moments.chunk_by(|a, b| a == b).map(|same| (same[0], same.len())).collect()
    }
}

/// `GET /admin/permissions`
pub async fn list(app: web::Data<App>, Admin(user): Admin) -> Result<HttpResponse, PageError> {
    Ok(html::page(&PermissionsPage::load(&app, &user, Entered::default(), FieldErrors::default()).await?))
}

/// `POST /admin/permissions`: one more for a service.
pub async fn register(
    app: web::Data<App>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Entered>,
) -> Result<HttpResponse, PageError> {
    let entered = form;
    let mut field_errors = Vec::new();
    let service = validate(&mut field_errors, ServiceName::parse(entered.service.trim()));
    let name = validate(&mut field_errors, PermissionName::parse("name", entered.name.trim()));
    let description = validate(&mut field_errors, parse_description(&entered.description));
    let added = match (service, name, description) {
        (Some(service), Some(name), Some(description)) => {
            app.add_permission(user.actor.reauthenticated()?, service, name.clone(), description).await.map(|()| name)
        }
        _ => Err(Error::Invalid(field_errors)),
    };
    match added {
        Ok(name) => {
            Flash::done(format!("Permission {} registered.", name.as_str())).leave(&user.session);
            Ok(html::see_other(paths::PERMISSIONS))
        }
        Err(Error::Invalid(field_errors)) => {
            Ok(html::invalid(&PermissionsPage::load(&app, &user, entered, FieldErrors(field_errors)).await?))
        }
        Err(Error::Conflict(text)) => {
            let field_errors = FieldErrors(vec![FieldError::new("name", text)]);
            Ok(html::body(HttpResponse::Conflict(), &PermissionsPage::load(&app, &user, entered, field_errors).await?))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/services`: the right to register the permissions of a service that has none yet.
pub async fn add_service(
    app: web::Data<App>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, NewService>,
) -> Result<HttpResponse, PageError> {
    let wrong = |field_error: FieldError| Error::from(FieldError::new("new_service", field_error.text));
    let added = match ServiceName::parse(form.new_service.trim()).map_err(wrong) {
        Ok(service) => app.add_service(user.actor.reauthenticated()?, service).await,
        Err(error) => Err(error),
    };
    match added {
        Ok(right) => {
            let text = format!("Give {} to the key that deploys this service.", right.as_str());
            Flash::done(text).leave(&user.session);
            Ok(html::see_other(paths::PERMISSIONS))
        }
        Err(Error::Invalid(field_errors)) => {
            let page = PermissionsPage::load(&app, &user, Entered::default(), FieldErrors(field_errors)).await?;
            Ok(html::invalid(&PermissionsPage { new_service: form.new_service, ..page }))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/services/restore`
pub async fn restore_left_out(
    app: web::Data<App>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, LeftOut>,
) -> Result<HttpResponse, PageError> {
    let service = ServiceName::parse(&form.service).map_err(|_| Error::NotFound)?;
    let at = form.at.parse().map(Timestamp).map_err(|_| Error::NotFound)?;
    match app.restore_permissions(user.actor.reauthenticated()?, &service, at).await? {
        0 => Flash::failed("They were taken up again already."),
        1 => Flash::done("1 permission can be held again: whoever was given it has it."),
        many => Flash::done(format!("{many} permissions can be held again: whoever was given them has them.")),
    }
    .leave(&user.session);
    Ok(html::see_other(paths::PERMISSIONS))
}
