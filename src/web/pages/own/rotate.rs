//! Rotate: the question, and the one answer that shows the new secret.

use actix_web::{HttpResponse, web};

use crate::actions::keys::request::FormId;
use crate::actions::keys::rotate::{Grace, Rotated};
use crate::actions::{App, Error};
use crate::domain::keys::secret::FirstEight;
use crate::web::access::SignedIn;
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html;
use crate::web::issue::reveal::Reveal;
use crate::web::issue::rotate::{Rotate, RotateDialog};
use crate::web::issue::{self, IssuePage, Refused};
use crate::web::layout::{Layout, Nav};
use crate::web::pages::own::key::{Dialog, KeyPage};
use crate::web::paths;

impl IssuePage for KeyPage {
    fn done(&self) -> String {
        paths::own_key(&self.details().key.first_eight)
    }

    fn reveal(&mut self, reveal: Reveal) {
        let old_until = self.old_until;
        self.rotated(reveal.view.clone());
        self.dialog = Dialog::Reveal(Box::new(Reveal { old_until, ..reveal }));
    }

    fn shown_before(&mut self, _: FirstEight) {
        self.dialog = Dialog::ShownBefore;
    }
}

/// `GET /external-tool-access/keys/{first_eight}/rotate`
pub async fn page(
    app: web::Data<App>,
    user: SignedIn,
    first_eight: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    Ok(html::page(&with_form(&app, &user, &first_eight, Grace::Day, Refused::default()).await?))
}

/// `POST /external-tool-access/keys/{first_eight}/rotate`
pub async fn rotate(
    app: web::Data<App>,
    first_eight: web::Path<String>,
    Form(mut user, form): Form<SignedIn, Rotate>,
) -> Result<HttpResponse, PageError> {
    let key = paths::first_eight(&first_eight)?;
    let grace = Grace::parse(&form.old_ends).map_err(Error::from)?;
    let form_id = FormId::parse(&form.form).map_err(Error::from)?;
    let proved = user.prove(&app, form.present).await;
    let mut page = KeyPage::load(&app, &user, Layout::for_secret(&user, Nav::Keys), &first_eight).await?;
    let rotated = match proved {
        Ok(()) => app.rotate_key(user.actor.owner()?, &key, grace, form_id).await,
        Err(error) => Err(error),
    };
    match rotated {
        Ok(Rotated { issued, old_until }) => {
            page.old_until = old_until;
            Ok(issue::answer(page, &app, issued))
        }
        Err(error) => {
            let refused = Refused::by(error)?;
            Ok(refused.answer(&with_form(&app, &user, &first_eight, grace, refused.clone()).await?))
        }
    }
}

async fn with_form(
    app: &App,
    user: &SignedIn,
    first_eight: &str,
    chosen: Grace,
    refused: Refused,
) -> Result<KeyPage, PageError> {
    let mut page = KeyPage::load(app, user, Layout::new(user, Nav::Keys), first_eight).await?;
    page.dialog = Dialog::Rotate(RotateDialog::new(app, page.details(), chosen, refused));
    Ok(page)
}
