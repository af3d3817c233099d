//! Rotate: the question, and the one answer that shows the new secret.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::actions::keys::request::{FormId, Issued, New};
use crate::actions::keys::rotate::{self, Grace, Rotated};
use crate::actions::{App, Error};
use crate::domain::time::clock::Timestamp;
use crate::web::access::SignedIn;
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::key_view::KeyView;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::own::key::{Dialog, KeyPage, RotateDialog, parse};
use crate::web::pages::reveal::{Reveal, shown_once};

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// The one-time id.
    pub form: String,
    /// When the secret before ends.
    pub old_ends: String,
    /// The password, when what the key may do asks for it.
    #[serde(default)]
    pub present: String,
}

/// `GET /external-tool-access/keys/{first_eight}/rotate`
pub async fn page(
    app: web::Data<App>,
    user: SignedIn,
    first_eight: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let page = with_form(&app, &user, &first_eight, Grace::Day, String::new(), FieldErrors::default()).await?;
    Ok(html::page(&page))
}

/// `POST /external-tool-access/keys/{first_eight}/rotate`
pub async fn rotate(
    app: web::Data<App>,
    first_eight: web::Path<String>,
    Form(mut user, form): Form<SignedIn, Rotate>,
) -> Result<HttpResponse, PageError> {
    let key = parse(&first_eight)?;
    let grace = Grace::parse(&form.old_ends).map_err(Error::from)?;
    let form_id = FormId::parse(&form.form).map_err(Error::from)?;
    let proved = user.prove(&app, form.present).await;
    // Loaded before the secret is made: nothing that could fail stands between it and the person.
    let page = KeyPage::load(&app, &user, Layout::for_secret(&user, Nav::Keys), &first_eight).await?;
    let rotated = match proved {
        Ok(()) => app.rotate_key(user.actor.owner()?, &key, grace, form_id).await,
        Err(error) => Err(error),
    };
    match rotated {
        Ok(Rotated { issued, old_until }) => Ok(answer(page, &app, issued, old_until)),
        Err(error @ (Error::Conflict(_) | Error::Forbidden(_))) => {
            let page = with_form(&app, &user, &first_eight, grace, error.to_string(), FieldErrors::default()).await?;
            Ok(html::body(HttpResponse::Conflict(), &page))
        }
        Err(Error::Invalid(field_errors)) => {
            let page = with_form(&app, &user, &first_eight, grace, String::new(), FieldErrors(field_errors)).await?;
            Ok(html::invalid(&page))
        }
        Err(error) => Err(error.into()),
    }
}

async fn with_form(
    app: &App,
    user: &SignedIn,
    first_eight: &str,
    chosen: Grace,
    refusal: String,
    field_errors: FieldErrors,
) -> Result<KeyPage, PageError> {
    let mut page = KeyPage::load(app, user, Layout::new(user, Nav::Keys), first_eight).await?;
    let details = page.details();
    let refusal = match rotate::refusal(&details.key, app.now()) {
        _ if !refusal.is_empty() => refusal,
        Some(reason) => reason.into(),
        None => details.creation_off.unwrap_or_default().into(),
    };
    let expires_at = details.key.renewed(&details.rule, app.now());
    page.dialog =
        Dialog::Rotate(RotateDialog { form_id: app.new_form_id(), chosen, expires_at, refusal, field_errors });
    Ok(page)
}

fn answer(mut page: KeyPage, app: &App, issued: Issued, old_until: Option<Timestamp>) -> HttpResponse {
    match issued {
        Issued::Now(new) => {
            let New { key, access, secret } = *new;
            let view = KeyView { key, access, now: app.now() };
            page.rotated(view.clone(), old_until);
            let done = view.path();
            page.dialog =
                Dialog::Reveal(Box::new(Reveal { view, secret, old_until, snippets: None, waits: false, done }));
            shown_once(&page)
        }
        Issued::Before(_) => {
            page.dialog = Dialog::ShownBefore;
            html::body(HttpResponse::Conflict(), &page)
        }
    }
}
