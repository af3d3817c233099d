//! The page behind a one-time link: its holder chooses a password and is signed in.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::accounts::links::Linked;
use crate::actions::accounts::own::OwnKeys;
use crate::actions::{App, Error};
use crate::domain::accounts::account::{Account, Appearance};
use crate::domain::accounts::password::{self, Proposal};
use crate::domain::field_error::{FieldError, validate};
use crate::web::access::Anonymous;
use crate::web::errors::PageError;
use crate::web::form::PublicForm;
use crate::web::html::{self, FieldErrors};
use crate::web::sessions;

#[derive(Template)]
#[template(path = "pages/sign_in/welcome.html")]
struct WelcomePage {
    appearance: Appearance,
    token: String,
    account: Account,
    /// How many live keys they have.
    keys: i64,
    field_errors: FieldErrors,
    rules: &'static str,
}

/// The token of the link.
#[derive(Deserialize)]
pub struct Link {
    #[serde(default)]
    token: String,
}

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    token: String,
    password: String,
    again: String,
    /// `yes`: the own API keys end with the old password.
    #[serde(default)]
    revoke_keys: String,
}

/// `GET /welcome`
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    link: web::Query<Link>,
) -> Result<HttpResponse, PageError> {
    let linked = match app.check_link(&link.token).await {
        Err(Error::NotFound) => return Ok(over(&request)),
        linked => linked?,
    };
    let Linked { account, keys } = linked;
    Ok(html::page(&WelcomePage {
        appearance: html::appearance_cookie(&request),
        token: link.into_inner().token,
        account,
        keys,
        field_errors: FieldErrors::default(),
        rules: password::RULES,
    }))
}

/// `POST /welcome`
pub async fn choose(
    request: HttpRequest,
    app: web::Data<App>,
    stranger: Anonymous,
    form: PublicForm<Chosen>,
) -> Result<HttpResponse, PageError> {
    let Chosen { token, password, again, revoke_keys } = form.0;
    let keys = OwnKeys::of_word(&revoke_keys).map_err(Error::from)?;
    let linked = match app.check_link(&token).await {
        Err(Error::NotFound) => return Ok(over(&request)),
        linked => linked?,
    };
    let Linked { account, keys: live } = linked;
    let mut field_errors = Vec::new();
    let same = password == again;
    let proposal = validate(&mut field_errors, Proposal::parse("password", password));
    if !same {
        field_errors.push(FieldError::new("again", "Type the same password twice"));
    }
    let begun = match proposal {
        Some(proposal) if field_errors.is_empty() => {
            app.use_link(&stranger.actor, &token, proposal, keys, stranger.agent.clone()).await
        }
        _ => Err(Error::Invalid(field_errors)),
    };
    match begun {
        Ok(begun) => {
            sessions::begin(&stranger.session, &begun, app.now())?;
            Ok(html::see_other("/external-tool-access"))
        }
        Err(Error::Invalid(field_errors)) => Ok(html::invalid(&WelcomePage {
            appearance: html::appearance_cookie(&request),
            token,
            account,
            keys: live,
            field_errors: FieldErrors(field_errors),
            rules: password::RULES,
        })),
        Err(error) => Err(error.into()),
    }
}

/// The page of a link that was used, replaced, or is too old.
#[derive(Template)]
#[template(path = "pages/sign_in/link_over.html")]
struct OverPage {
    appearance: Appearance,
}

fn over(request: &HttpRequest) -> HttpResponse {
    let page = OverPage { appearance: html::appearance_cookie(request) };
    html::body(HttpResponse::NotFound(), &page)
}
