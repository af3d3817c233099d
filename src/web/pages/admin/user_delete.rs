//! "Delete Chen Wei?": what happens to the keys is asked, and counted.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::accounts::delete::TheirKeys;
use crate::actions::accounts::people::Person;
use crate::actions::{App, Error};
use crate::domain::accounts::account::Username;
use crate::domain::field_error::{FieldError, validate};
use crate::web::access::{Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::labels::numbers::counted;
use crate::web::layout::{Layout, Nav};
use crate::web::paths;

#[derive(Template)]
#[template(path = "pages/admin/user_delete.html")]
struct DeletePage {
    layout: Layout,
    person: Person,
    entered: Entered,
    field_errors: FieldErrors,
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    /// `revoke` or `transfer`.
    #[serde(default)]
    keys: String,
    /// Who gets them, for `transfer`.
    #[serde(default)]
    to: String,
    /// The user name, typed.
    #[serde(default)]
    typed: String,
}

impl Entered {
    fn read(&self, username: &Username) -> Result<TheirKeys, FieldErrors> {
        let mut field_errors = Vec::new();
        let keys = match self.keys.as_str() {
            "transfer" => {
                let to = Username::parse(&self.to);
                let to = to.map_err(|_| FieldError::new("to", "Enter the user name of who gets the keys"));
                validate(&mut field_errors, to).map(TheirKeys::TransferTo)
            }
            "" | "revoke" => Some(TheirKeys::Revoke),
            _ => {
                field_errors.push(FieldError::new("keys", "Choose what happens to the keys"));
                None
            }
        };
        if self.typed.trim() != username.as_str() {
            field_errors.push(FieldError::new("typed", format!("Type {}, the user name", username.as_str())));
        }
        keys.filter(|_| field_errors.is_empty()).ok_or(FieldErrors(field_errors))
    }
}

impl DeletePage {
    async fn load(app: &App, user: &SignedIn, username: &Username) -> Result<Self, PageError> {
        let person = app.find_person(user.actor.administrator()?, username).await?;
        if person.account.deleted_at.is_some() && person.live == 0 {
            return Err(Error::NotFound.into());
        }
        let layout = Layout::new(user, Nav::Users);
        Ok(Self { layout, person, entered: Entered::default(), field_errors: FieldErrors::default() })
    }

    fn path(&self) -> String {
        paths::user(&self.person.account.username)
    }

    /// "1 live key", "4 live keys".
    fn keys(&self) -> String {
        counted(self.person.live, "live key", "live keys")
    }
}

/// `GET /admin/users/{username}/delete`
pub async fn page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    username: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    Ok(html::page(&DeletePage::load(&app, &user, &paths::username(&username)?).await?))
}

/// `POST /admin/users/{username}/delete`
pub async fn delete(
    app: web::Data<App>,
    username: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Entered>,
) -> Result<HttpResponse, PageError> {
    let username = paths::username(&username)?;
    let mut page = DeletePage::load(&app, &user, &username).await?;
    let deleted = match form.read(&username) {
        Ok(keys) => app.delete_user(user.actor.reauthenticated()?, &username, keys).await,
        Err(FieldErrors(field_errors)) => Err(Error::Invalid(field_errors)),
    };
    match deleted {
        Ok(job) => {
            let name = &page.person.account.display_name;
            Flash::done(format!("{name} was deleted. Sign-in has stopped, and sessions have ended."))
                .leave(&user.session);
            let next = job.map_or_else(|| paths::user(&username), paths::job);
            Ok(html::see_other(&next))
        }
        Err(Error::Invalid(field_errors)) => {
            (page.entered, page.field_errors) = (form, FieldErrors(field_errors));
            Ok(html::invalid(&page))
        }
        Err(Error::Conflict(text)) => {
            (page.entered, page.field_errors) = (form, FieldErrors(vec![FieldError::new("keys", text)]));
            Ok(html::body(HttpResponse::Conflict(), &page))
        }
        Err(error) => Err(error.into()),
    }
}
