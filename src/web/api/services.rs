//! `PUT /api/v1/services/{service}/permissions`: a service says what it knows.

use actix_web::{Error as ActixError, HttpRequest, HttpResponse, web};

use crate::actions::{Actor, App, Error};
use crate::domain::field_error::{FieldError, validate};
use crate::domain::keys::secret::appears_in;
use crate::domain::rights::permission::{OwnPermission, PermissionName, ServiceName, parse_description};
use crate::web::caller;
use crate::web::errors::ApiError;
use crate::web::json_body::Unread;
use crate::wire::keys::names;
use crate::wire::permissions::{Registered, Registration};

/// The longest body, in bytes: 500 permissions with their descriptions.
const LONGEST: usize = 256 * 1024;

/// Makes the list that of the service; what vanished is retired. Needs `claviger:permissions:register:SERVICE`, or
/// `claviger:permissions:register` for every service. The same list again changes nothing. 200 with what changed, 400 for a name
/// that cannot be one, 409 for one that another service has, and for a list that leaves out more than a few without saying so.
pub async fn register(
    request: HttpRequest,
    app: web::Data<App>,
    service: web::Path<String>,
    body: Unread,
) -> Result<HttpResponse, ActixError> {
    let name = ServiceName::parse(&service);
    let of_service = name.iter().map(PermissionName::registers);
    let needs: Vec<PermissionName> =
        std::iter::once(PermissionName::of_own(OwnPermission::Register)).chain(of_service).collect();
    let actor = match caller::actor(&request, &app, needs).await? {
        Ok(actor) => actor,
        Err(refused) => return Ok(refused),
    };
    let sent = body.json(&request, LONGEST).await?;
    Ok(register_all(&app, &actor, name.map_err(Error::from).map_err(ApiError::from)?, &sent).await?)
}

async fn register_all(
    app: &App,
    actor: &Actor,
    service: ServiceName,
    sent: &Registration,
) -> Result<HttpResponse, ApiError> {
    let mut field_errors: Vec<FieldError> = Vec::new();
    let mut wanted = Vec::new();
    if sent.permissions.iter().any(|entry| appears_in(&app.config.prefixes, &entry.description)) {
        let text = "An API key stands in a description, which everybody can read. Leave it out, and rotate that key";
        return Err(Error::from(FieldError::new("permissions", text)).into());
    }
    for entry in &sent.permissions {
        let name = validate(&mut field_errors, PermissionName::parse("permissions", &entry.name));
        let description = validate(&mut field_errors, parse_description(&entry.description));
        wanted.extend(name.zip(description));
    }
    if !field_errors.is_empty() {
        return Err(Error::Invalid(field_errors).into());
    }
    let registered = app.register_permissions(actor.registrar(&service)?, wanted, sent.retire_at_most).await?;
    let changed = Registered {
        service: service.as_str().to_owned(),
        added: names(&registered.added),
        described: names(&registered.described),
        retired: names(&registered.retired),
        left_retired: names(&registered.left_retired),
        policies: registered.taken.policies,
        keys: registered.taken.keys,
    };
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(changed))
}
