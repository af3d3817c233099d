//! One person: facts, sessions, and what an administrator changes: name, role, whether they may come in, the way to a new password.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::accounts::people::Person;
use crate::actions::{App, Error};
use crate::domain::accounts::account::{Account, Username, parse_display_name, parse_email};
use crate::domain::field_error::validate;
use crate::domain::time::clock::Timestamp;
use crate::web::access::{Admin, Reauthenticated, SignedIn};
use crate::web::client;
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::labels::audit;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::admin::user_change::Change;
use crate::web::paths;

#[derive(Template)]
#[template(path = "pages/admin/user.html")]
struct UserPage {
    layout: Layout,
    person: Person,
    now: Timestamp,
    /// All policies, and whether the person holds each.
    policies: Vec<(String, bool)>,
}

/// Name and email address, by which services know a person.
#[derive(Template)]
#[template(path = "pages/admin/user_edit.html")]
struct EditPage {
    layout: Layout,
    account: Account,
    entered: Entered,
    field_errors: FieldErrors,
}

/// What the form sends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    display_name: String,
    #[serde(default)]
    email: String,
}

impl UserPage {
    async fn load(app: &App, user: &SignedIn, username: &Username) -> Result<Self, PageError> {
        let person = app.find_person(user.actor.administrator()?, username).await?;
        let layout = Layout::new(user, Nav::Users);
        let (held, all) = app.policies_of(user.actor.administrator()?, person.account.id).await?;
        let policies = all.into_iter().map(|name| (name.clone(), held.contains(&name))).collect();
        Ok(Self { layout, person, now: app.now(), policies })
    }

    fn changes(&self) -> Vec<Change> {
        let account = &self.person.account;
        let role = if account.is_admin() { Change::MakeUser } else { Change::MakeAdmin };
        match (account.active, account.deleted_at) {
            (true, _) => vec![Change::Link, role, Change::Deactivate],
            (false, None) => vec![Change::Activate, role],
            (false, Some(_)) => vec![Change::Activate],
        }
    }
}

/// `GET /admin/users/{username}`
pub async fn page(
    app: web::Data<App>,
    Admin(user): Admin,
    username: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    Ok(html::page(&UserPage::load(&app, &user, &paths::username(&username)?).await?))
}

/// `GET /admin/users/{username}/edit`
pub async fn edit_page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    username: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let account = app.find_person(user.actor.administrator()?, &paths::username(&username)?).await?.account;
    let email = account.email.clone().unwrap_or_default();
    let entered = Entered { display_name: account.display_name.clone(), email };
    let layout = Layout::new(&user, Nav::Users);
    Ok(html::page(&EditPage { layout, account, entered, field_errors: FieldErrors::default() }))
}

/// `POST /admin/users/{username}/edit`
pub async fn edit(
    app: web::Data<App>,
    username: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Entered>,
) -> Result<HttpResponse, PageError> {
    let username = paths::username(&username)?;
    let mut field_errors = Vec::new();
    let display_name = validate(&mut field_errors, parse_display_name(&form.display_name));
    let email = validate(&mut field_errors, parse_email(&form.email));
    let edited = match display_name.zip(email) {
        Some((display_name, email)) => {
            app.edit_person(user.actor.reauthenticated()?, &username, display_name, email).await
        }
        None => Err(Error::Invalid(field_errors)),
    };
    match edited {
        Ok(()) => {
            Flash::done("Name and email address saved.").leave(&user.session);
            Ok(html::see_other(&paths::user(&username)))
        }
        Err(Error::Invalid(field_errors)) => {
            let account = app.find_person(user.actor.administrator()?, &username).await?.account;
            let layout = Layout::new(&user, Nav::Users);
            Ok(html::invalid(&EditPage { layout, account, entered: form, field_errors: FieldErrors(field_errors) }))
        }
        Err(error) => Err(error.into()),
    }
}

/// The policies that a person is to hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Their names.
    #[serde(default)]
    pub policy: Vec<String>,
}

/// `POST /admin/users/{username}/policies`
pub async fn set_policies(
    app: web::Data<App>,
    username: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Held>,
) -> Result<HttpResponse, PageError> {
    let username = paths::username(&username)?;
    match app.set_policies(user.actor.reauthenticated()?, &username, form.policy).await {
        Ok(()) => Flash::done("Policies saved.").leave(&user.session),
        Err(Error::Invalid(field_errors)) => {
            let text = field_errors.first().map(|field_error| field_error.text.clone()).unwrap_or_default();
            Flash::failed(text).leave(&user.session);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(html::see_other(&paths::user(&username)))
}
