//! People: search, filter, add.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::accounts::add::Invited;
use crate::actions::accounts::people::PeoplePage;
use crate::actions::{App, Error};
use crate::domain::accounts::account::PeopleFilter;
use crate::domain::accounts::account::{Kind, Role, Username, parse_display_name, parse_email};
use crate::domain::field_error::validate;
use crate::domain::ids::AccountId;
use crate::domain::paging::From;
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::web::access::{self, Admin, Reauthenticated};
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::labels::numbers::counted;
use crate::web::layout::{Layout, Nav};
use crate::web::list;

/// The path of the list.
const PATH: &str = "/admin/users";

#[derive(Template)]
#[template(path = "pages/admin/users.html")]
struct UsersPage {
    layout: Layout,
    page: PeoplePage,
    asked: Asked,
    now: Timestamp,
}

#[derive(Template)]
#[template(path = "pages/admin/add_user.html")]
struct AddPage {
    layout: Layout,
    entered: Entered,
    field_errors: FieldErrors,
}

/// The one answer that shows a link.
#[derive(Template)]
#[template(path = "pages/admin/user_link.html")]
pub struct LinkPage {
    /// The frame.
    pub layout: Layout,
    /// Whose.
    pub username: String,
    /// The whole address.
    pub link: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Was the person added just now?
    pub is_new: bool,
}

/// What the address of the list asks for.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    state: String,
    after: Option<AccountId>,
    before: Option<AccountId>,
}

/// What the search sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sought {
    q: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    state: String,
}

impl Asked {
    fn filter(&self) -> PeopleFilter {
        PeopleFilter {
            kind: Kind::User,
            search: text::folded(text::excerpt(self.q.trim(), 100).as_str()),
            role: match self.role.as_str() {
                "admin" => Some(Role::Admin),
                "user" => Some(Role::User),
                _ => None,
            },
            active: match self.state.as_str() {
                "active" => Some(true),
                "deactivated" => Some(false),
                _ => None,
            },
            deleted: self.state == "deleted",
        }
    }

    fn searched(&self) -> [(&str, &str); 3] {
        [("q", &self.q), ("role", &self.role), ("state", &self.state)]
    }
}

impl UsersPage {
    fn previous(&self) -> Option<String> {
        list::previous(PATH, &self.asked.searched(), &self.page.people, |(person, _)| person.id)
    }

    fn next(&self) -> Option<String> {
        list::next(PATH, &self.asked.searched(), &self.page.people, |(person, _)| person.id)
    }

    fn total(&self) -> String {
        counted(self.page.total, "user", "users")
    }

    fn is_filtered(&self) -> bool {
        self.asked.filter() != PeopleFilter::default()
    }
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    username: String,
    display_name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

/// `GET /admin/users`
pub async fn list(
    app: web::Data<App>,
    Admin(user): Admin,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let asked = asked.into_inner();
    let page = app
        .browse_people(user.actor.administrator()?, &asked.filter(), From::beside(asked.after, asked.before))
        .await?;
    Ok(html::page(&UsersPage { layout: Layout::new(&user, Nav::Users), page, asked, now: app.now() }))
}

/// `POST /admin/users`: the search, which leads to the list.
pub async fn search(Form(_, form): Form<Admin, Sought>) -> HttpResponse {
    html::see_other(&html::searched("/admin/users", &[("q", &form.q), ("role", &form.role), ("state", &form.state)]))
}

/// `GET /admin/users/add`
pub async fn add_page(Reauthenticated(user): Reauthenticated) -> Result<HttpResponse, PageError> {
    let entered = Entered { role: "user".into(), ..Entered::default() };
    Ok(html::page(&AddPage { layout: Layout::new(&user, Nav::Users), entered, field_errors: FieldErrors::default() }))
}

/// `POST /admin/users/add`
pub async fn add(
    request: HttpRequest,
    app: web::Data<App>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Entered>,
) -> Result<HttpResponse, PageError> {
    let entered = form;
    let invited = match invited(&entered) {
        Ok(invited) => app.invite(user.actor.reauthenticated()?, invited).await,
        Err(error) => Err(error),
    };
    match invited {
        Ok(link) => {
            let link_address = format!("{}/welcome?token={}", access::place(&request)?.public_address, link.token);
            let username = entered.username.trim().to_lowercase();
            let layout = Layout::for_secret(&user, Nav::Users);
            Ok(html::page(&LinkPage {
                layout,
                username,
                link: link_address,
                expires_at: link.expires_at,
                is_new: true,
            }))
        }
        Err(Error::Invalid(field_errors)) => {
            let layout = Layout::new(&user, Nav::Users);
            Ok(html::invalid(&AddPage { layout, entered, field_errors: FieldErrors(field_errors) }))
        }
        Err(error) => Err(error.into()),
    }
}

fn invited(entered: &Entered) -> Result<Invited, Error> {
    let mut field_errors = Vec::new();
    let username = validate(&mut field_errors, Username::parse_new(&entered.username));
    let display_name = validate(&mut field_errors, parse_display_name(&entered.display_name));
    let email = validate(&mut field_errors, parse_email(&entered.email));
    let role = if entered.role == "admin" { Role::Admin } else { Role::User };
    match (username, display_name, email) {
        (Some(username), Some(display_name), Some(email)) => Ok(Invited { username, display_name, email, role }),
        _ => Err(Error::Invalid(field_errors)),
    }
}
