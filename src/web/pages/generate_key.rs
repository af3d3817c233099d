//! Generate API Key: the form, and the one answer that shows the secret.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::access_fields::{AccessFields, Purpose};
use super::external_tool_access::{Dialog, KeysPage};
use super::generate_dialog::{GenerateDialog, NewKey};
use super::reveal::{Reveal, shown_once};
use crate::actions::find_keys::Listing;
use crate::actions::generate_key::{FormId, Issued, KeyRequest, New};
use crate::actions::{App, Error};
use crate::domain::api_key::{KeyName, KeyNote};
use crate::domain::lifetime::Expiry;
use crate::domain::mistake::collect;
use crate::domain::secret::FirstEight;
use crate::web::access::SignedIn;
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html::{self, Mistakes};
use crate::web::key_view::KeyView;
use crate::web::shell::{Nav, Shell};

/// A key to take name and note from.
#[derive(Deserialize)]
pub struct Like {
    #[serde(default)]
    like: String,
}

/// `GET /external-tool-access/generate`
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    user: SignedIn,
    like: web::Query<Like>,
) -> Result<HttpResponse, PageError> {
    let mut entered = NewKey::default();
    if let Some(first_eight) = FirstEight::parse(&like.like) {
        let like = app.own_key(user.account.id, &first_eight).await?;
        entered = NewKey::like(&like.key, &like.access);
    }
    Ok(html::page(&with_form(&request, &app, &user, entered, Mistakes::default(), String::new()).await?))
}

/// `POST /external-tool-access/generate`
pub async fn generate(
    request: HttpRequest,
    app: web::Data<App>,
    Form(mut user, form): Form<SignedIn, NewKey>,
) -> Result<HttpResponse, PageError> {
    let mut entered = form;
    let present = std::mem::take(&mut entered.present);
    let proved = user.prove(&app, present).await;
    // Loaded before the key is made: nothing that could fail stands between the secret and the person.
    let page = KeysPage::load(&request, &app, Shell::for_secret(&user, Nav::Keys), Listing::Current).await?;
    let issued = match proved.and_then(|()| parse(&entered)) {
        Ok(wanted) => app.generate_key(&user.actor, user.account.id, wanted).await,
        Err(error) => Err(error),
    };
    match issued {
        Ok(issued) => Ok(answer(page, &app, issued)),
        Err(Error::Invalid(mistakes)) => {
            Ok(html::invalid(&with_form(&request, &app, &user, entered, Mistakes(mistakes), String::new()).await?))
        }
        Err(error @ (Error::Conflict(_) | Error::Forbidden(_))) => {
            let refusal = error.to_string();
            let page = with_form(&request, &app, &user, entered, Mistakes::default(), refusal).await?;
            Ok(html::body(HttpResponse::Conflict(), &page))
        }
        Err(error) => Err(error.into()),
    }
}

/// What the form asks for, when it can be read.
pub fn parse(entered: &NewKey) -> Result<KeyRequest, Error> {
    let mut mistakes = Vec::new();
    let form = collect(&mut mistakes, FormId::parse(&entered.form));
    let name = collect(&mut mistakes, KeyName::parse(&entered.name));
    let note = collect(&mut mistakes, KeyNote::parse(&entered.note));
    let expiry = collect(&mut mistakes, Expiry::parse(&entered.expires, &entered.expires_on));
    let wish = collect(&mut mistakes, entered.wish());
    let resource = collect(&mut mistakes, entered.resource());
    match (form, name, note, expiry, wish, resource) {
        (Some(form), Some(name), Some(note), Some(expiry), Some(wish), Some(resource)) => {
            Ok(KeyRequest { name, note, expiry, wish, resource, form, asking: None })
        }
        _ => Err(Error::Invalid(mistakes)),
    }
}

async fn with_form(
    request: &HttpRequest,
    app: &App,
    user: &SignedIn,
    entered: NewKey,
    mistakes: Mistakes,
    refusal: String,
) -> Result<KeysPage, PageError> {
    let shell = Shell::new(user, Nav::Keys);
    let mut page = KeysPage::load(request, app, shell, Listing::Current).await?;
    let form_id = app.new_form_id();
    let refusal = if refusal.is_empty() { page.refusal() } else { refusal };
    page.dialog = Dialog::Generate(Box::new(GenerateDialog {
        form_id,
        fields: AccessFields {
            offer: page.offer(),
            chosen: entered.chosen(),
            mistakes: mistakes.clone(),
            purpose: Purpose::Own,
        },
        entered,
        mistakes,
        rule: page.rule(),
        now: app.now(),
        refusal,
        over: KeysPage::PATH.into(),
    }));
    Ok(page)
}

/// The page that shows the secret, or says that it was shown.
fn answer(mut page: KeysPage, app: &App, issued: Issued) -> HttpResponse {
    match issued {
        Issued::Now(new) => {
            let New { key, access, secret } = *new;
            let view = KeyView { key, access, now: app.now() };
            page.add(view.clone());
            let reveal = Reveal { view, secret, old_until: None, done: "/external-tool-access".into() };
            page.dialog = Dialog::Reveal(Box::new(reveal));
            shown_once(&page)
        }
        Issued::Before(first_eight) => {
            page.dialog = Dialog::ShownBefore(first_eight);
            html::body(HttpResponse::Conflict(), &page)
        }
    }
}
