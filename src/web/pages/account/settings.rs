//! Account settings: name and e-mail, password, sessions, appearance.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::accounts::own::{OwnKeys, PasswordChange};
use crate::actions::{App, Error};
use crate::domain::accounts::account::{Appearance, parse_display_name};
use crate::domain::accounts::password::{self, Proposal};
use crate::domain::accounts::session::ListedSession;
use crate::domain::field_error::{FieldError, validate};
use crate::domain::ids::SessionId;
use crate::web::access::{self, SignedIn};
use crate::web::client;
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing};
use crate::web::html::{self, FieldErrors};
use crate::web::labels::numbers::number;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::confirm::ConfirmPage;
use crate::web::sessions;

#[derive(Template)]
#[template(path = "pages/account/settings.html")]
struct AccountPage {
    layout: Layout,
    profile: Profile,
    sessions: Vec<SessionView>,
    field_errors: FieldErrors,
    rules: &'static str,
}

struct SessionView {
    id: SessionId,
    browser: String,
    address: String,
    signed_in_at: String,
    active: String,
    is_this: bool,
}

/// What the profile form sends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    display_name: String,
}

/// What the password form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    present: String,
    password: String,
    again: String,
    /// `yes`: the own API keys end with the old password.
    #[serde(default)]
    revoke_keys: String,
}

/// What the appearance form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    appearance: String,
}

const PATH: &str = "/account";

async fn load(app: &App, user: &SignedIn, field_errors: FieldErrors) -> Result<AccountPage, PageError> {
    let now = app.now();
    let own = app.own_sessions(user.actor.owner()?, &user.session_id()).await?;
    let view = |session: ListedSession| SessionView {
        id: session.id,
        browser: client::browser_name(&session.user_agent),
        address: session.address,
        signed_in_at: session.created_at.minute(),
        active: session.last_seen_at.ago(now),
        is_this: session.is_current,
    };
    Ok(AccountPage {
        profile: Profile { display_name: user.account.display_name.clone() },
        layout: Layout::new(user, Nav::Account),
        sessions: own.into_iter().map(view).collect(),
        field_errors,
        rules: password::RULES,
    })
}

/// `GET /account`
pub async fn page(app: web::Data<App>, user: SignedIn) -> Result<HttpResponse, PageError> {
    Ok(html::page(&load(&app, &user, FieldErrors::default()).await?))
}

/// `POST /account/profile`
pub async fn edit_profile(
    app: web::Data<App>,
    Form(user, form): Form<SignedIn, Profile>,
) -> Result<HttpResponse, PageError> {
    match parse_display_name(&form.display_name) {
        Ok(display_name) => {
            app.set_display_name(user.actor.owner()?, display_name).await?;
            Flash::done("Display name saved.").leave(&user.session);
            Ok(html::see_other(PATH))
        }
        Err(field_error) => {
            let page = load(&app, &user, FieldErrors(vec![field_error])).await?;
            Ok(html::invalid(&AccountPage { profile: form, ..page }))
        }
    }
}

/// `POST /account/password`
pub async fn change_password(
    app: web::Data<App>,
    Form(user, form): Form<SignedIn, NewPassword>,
) -> Result<HttpResponse, PageError> {
    let NewPassword { present, password, again, revoke_keys } = form;
    let keys = OwnKeys::of_word(&revoke_keys).map_err(Error::from)?;
    let mut field_errors = Vec::new();
    let same = password == again;
    let chosen = validate(&mut field_errors, Proposal::parse("password", password));
    if !same {
        field_errors.push(FieldError::new("again", "Type the same password twice"));
    }
    let changed = match chosen {
        Some(new) if field_errors.is_empty() => {
            let change = PasswordChange { present, new, keys };
            app.change_own_password(user.actor.owner()?, change, &user.session_id()).await
        }
        _ => Err(Error::Invalid(field_errors)),
    };
    match changed {
        Ok(changed) => {
            sessions::renew(&user.session, &changed.session, app.now())?;
            let keys = match (keys, changed.keys_revoked) {
                (OwnKeys::Keep, _) => "Your API keys keep working.".to_owned(),
                (OwnKeys::Revoke, 0) => "You had no API key to revoke.".to_owned(),
                (OwnKeys::Revoke, 1) => "Your API key was revoked.".to_owned(),
                (OwnKeys::Revoke, many) => format!("Your {} API keys were revoked.", number(many)),
            };
            Flash::done(format!("Password changed. Your other sessions were ended. {keys}")).leave(&user.session);
            Ok(html::see_other(PATH))
        }
        Err(Error::Invalid(field_errors)) => Ok(html::invalid(&load(&app, &user, FieldErrors(field_errors)).await?)),
        Err(error) => Err(error.into()),
    }
}

