//! Retiring a permission, and giving its name free: asked for first.

use actix_web::{HttpResponse, web};

use crate::actions::{App, Error};
use crate::domain::paging::Count;
use crate::domain::rights::permission::PermissionName;
use crate::web::access::Reauthenticated;
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing};
use crate::web::html::{self};
use crate::web::labels::numbers::{counted, words};
use crate::web::layout::{Layout, Nav};
use crate::web::pages::confirm::ConfirmPage;
use crate::web::paths;

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
        action: format!("{}/{name}/retire", paths::PERMISSIONS),
        button: "Retire permission",
        back: paths::PERMISSIONS.into(),
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
    Ok(html::see_other(paths::PERMISSIONS))
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
    Ok(html::see_other(paths::PERMISSIONS))
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
        action: format!("{}/{name}/release", paths::PERMISSIONS),
        button: "Release name",
        back: paths::PERMISSIONS.into(),
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
    Ok(html::see_other(paths::PERMISSIONS))
}
