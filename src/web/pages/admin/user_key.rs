//! A key that an administrator makes for a person: the form over the person's page, and the one answer that shows the secret.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::actions::accounts::people::ForNewKey;
use crate::actions::keys::request::{Issued, New};
use crate::actions::{App, Error};
use crate::domain::keys::secret::FirstEight;
use crate::web::access::Reauthenticated;
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::key_view::KeyView;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::access_fields::{AccessFields, Purpose};
use crate::web::pages::admin::user::{name, path};
use crate::web::pages::generate_dialog::{GenerateDialog, NewKey};
use crate::web::pages::own::generate::{parse, readable};
use crate::web::pages::reveal::{Reveal, shown_once};

#[derive(Template)]
#[template(path = "pages/admin/user_key.html")]
struct UserKeyPage {
    layout: Layout,
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
    layout: Layout,
    found: ForNewKey,
    entered: NewKey,
    field_errors: FieldErrors,
    refusal: Option<String>,
) -> UserKeyPage {
    let dialog = GenerateDialog {
        form_id: app.new_form_id(),
        fields: AccessFields {
            offer: found.offer.clone(),
            chosen: entered.chosen(),
            field_errors: field_errors.clone(),
            purpose: Purpose::Person,
        },
        entered,
        field_errors,
        rule: found.rule.clone(),
        now: app.now(),
        refusal: refusal.or_else(|| found.refusal.clone()).unwrap_or_default(),
        over: path(&found.account.username),
    };
    UserKeyPage { layout, found, dialog: Dialog::Generate(Box::new(dialog)) }
}

/// `GET /admin/users/{username}/generate`
pub async fn page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    username: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let found = app.for_new_key_of(user.actor.administrator()?, &name(&username)?).await?;
    let layout = Layout::new(&user, Nav::Users);
    Ok(html::page(&with_form(&app, layout, found, NewKey::default(), FieldErrors::default(), None)))
}

/// `POST /admin/users/{username}/generate`
pub async fn generate(
    app: web::Data<App>,
    username: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, NewKey>,
) -> Result<HttpResponse, PageError> {
    // Loaded before the key is made: nothing that could fail stands between the secret and the person.
    let found = app.for_new_key_of(user.actor.administrator()?, &name(&username)?).await?;
    let (owner, layout) = (found.account.id, Layout::for_secret(&user, Nav::Users));
    let issued = match parse(&form) {
        Ok(wanted) => app.generate_key(user.actor.reauthenticated()?.for_owner(owner), wanted).await,
        Err(error) => Err(error),
    };
    match issued {
        Ok(Issued::Now(new)) => {
            let New { key, access, secret } = *new;
            let (view, done) = (KeyView { key, access, now: app.now() }, path(&found.account.username));
            let reveal = Reveal { view, secret, old_until: None, snippets: None, waits: false, done };
            Ok(shown_once(&UserKeyPage { layout, found, dialog: Dialog::Reveal(Box::new(reveal)) }))
        }
        Ok(Issued::Before(first_eight)) => {
            let page = UserKeyPage { layout, found, dialog: Dialog::ShownBefore(first_eight) };
            Ok(html::body(HttpResponse::Conflict(), &page))
        }
        Err(Error::Invalid(field_errors)) => {
            let field_errors = app
                .all_field_errors(user.actor.reauthenticated()?.for_owner(owner), readable(&form), field_errors)
                .await?;
            Ok(html::invalid(&with_form(&app, layout, found, form, FieldErrors(field_errors), None)))
        }
        Err(error @ (Error::Conflict(_) | Error::Forbidden(_))) => {
            let page = with_form(&app, layout, found, form, FieldErrors::default(), Some(error.to_string()));
            Ok(html::body(HttpResponse::Conflict(), &page))
        }
        Err(error) => Err(error.into()),
    }
}