/// `POST /account/appearance`
pub async fn set_appearance(
    request: HttpRequest,
    app: web::Data<App>,
    Form(user, form): Form<SignedIn, Chosen>,
) -> Result<HttpResponse, PageError> {
    let wrong = || Error::from(FieldError::new("appearance", "Choose System, Light or Dark"));
    let appearance = form.appearance.parse::<Appearance>().map_err(|_| wrong())?;
    app.set_appearance(user.actor.owner()?, appearance).await?;
    Flash::done(format!("Appearance: {}.", appearance.label())).leave(&user.session);
    let mut response = html::see_other(PATH);
    html::remember_appearance(&mut response, appearance, access::place(&request)?.https);
    Ok(response)
}

/// `GET /account/sessions/{id}/end`
pub async fn end_session_page(
    app: web::Data<App>,
    user: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let sessions = app.own_sessions(user.actor.owner()?, &user.session_id()).await?;
    let session = sessions.iter().find(|one| one.id.to_string() == *id).ok_or(Error::NotFound)?;
    let browser = client::browser_name(&session.user_agent);
    let page = ConfirmPage {
        layout: Layout::new(&user, Nav::Account),
        title: format!("Sign out {browser} at {}?", session.address),
        effect: "That browser has to sign in again, and its session keys end. Your API keys keep working.".into(),
        action: format!("{PATH}/sessions/{}/end", session.id),
        button: "Sign out",
        back: PATH.into(),
    };
    Ok(page.response())
}

/// `GET /account/sessions/end-others`
pub async fn end_other_sessions_page(app: web::Data<App>, user: SignedIn) -> Result<HttpResponse, PageError> {
    let others = app.own_sessions(user.actor.owner()?, &user.session_id()).await?.len().saturating_sub(1);
    let sessions = if others == 1 { "1 other session".to_owned() } else { format!("{others} other sessions") };
    let page = ConfirmPage {
        layout: Layout::new(&user, Nav::Account),
        title: "Sign out everywhere else?".into(),
        effect: format!("Ends {sessions}, and their session keys. Your API keys keep working."),
        action: format!("{PATH}/sessions/end-others"),
        button: "Sign out everywhere else",
        back: PATH.into(),
    };
    Ok(page.response())
}

/// `POST /account/sessions/{id}/end`
pub async fn end_session(
    app: web::Data<App>,
    id: web::Path<String>,
    Form(user, _): Form<SignedIn, Nothing>,
) -> Result<HttpResponse, PageError> {
    let id = id.parse().map_err(|_| Error::NotFound)?;
    app.end_listed_session(user.actor.owner()?, id).await?;
    Flash::done("The session was ended.").leave(&user.session);
    Ok(html::see_other(PATH))
}

/// `POST /account/sessions/end-others`
pub async fn end_other_sessions(
    app: web::Data<App>,
    Form(user, _): Form<SignedIn, Nothing>,
) -> Result<HttpResponse, PageError> {
    let ended = app.end_other_sessions(user.actor.owner()?, &user.session_id()).await?;
    let text = match ended {
        0 => "There was no other session.".to_owned(),
        1 => "1 other session was ended.".to_owned(),
        many => format!("{many} other sessions were ended."),
    };
    Flash::done(text).leave(&user.session);
    Ok(html::see_other(PATH))
}
