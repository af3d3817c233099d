//! One person: facts, sessions, and what an administrator changes: name, role, whether they may come in, the way to a new password.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::accounts::people::Person;
use crate::actions::{App, Error};
use crate::domain::accounts::account::{Account, Role, Username, parse_display_name, parse_email};
use crate::domain::field_error::validate;
use crate::domain::time::clock::Timestamp;
use crate::web::access::{self, Admin, Reauthenticated, SignedIn};
use crate::web::client;
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing};
use crate::web::html::{self, FieldErrors};
use crate::web::labels::audit;
use crate::web::labels::numbers::counted;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::admin::users::LinkPage;
use crate::web::pages::confirm::ConfirmPage;
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

/// "Deactivate Chen Wei?"
#[derive(Template)]
#[template(path = "pages/admin/user_change.html")]
struct ChangePage {
    layout: Layout,
    person: Person,
    change: Change,
}

/// What is changed with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Deactivate,
    Activate,
    MakeAdmin,
    MakeUser,
    Link,
}

impl Change {
    fn from_word(word: &str) -> Result<Self, Error> {
        Ok(match word {
            "deactivate" => Self::Deactivate,
            "activate" => Self::Activate,
            "make-admin" => Self::MakeAdmin,
            "make-user" => Self::MakeUser,
            "link" => Self::Link,
            _ => return Err(Error::NotFound),
        })
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Deactivate => "deactivate",
            Self::Activate => "activate",
            Self::MakeAdmin => "make-admin",
            Self::MakeUser => "make-user",
            Self::Link => "link",
        }
    }

    fn button(self) -> &'static str {
        match self {
            Self::Deactivate => "Deactivate user",
            Self::Activate => "Activate user",
            Self::MakeAdmin => "Make administrator",
            Self::MakeUser => "Remove administrator role",
            Self::Link => "Create sign-in link",
        }
    }

    fn is_destructive(self) -> bool {
        self == Self::Deactivate
    }
}

impl ChangePage {
    fn title(&self) -> String {
        let name = &self.person.account.display_name;
        match self.change {
            Change::Deactivate => format!("Deactivate {name}?"),
            Change::Activate => format!("Activate {name}?"),
            Change::MakeAdmin => format!("Make {name} an administrator?"),
            Change::MakeUser => format!("Remove {name}’s administrator role?"),
            Change::Link => format!("Create a sign-in link for {name}?"),
        }
    }

    fn effect(&self) -> String {
        let live = self.person.live;
        let keys = counted(live, "live key", "live keys");
        let (are, work, them) = if live == 1 { ("is", "works", "it") } else { ("are", "work", "them") };
        match self.change {
            Change::Deactivate => format!("Sign-in stops, sessions end, and {keys} {are} refused at once. Activating the user again brings {them} back."),
            Change::Activate if self.person.account.deleted_at.is_some() => {
                "They come back as a user, without a password and without policies: create a sign-in link for them, and assign policies. Revoked keys stay revoked until that bulk change is undone.".into()
            }
            Change::Activate => format!("Sign-in is possible again, and {keys} {work} again."),
            Change::MakeAdmin => "They can see and end everybody's keys, change rules and settings, and manage users.".into(),
            Change::MakeUser => "They keep their own keys and see nothing of others any more.".into(),
            Change::Link => "Whoever opens the link chooses a new password and is signed in. It works once and for three days; earlier links end. The current password works until then.".into(),
        }
    }
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

/// `GET /admin/users/{username}/change/{what}`
pub async fn ask(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    asked: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let (username, change) = (paths::username(&asked.0)?, Change::from_word(&asked.1)?);
    let person = app.find_person(user.actor.administrator()?, &username).await?;
    Ok(html::page(&ChangePage { layout: Layout::new(&user, Nav::Users), person, change }))
}

/// `POST /admin/users/{username}/change/{what}`
pub async fn change(
    request: HttpRequest,
    app: web::Data<App>,
    asked: web::Path<(String, String)>,
    Form(Reauthenticated(user), _): Form<Reauthenticated, Nothing>,
) -> Result<HttpResponse, PageError> {
    let (username, change) = (paths::username(&asked.0)?, Change::from_word(&asked.1)?);
    let done = match change {
        Change::Deactivate => app.deactivate_user(user.actor.reauthenticated()?, &username).await,
        Change::Activate => app.activate_user(user.actor.reauthenticated()?, &username).await,
        Change::MakeAdmin => app.set_role(user.actor.reauthenticated()?, &username, Role::Admin).await,
        Change::MakeUser => app.set_role(user.actor.reauthenticated()?, &username, Role::User).await,
        Change::Link => match app.make_link(user.actor.reauthenticated()?, &username).await {
            Ok(link) => {
                let address = format!("{}/welcome?token={}", access::place(&request)?.public_address, link.token);
                let layout = Layout::for_secret(&user, Nav::Users);
                let (username, expires_at) = (username.as_str().to_owned(), link.expires_at);
                return Ok(html::page(&LinkPage { layout, username, link: address, expires_at, is_new: false }));
            }
            Err(error) => Err(error),
        },
    };
    match done {
        Ok(()) => {
            let text = match change {
                Change::Deactivate => "User deactivated. Their keys are refused from now on.",
                Change::Activate => "User activated. Their keys work again.",
                _ => "Role changed.",
            };
            Flash::done(text).leave(&user.session);
        }
        Err(Error::Conflict(text)) => Flash::failed(text).leave(&user.session),
        Err(error) => return Err(error.into()),
    }
    Ok(html::see_other(&paths::user(&username)))
}

/// `GET /admin/users/{username}/sessions/{id}/end`
pub async fn end_session_page(
    app: web::Data<App>,
    Admin(user): Admin,
    asked: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let username = paths::username(&asked.0)?;
    let person = app.find_person(user.actor.administrator()?, &username).await?;
    let session = person.sessions.iter().find(|session| session.id.to_string() == asked.1).ok_or(Error::NotFound)?;
    let browser = client::browser_name(&session.user_agent);
    let page = ConfirmPage {
        layout: Layout::new(&user, Nav::Users),
        title: format!("End the session of {}?", person.account.display_name),
        effect: format!(
            "{browser} at {} is signed out at once, and session keys of that session end. The person can sign in again.",
            session.address
        ),
        action: format!("{}/sessions/{}/end", paths::user(&username), session.id),
        button: "End session",
        back: paths::user(&username),
    };
    Ok(page.response())
}

/// `POST /admin/users/{username}/sessions/{id}/end`
pub async fn end_session(
    app: web::Data<App>,
    asked: web::Path<(String, String)>,
    Form(Admin(user), _): Form<Admin, Nothing>,
) -> Result<HttpResponse, PageError> {
    let username = paths::username(&asked.0)?;
    let id = asked.1.parse().map_err(|_| Error::NotFound)?;
    app.end_session_of(user.actor.administrator()?, &username, id).await?;
    Flash::done("The session was ended.").leave(&user.session);
    Ok(html::see_other(&paths::user(&username)))
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
