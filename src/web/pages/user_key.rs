//! A key that an administrator makes for a person: the form over the person's page, and the one answer that shows the secret.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::access_fields::{AccessFields, Purpose};
use super::generate_dialog::{GenerateDialog, NewKey};
use super::generate_key::{parse, readable};
use super::reveal::{Reveal, shown_once};
use super::user::{name, path};
use crate::actions::generate_key::{Issued, New};
use crate::actions::manage_users::ForNewKey;
use crate::actions::{App, Error};
use crate::domain::secret::FirstEight;
use crate::web::access::RecentAdmin;
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html::{self, Mistakes};
use crate::web::key_view::KeyView;
use crate::web::shell::{Nav, Shell};

#[derive(Template)]
#[template(path = "pages/user_key.html")]
struct UserKeyPage {
    shell: Shell,
    found: ForNewKey,
    dialog: Dialog,
}

/// What is open over the page.
enum Dialog {
    Generate(Box<GenerateDialog>),
    Reveal(Box<Reveal>),
    ShownBefore(FirstEight),
}

impl UserKeyPage {
    fn over(&self) -> String {
        path(&self.found.account.username)
    }
}

fn with_form(
    app: &App,
    shell: Shell,
    found: ForNewKey,
    entered: NewKey,
    mistakes: Mistakes,
    refusal: Option<String>,
) -> UserKeyPage {
    let dialog = GenerateDialog {
        form_id: app.new_form_id(),
        fields: AccessFields {
            offer: found.offer.clone(),
            chosen: entered.chosen(),
            mistakes: mistakes.clone(),
            purpose: Purpose::Person,
        },
        entered,
        mistakes,
        rule: found.rule.clone(),
        now: app.now(),
        refusal: refusal.or_else(|| found.refusal.clone()).unwrap_or_default(),
        over: path(&found.account.username),
    };
    UserKeyPage { shell, found, dialog: Dialog::Generate(Box::new(dialog)) }
}

/// `GET /admin/users/{username}/generate`
pub async fn page(
    app: web::Data<App>,
    RecentAdmin(user): RecentAdmin,
    username: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let found = app.for_new_key_of(&name(&username)?).await?;
    let shell = Shell::new(&user, Nav::Users);
    Ok(html::page(&with_form(&app, shell, found, NewKey::default(), Mistakes::default(), None)))
}

/// `POST /admin/users/{username}/generate`
pub async fn generate(
    app: web::Data<App>,
    username: web::Path<String>,
    Form(RecentAdmin(user), form): Form<RecentAdmin, NewKey>,
) -> Result<HttpResponse, PageError> {
    // Loaded before the key is made: nothing that could fail stands between the secret and the person.
    let found = app.for_new_key_of(&name(&username)?).await?;
    let (owner, shell) = (found.account.id, Shell::for_secret(&user, Nav::Users));
    let issued = match parse(&form) {
        Ok(wanted) => app.generate_key(&user.actor, owner, wanted).await,
        Err(error) => Err(error),
    };
    match issued {
        Ok(Issued::Now(new)) => {
            let New { key, access, secret } = *new;
            let (view, done) = (KeyView { key, access, now: app.now() }, path(&found.account.username));
            let reveal = Reveal { view, secret, old_until: None, snippets: None, waits: false, done };
            Ok(shown_once(&UserKeyPage { shell, found, dialog: Dialog::Reveal(Box::new(reveal)) }))
        }
        Ok(Issued::Before(first_eight)) => {
            let page = UserKeyPage { shell, found, dialog: Dialog::ShownBefore(first_eight) };
            Ok(html::body(HttpResponse::Conflict(), &page))
        }
        Err(Error::Invalid(mistakes)) => {
            let mistakes = app.all_mistakes(&user.actor, owner, readable(&form), mistakes).await?;
            Ok(html::invalid(&with_form(&app, shell, found, form, Mistakes(mistakes), None)))
        }
        Err(error @ (Error::Conflict(_) | Error::Forbidden(_))) => {
            let page = with_form(&app, shell, found, form, Mistakes::default(), Some(error.to_string()));
            Ok(html::body(HttpResponse::Conflict(), &page))
        }
        Err(error) => Err(error.into()),
    }
}
