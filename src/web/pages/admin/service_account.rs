//! One service account: what it is for, its policies, its keys.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::accounts::service_accounts::ServiceAccount;
use crate::actions::{App, Error};
use crate::domain::accounts::account::{Username, parse_display_name};
use crate::domain::field_error::{FieldError, validate};
use crate::domain::keys::secret::FirstEight;
use crate::domain::rights::policy::parse_description;
use crate::web::access::{Admin, Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing};
use crate::web::html::{self, FieldErrors};
use crate::web::issue::access_fields::Purpose;
use crate::web::issue::generate_dialog::GenerateDialog;
use crate::web::issue::reveal::Reveal;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::admin::user::Held;
use crate::web::paths;

#[derive(Template)]
#[template(path = "pages/admin/service_account.html")]
pub(super) struct ServiceAccountPage {
    layout: Layout,
    /// The account, with what its page tells.
    pub(super) found: ServiceAccount,
    entered: Entered,
    field_errors: FieldErrors,
    /// Who is to get its keys.
    to: String,
    /// What is open over the page.
    pub(super) dialog: Dialog,
}

/// What is open over the page.
pub(super) enum Dialog {
    None,
    Generate(Box<GenerateDialog>),
    Reveal(Box<Reveal>),
    ShownBefore(FirstEight),
}

/// What the form sends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    display_name: String,
    #[serde(default)]
    description: String,
}

impl ServiceAccountPage {
    pub(super) async fn load(app: &App, user: &SignedIn, layout: Layout, username: &str) -> Result<Self, PageError> {
        let found = app.find_service_account(user.actor.administrator()?, &paths::username(username)?).await?;
        let entered = Entered {
            display_name: found.account.display_name.clone(),
            description: found.account.description.clone(),
        };
        Ok(Self {
            layout,
            found,
            entered,
            field_errors: FieldErrors::default(),
            to: String::new(),
            dialog: Dialog::None,
        })
    }

    fn username(&self) -> &str {
        self.found.account.username.as_str()
    }

    pub(super) fn over(&self) -> String {
        paths::service_account(self.username())
    }

    fn keys_link(&self) -> String {
        format!("/admin/api-keys?owner~eq={}", self.username())
    }

    fn title(&self) -> String {
        match self.dialog {
            Dialog::None if !self.field_errors.0.is_empty() => format!("Error: {}", self.found.account.display_name),
            Dialog::None => self.found.account.display_name.clone(),
            Dialog::Generate(_) => format!("Generate API Key · {}", self.found.account.display_name),
            Dialog::Reveal(_) => "Your new API key · Service accounts".into(),
            Dialog::ShownBefore(_) => "Already shown · Service accounts".into(),
        }
    }

    /// All policies, and whether the account holds each.
    fn policies(&self) -> Vec<(&str, bool)> {
        let (held, all) = &self.found.policies;
        all.iter().map(|name| (name.as_str(), held.contains(name))).collect()
    }
}

/// `GET /admin/service-accounts/{username}`
pub async fn page(
    app: web::Data<App>,
    Admin(user): Admin,
    username: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let layout = Layout::new(&user, Nav::ServiceAccounts);
    Ok(html::page(&ServiceAccountPage::load(&app, &user, layout, &username).await?))
}

/// `POST /admin/service-accounts/{username}/edit`
pub async fn edit(
    app: web::Data<App>,
    username: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Entered>,
) -> Result<HttpResponse, PageError> {
    let (entered, name) = (form, paths::username(&username)?);
    let mut field_errors = Vec::new();
    let display_name = validate(&mut field_errors, parse_display_name(&entered.display_name));
    let description = validate(&mut field_errors, parse_description(&entered.description));
    let (Some(display_name), Some(description)) = (display_name, description) else {
        let layout = Layout::new(&user, Nav::ServiceAccounts);
        let mut page = ServiceAccountPage::load(&app, &user, layout, &username).await?;
        (page.entered, page.field_errors) = (entered, FieldErrors(field_errors));
        return Ok(html::invalid(&page));
    };
    app.edit_service_account(user.actor.reauthenticated()?, &name, display_name, description).await?;
    Flash::done("Saved.").leave(&user.session);
    Ok(html::see_other(&paths::service_account(name.as_str())))
}

/// `POST /admin/service-accounts/{username}/policies`
pub async fn set_policies(
    app: web::Data<App>,
    username: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Held>,
) -> Result<HttpResponse, PageError> {
    let name = paths::username(&username)?;
    app.find_service_account(user.actor.administrator()?, &name).await?;
    match app.set_policies(user.actor.reauthenticated()?, &name, form.policy).await {
        Ok(()) => Flash::done("Policies saved.").leave(&user.session),
        Err(Error::Invalid(field_errors)) => {
            Flash::failed(field_errors.first().map(|field_error| field_error.text.clone()).unwrap_or_default())
                .leave(&user.session);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(html::see_other(&paths::service_account(name.as_str())))
}

/// `POST /admin/service-accounts/{username}/deactivate`: reversible, so it is done at once, with Undo beside the message.
pub async fn deactivate(
    app: web::Data<App>,
    username: web::Path<String>,
    Form(Reauthenticated(user), _): Form<Reauthenticated, Nothing>,
) -> Result<HttpResponse, PageError> {
    let name = paths::username(&username)?;
    let live = app.find_service_account(user.actor.administrator()?, &name).await?.live;
    app.set_service_active(user.actor.reauthenticated()?, &name, false).await?;
    let keys = if live == 1 { "1 live key is".to_owned() } else { format!("{live} live keys are") };
    let text = format!("{} is deactivated. {keys} refused from now on.", name.as_str());
    Flash::done(text).with_undo(format!("{}/activate", paths::service_account(name.as_str()))).leave(&user.session);
    Ok(html::see_other(&paths::service_account(name.as_str())))
}

/// `POST /admin/service-accounts/{username}/activate`
pub async fn activate(
    app: web::Data<App>,
    username: web::Path<String>,
    Form(Reauthenticated(user), _): Form<Reauthenticated, Nothing>,
) -> Result<HttpResponse, PageError> {
    let name = paths::username(&username)?;
    app.set_service_active(user.actor.reauthenticated()?, &name, true).await?;
    Flash::done(format!("{} is active. Its keys work again.", name.as_str())).leave(&user.session);
    Ok(html::see_other(&paths::service_account(name.as_str())))
}

/// Who gets the keys.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    #[serde(default)]
    to: String,
}

/// `POST /admin/service-accounts/{username}/transfer`: all live keys go to another service account. Bulk work, with Undo.
pub async fn transfer(
    app: web::Data<App>,
    username: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Receiver>,
) -> Result<HttpResponse, PageError> {
    let from = paths::username(&username)?;
    let mut page = ServiceAccountPage::load(&app, &user, Layout::new(&user, Nav::ServiceAccounts), &username).await?;
    page.to = form.to;
    let to = Username::parse(&page.to).map_err(|_| FieldError::new("to", "Enter the name of another service account"));
    let started = match to {
        Ok(to) => app.transfer_server_keys(user.actor.reauthenticated()?, &from, &to).await,
        Err(field_error) => Err(field_error.into()),
    };
    match started {
        Ok(job) => Ok(html::see_other(&paths::job(job))),
        Err(Error::Invalid(field_errors)) => {
            page.field_errors = FieldErrors(field_errors);
            Ok(html::invalid(&page))
        }
        Err(Error::Conflict(text)) => {
            page.field_errors = FieldErrors(vec![FieldError::new("to", text)]);
            Ok(html::body(HttpResponse::Conflict(), &page))
        }
        Err(error) => Err(error.into()),
    }
}
