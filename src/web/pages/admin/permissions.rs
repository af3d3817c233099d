//! The catalogue of permissions, by service: what each allows, how often it is given, and what is retired.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::{App, Error};
use crate::domain::field_error::{FieldError, validate};
use crate::domain::paging::Count;
use crate::domain::rights::permission::Given;
use crate::domain::rights::permission::{CLAVIGER, Permission, PermissionName, ServiceName, parse_description};
use crate::domain::time::clock::Timestamp;
use crate::web::access::{Admin, Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing};
use crate::web::html::{self, FieldErrors};
use crate::web::key_query::live_keys_path;
use crate::web::labels::numbers::{counted, number, words};
use crate::web::layout::{Layout, Nav};
use crate::web::pages::confirm::ConfirmPage;

const PATH: &str = "/admin/permissions";

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
            Ok(html::see_other(PATH))
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

/// `GET /admin/permissions/{permission}/retire`
pub async fn retire_page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    permission: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let all = app.list_permissions(user.actor.administrator()?).await?;
    let found = all.into_iter().find(|(known, _)| known.name.as_str() == *permission && known.retired.is_none());
    let (permission, given) = found.ok_or(Error::NotFound)?;
    let name = permission.name.as_str();
    let policies = counted(given.policies, "policy has", "policies have");
    let keys = match given.keys {
        Count::Exactly(1) => "1 live key has it".to_owned(),
        keys => format!("{} live keys have it", words(keys)),
    };
    let page = ConfirmPage {
        layout: Layout::new(&user, Nav::Permissions),
        title: format!("Retire {name}?"),
        effect: format!(
            "{policies} it, and {keys} in their own list. From the next verification on nobody holds it, and what asks for it \
             is refused. You can restore it here."
        ),
        action: format!("{PATH}/{name}/retire"),
        button: "Retire permission",
        back: PATH.into(),
    };
    Ok(page.response())
}

/// `POST /admin/permissions/{permission}/retire`
pub async fn retire(
    app: web::Data<App>,
    permission: web::Path<String>,
    Form(Reauthenticated(user), _): Form<Reauthenticated, Nothing>,
) -> Result<HttpResponse, PageError> {
    let name = PermissionName::parse("name", &permission).map_err(|_| Error::NotFound)?;
    match app.retire_permission(user.actor.reauthenticated()?, &name).await {
        Ok(()) => {
            let text = format!("{} is retired. Only an administrator can restore it.", name.as_str());
            Flash::done(text).leave(&user.session);
        }
        Err(Error::Conflict(text)) => Flash::failed(text).leave(&user.session),
        Err(error) => return Err(error.into()),
    }
    Ok(html::see_other(PATH))
}

/// `POST /admin/permissions/{permission}/restore`
pub async fn restore(
    app: web::Data<App>,
    permission: web::Path<String>,
    Form(Reauthenticated(user), _): Form<Reauthenticated, Nothing>,
) -> Result<HttpResponse, PageError> {
    let name = PermissionName::parse("name", &permission).map_err(|_| Error::NotFound)?;
    app.restore_permission(user.actor.reauthenticated()?, &name).await?;
    Flash::done(format!("{} can be held again: whoever was given it has it.", name.as_str())).leave(&user.session);
    Ok(html::see_other(PATH))
}

/// `GET /admin/permissions/{permission}/release`
pub async fn release_page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    permission: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let all = app.list_permissions(user.actor.administrator()?).await?;
    let found = all.into_iter().find(|(known, _)| known.name.as_str() == *permission && known.retired.is_some());
    let (permission, _) = found.ok_or(Error::NotFound)?;
    let name = permission.name.as_str();
    let page = ConfirmPage {
        layout: Layout::new(&user, Nav::Permissions),
        title: format!("Release the name {name}?"),
        effect: "The permission is deleted, and any service can register its name again, with another meaning. This is possible only while no policy, no key and no kind of resource lists it; deleted policies lose it. It cannot be undone.".into(),
        action: format!("{PATH}/{name}/release"),
        button: "Release name",
        back: PATH.into(),
    };
    Ok(page.response())
}

/// `POST /admin/permissions/{permission}/release`
pub async fn release(
    app: web::Data<App>,
    permission: web::Path<String>,
    Form(Reauthenticated(user), _): Form<Reauthenticated, Nothing>,
) -> Result<HttpResponse, PageError> {
    let name = PermissionName::parse("name", &permission).map_err(|_| Error::NotFound)?;
    match app.release_permission(user.actor.reauthenticated()?, &name).await {
        Ok(()) => Flash::done(format!("The name {} is free.", name.as_str())).leave(&user.session),
        Err(Error::Conflict(text)) => Flash::failed(text).leave(&user.session),
        Err(error) => return Err(error.into()),
    }
    Ok(html::see_other(PATH))
}

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
            Ok(html::see_other(PATH))
        }
        Err(Error::Invalid(field_errors)) => {
            Ok(html::invalid(&MovePage { to: form.to, field_errors: FieldErrors(field_errors), ..page }))
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
            Ok(html::see_other(PATH))
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
    Ok(html::see_other(PATH))
}
