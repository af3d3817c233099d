//! Making somebody an administrator, deactivating, signing out, a new link: each is asked for first.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::actions::accounts::people::Person;
use crate::actions::{App, Error};
use crate::domain::accounts::account::Role;
use crate::web::access::{self, Reauthenticated};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing};
use crate::web::html::{self};
use crate::web::labels::numbers::counted;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::admin::users::LinkPage;
use crate::web::paths;

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
pub(super) enum Change {
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

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Deactivate => "deactivate",
            Self::Activate => "activate",
            Self::MakeAdmin => "make-admin",
            Self::MakeUser => "make-user",
            Self::Link => "link",
        }
    }

    pub(super) fn button(self) -> &'static str {
        match self {
            Self::Deactivate => "Deactivate user",
            Self::Activate => "Activate user",
            Self::MakeAdmin => "Make administrator",
            Self::MakeUser => "Remove administrator role",
            Self::Link => "Create sign-in link",
        }
    }

    pub(super) fn is_destructive(self) -> bool {
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
