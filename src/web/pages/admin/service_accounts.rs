//! The service accounts, and the form that makes one.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::accounts::people::PeoplePage;
use crate::actions::{App, Error};
pub use crate::domain::accounts::account::NewService;
use crate::domain::accounts::account::PeopleFilter;
use crate::domain::accounts::account::{Username, parse_display_name};
use crate::domain::field_error::validate;
use crate::domain::ids::AccountId;
use crate::domain::paging::From;
use crate::domain::rights::policy::parse_description;
use crate::domain::text;
use crate::web::access::{Admin, Reauthenticated};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::labels::numbers::number;
use crate::web::layout::{Layout, Nav};
use crate::web::list;
use crate::web::paths;

#[derive(Template)]
#[template(path = "pages/admin/service_accounts.html")]
struct ServiceAccountsPage {
    layout: Layout,
    page: PeoplePage,
    asked: Asked,
}

#[derive(Template)]
#[template(path = "pages/admin/service_account_new.html")]
struct NewPage {
    layout: Layout,
    entered: Entered,
    field_errors: FieldErrors,
}

/// What the list is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    after: Option<AccountId>,
    before: Option<AccountId>,
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    /// The technical name.
    pub username: String,
    /// The name that people read; without one, it is called as programs call it.
    #[serde(default)]
    pub display_name: String,
    /// May be empty.
    #[serde(default)]
    pub description: String,
}

impl ServiceAccountsPage {
    fn previous(&self) -> Option<String> {
        let searched = [("q", self.asked.q.as_str())];
        list::previous(paths::SERVICE_ACCOUNTS, &searched, &self.page.people, |(account, _)| account.id)
    }

    fn next(&self) -> Option<String> {
        let searched = [("q", self.asked.q.as_str())];
        list::next(paths::SERVICE_ACCOUNTS, &searched, &self.page.people, |(account, _)| account.id)
    }

    fn total(&self) -> String {
        match self.page.total {
            0 => "No program has an account yet.".into(),
            1 => "1 program has an account on this server.".into(),
            many => format!("{} programs have accounts on this server.", number(many)),
        }
    }
}

/// `GET /admin/service-accounts`
pub async fn list(
    app: web::Data<App>,
    Admin(user): Admin,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let asked = asked.into_inner();
    let search = text::folded(text::excerpt(asked.q.trim(), 100).as_str());
    let from = match (asked.after, asked.before) {
        (Some(id), _) => From::After(id),
        (None, Some(id)) => From::Before(id),
        (None, None) => From::Start,
    };
    let page = app
        .browse_service_accounts(user.actor.administrator()?, &PeopleFilter { search, ..PeopleFilter::default() }, from)
        .await?;
    Ok(html::page(&ServiceAccountsPage { layout: Layout::new(&user, Nav::ServiceAccounts), page, asked }))
}

/// `POST /admin/service-accounts`: the search, which leads to the list.
pub async fn search(Form(_, form): Form<Admin, html::Search>) -> HttpResponse {
    html::see_other(&html::searched(paths::SERVICE_ACCOUNTS, &[("q", &form.q)]))
}

/// `GET /admin/service-accounts/new`
pub async fn new_page(Reauthenticated(user): Reauthenticated) -> HttpResponse {
    let layout = Layout::new(&user, Nav::ServiceAccounts);
    html::page(&NewPage { layout, entered: Entered::default(), field_errors: FieldErrors::default() })
}

/// `POST /admin/service-accounts/new`
pub async fn create(
    app: web::Data<App>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Entered>,
) -> Result<HttpResponse, PageError> {
    let entered = form;
    let made = match read(&entered) {
        Ok(new) => {
            let username = new.username.clone();
            app.create_service_account(user.actor.reauthenticated()?, new).await.map(|()| username)
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(username) => {
            let text =
                format!("Service account {} created. Give it policies, then generate its keys.", username.as_str());
            Flash::done(text).leave(&user.session);
            Ok(html::see_other(&paths::service_account(username.as_str())))
        }
        Err(Error::Invalid(field_errors)) => {
            let layout = Layout::new(&user, Nav::ServiceAccounts);
            Ok(html::invalid(&NewPage { layout, entered, field_errors: FieldErrors(field_errors) }))
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads what was entered for a new account.
pub fn read(entered: &Entered) -> Result<NewService, Error> {
    let mut field_errors = Vec::new();
    let username = Username::parse_new(&entered.username);
    let username = validate(&mut field_errors, username);
    // Without a name for people, it is called as programs call it.
    let shown = if entered.display_name.trim().is_empty() { &entered.username } else { &entered.display_name };
    let display_name = match (&username, parse_display_name(shown)) {
        (None, _) if entered.display_name.trim().is_empty() => None,
        (_, parsed) => validate(&mut field_errors, parsed),
    };
    let description = validate(&mut field_errors, parse_description(&entered.description));
    match (username, display_name, description) {
        (Some(username), Some(display_name), Some(description)) => {
            Ok(NewService { username, display_name, description })
        }
        _ => Err(Error::Invalid(field_errors)),
    }
}
