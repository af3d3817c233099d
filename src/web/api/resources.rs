//! `PUT /api/v1/resources/{resource}/api_key`: *get or create* a key for a resource, by a program that administers it.

use actix_web::http::StatusCode;
use actix_web::{Error as ActixError, HttpRequest, HttpResponse, web};

use crate::actions::keys::get_or_create::{GotOrCreated, Wanted};
use crate::actions::keys::request::{FormId, KeyRequest, New};
use crate::actions::keys::rotate::Grace;
use crate::actions::rights::grants::ActingKey;
use crate::actions::verification::verify::GoodKey;
use crate::actions::{Actor, App, Error};
use crate::domain::field_error::{FieldError, validate};
use crate::domain::keys::api_key::{ApiKey, KeyName, KeyNote};
use crate::domain::keys::lifetime::Expiry;
use crate::domain::keys::secret::appears_in;
use crate::domain::rights::permission::{PermissionName, Rights};
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{AccessView, GrantRequest};
use crate::domain::time::span;
use crate::web::caller;
use crate::web::errors::ApiError;
use crate::web::json_body::Unread;
use crate::wire::keys::{self as wire, GetOrCreate, Key};

/// The longest body, in bytes.
const LONGEST: usize = 64 * 1024;

/// The caller's own key for a resource that the caller administers, with exactly the scopes that are asked for: the one that
/// is there, `"secret": null`, or a new one with its secret. Needs `claviger:keys:read`; a secret needs
/// `claviger:keys:create` and the setting `key_may_create`, and has no right and no life beyond the key that asks.
/// 200 for a key that was there, 201 for a new one, 400 for what cannot be asked, 404 for a resource that the caller does not
/// administer, 409 at a limit.
pub async fn get_or_create(
    request: HttpRequest,
    app: web::Data<App>,
    resource: web::Path<String>,
    body: Unread,
) -> Result<HttpResponse, ActixError> {
    let resource = ResourceName::parse(&resource).ok();
    let called = caller::actor_for(&request, &app, "claviger:keys:read", resource.clone()).await?;
    let (actor, good) = match called {
        Ok(called) => called,
        Err(refused) => return Ok(refused),
    };
    let resource = resource.ok_or(ApiError(Error::NotFound))?;
    let asked = body.json(&request, LONGEST).await?;
    Ok(answer(&app, &actor, &good, resource, &asked).await?)
}

async fn answer(
    app: &App,
    actor: &Actor,
    good: &GoodKey,
    resource: ResourceName,
    asked: &GetOrCreate,
) -> Result<HttpResponse, ApiError> {
    if [&asked.name, &asked.note].iter().any(|text| appears_in(&app.config.prefixes, text)) {
        let text =
            "An API key stands in the name or the note, which others can read. Leave it out, and rotate that key";
        return Err(Error::from(FieldError::new("note", text)).into());
    }
    let (rotate, wanted) = (asked.grace()?, asked.wanted()?);
    let request = asked.request(app, resource.clone(), good.asking())?;
    let answer = app
        .get_or_create_key(actor.administering(&resource)?, wanted, request, rotate)
        .await
        .map_err(|error| asked.in_its_fields(error))?;
    Ok(match answer {
        GotOrCreated::Got(found) => answer_with(app, StatusCode::OK, &found.0, &found.1, None),
        GotOrCreated::Rotated(new, _) => issued_answer(app, StatusCode::OK, &new),
        GotOrCreated::Created(new) => issued_answer(app, StatusCode::CREATED, &new),
        GotOrCreated::Before(_) => return Err(Error::Conflict("This was answered before.".into()).into()),
    })
}

impl GetOrCreate {
    fn wanted(&self) -> Result<Wanted, Error> {
        match (&self.scopes, self.master) {
            (None, true) => Ok(Wanted::All),
            (Some(scopes), false) => {
                let names = scopes.iter().map(|name| PermissionName::parse("scopes", name));
                Ok(Wanted::These(names.collect::<Result<Rights, _>>()?))
            }
            _ => Err(FieldError::new("scopes", "Send either scopes, or master with the value true").into()),
        }
    }

    fn grace(&self) -> Result<Option<Grace>, Error> {
        match (&self.old_ends, self.rotate) {
            (None, rotate) => Ok(rotate.then_some(Grace::Day)),
            (Some(word), true) => Ok(Some(Grace::parse(word)?)),
            (Some(_), false) => Err(FieldError::new("old_ends", "Send old_ends with rotate alone").into()),
        }
    }

    fn expiry(&self) -> Result<Expiry, FieldError> {
        match (self.expires_after.as_deref(), self.expires_after_days) {
            (None, None) => Ok(Expiry::Default),
            (None, Some(days)) => Ok(Expiry::AfterDays(days)),
            (Some("never"), None) => Ok(Expiry::Never),
            (Some(text), None) => span::parse(text)
                .map(Expiry::After)
                .ok_or_else(|| FieldError::new("expires_after", "Send a time such as 30s, 5m, 12h, 3d, 2w, 3mo or 1y")),
            (Some(_), Some(_)) => Err(FieldError::new("expires_after", "Send expires_after or expires_after_days")),
        }
    }

    /// What is wrong with the expiry, under the field that was sent instead of the field of the page's form.
    fn in_its_fields(&self, error: Error) -> Error {
        let field = if self.expires_after_days.is_some() { "expires_after_days" } else { "expires_after" };
        let named = |field_error: FieldError| match field_error.field {
            "expires" | "expires_in" | "expires_on" => FieldError { field, ..field_error },
            _ => field_error,
        };
        match error {
            Error::Invalid(field_errors) => Error::Invalid(field_errors.into_iter().map(named).collect()),
            other => other,
        }
    }

    fn request(&self, app: &App, resource: ResourceName, asking: ActingKey) -> Result<KeyRequest, Error> {
        let mut field_errors = Vec::new();
        let name = validate(&mut field_errors, KeyName::parse(&self.name));
        let note = validate(&mut field_errors, KeyNote::parse(&self.note));
        let form = validate(&mut field_errors, FormId::parse(&app.new_form_id()));
        let expiry = validate(&mut field_errors, self.expiry());
        match (name, note, form, expiry) {
            (Some(name), Some(note), Some(form), Some(expiry)) => Ok(KeyRequest {
                name,
                note,
                expiry,
                wish: GrantRequest::Inherit, // replaced by the scopes that are wanted
                resource: Some(resource),
                form,
                asking: Some(asking),
            }),
            _ => Err(Error::Invalid(field_errors)),
        }
    }
}

fn issued_answer(app: &App, status: StatusCode, new: &New) -> HttpResponse {
    answer_with(app, status, &new.key, &new.access, Some(new.secret.reveal()))
}

fn answer_with(app: &App, status: StatusCode, key: &ApiKey, access: &AccessView, secret: Option<&str>) -> HttpResponse {
    let scopes = access.scopes().to_vec();
    let resource = access.resource.as_ref().map(|(name, _)| name.clone());
    let key = Key::of(key, scopes, resource, app.now());
    let answer = wire::GotOrCreated { key, secret, created: status == StatusCode::CREATED };
    HttpResponse::build(status).insert_header(("cache-control", "no-store")).json(answer)
}
