//! A new secret for a key of a service account.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::actions::keys::find::KeyDetails;
use crate::actions::keys::request::FormId;
use crate::actions::keys::rotate::{Grace, Rotated};
use crate::actions::{App, Error};
use crate::domain::ids::AccountId;
use crate::domain::keys::secret::FirstEight;
use crate::domain::time::clock::Timestamp;
use crate::web::access::{Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html;
use crate::web::issue::reveal::Reveal;
use crate::web::issue::rotate::{Rotate, RotateDialog};
use crate::web::issue::{self, IssuePage, Refused};
use crate::web::key_view::KeyView;
use crate::web::layout::{Layout, Nav};
use crate::web::paths;

/// "Rotate key …?", for a key of a service account.
#[derive(Template)]
#[template(path = "pages/admin/server_key_rotate.html")]
struct RotatePage {
    layout: Layout,
    view: KeyView,
    details: KeyDetails,
    username: String,
    dialog: Dialog,
    /// Set after a rotation: until when the secret before it stays good.
    old_until: Option<Timestamp>,
}

/// What is open over the page.
enum Dialog {
    Rotate(RotateDialog),
    Reveal(Box<Reveal>),
    ShownBefore,
}

impl RotatePage {
    async fn load(
        app: &App,
        user: &SignedIn,
        layout: Layout,
        asked: &(String, String),
        chosen: Grace,
        refused: Refused,
    ) -> Result<(Self, AccountId), PageError> {
        let username = paths::username(&asked.0)?;
        let owner = app.find_service_account(user.actor.administrator()?, &username).await?.account.id;
        let key = paths::first_eight(&asked.1)?;
        let details = app.own_key(user.actor.reauthenticated()?.for_owner(owner), &key).await?;
        let view = KeyView { key: details.key.clone(), access: details.access.clone(), now: app.now() };
        let dialog = Dialog::Rotate(RotateDialog::new(app, &details, chosen, refused));
        Ok((Self { layout, view, details, username: username.as_str().to_owned(), dialog, old_until: None }, owner))
    }

    /// The page of the key.
    fn back(&self) -> String {
        paths::key(&self.view.key.first_eight)
    }

    fn over(&self) -> String {
        format!("{}/keys/{}", paths::service_account(&self.username), self.view.key.first_eight)
    }
}

impl IssuePage for RotatePage {
    fn done(&self) -> String {
        self.back()
    }

    fn reveal(&mut self, reveal: Reveal) {
        self.dialog = Dialog::Reveal(Box::new(Reveal { old_until: self.old_until, ..reveal }));
    }

    fn shown_before(&mut self, _: FirstEight) {
        self.dialog = Dialog::ShownBefore;
    }
}

/// `GET /admin/service-accounts/{username}/keys/{first_eight}/rotate`
pub async fn page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    asked: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let layout = Layout::new(&user, Nav::ServiceAccounts);
    Ok(html::page(&RotatePage::load(&app, &user, layout, &asked, Grace::Day, Refused::default()).await?.0))
}

/// `POST /admin/service-accounts/{username}/keys/{first_eight}/rotate`
pub async fn rotate(
    app: web::Data<App>,
    asked: web::Path<(String, String)>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Rotate>,
) -> Result<HttpResponse, PageError> {
    let grace = Grace::parse(&form.old_ends).map_err(Error::from)?;
    let form_id = FormId::parse(&form.form).map_err(Error::from)?;
    let layout = || Layout::for_secret(&user, Nav::ServiceAccounts);
    let (page, owner) = RotatePage::load(&app, &user, layout(), &asked, grace, Refused::default()).await?;
    let by = user.actor.reauthenticated()?.for_owner(owner);
    match app.rotate_key(by, &page.view.key.first_eight, grace, form_id).await {
        Ok(Rotated { issued, old_until }) => Ok(issue::answer(RotatePage { old_until, ..page }, &app, issued)),
        Err(error) => {
            let refused = Refused::by(error)?;
            Ok(refused.answer(&RotatePage::load(&app, &user, layout(), &asked, grace, refused.clone()).await?.0))
        }
    }
}
