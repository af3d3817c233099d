//! Changing what a key may do: an own key's owner, and administrators for the keys of service accounts.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::keys::find::KeyDetails;
use crate::actions::rights::grants::GrantOptions;
use crate::actions::{App, Error};
use crate::domain::accounts::account::Username;
use crate::domain::ids::AccountId;
use crate::web::access::{Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::issue::access_fields::{AccessFields, Chosen, Purpose};
use crate::web::layout::{Layout, Nav};
use crate::web::paths;

#[derive(Template)]
#[template(path = "pages/own/access.html")]
struct AccessPage {
    layout: Layout,
    details: KeyDetails,
    fields: AccessFields,
    version: i64,
    /// The page of the key.
    back: String,
    /// Where the form goes.
    action: String,
}

/// What the form sends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    version: i64,
    #[serde(default)]
    access: String,
    #[serde(default)]
    scope: Vec<String>,
    #[serde(default)]
    policy: String,
    /// The password, when what the key may do asks for it.
    #[serde(default)]
    present: String,
}

/// A key whose access is to be changed, seen from the one who changes it.
struct Asked {
    owner: AccountId,
    offer: GrantOptions,
    details: KeyDetails,
    purpose: Purpose,
    back: String,
    action: String,
}

impl Asked {
    async fn own(app: &App, user: &SignedIn, first_eight: &str) -> Result<Self, PageError> {
        let first_eight = paths::first_eight(first_eight)?;
        let owner = user.account.id;
        let (details, offer) = app.changeable_key(user.actor.owner()?, &first_eight).await?;
        let back = paths::own_key(&first_eight);
        let action = format!("{back}/access");
        Ok(Self { owner, offer, details, purpose: Purpose::Own, back, action })
    }

    async fn of_service(app: &App, user: &SignedIn, username: &Username, first_eight: &str) -> Result<Self, PageError> {
        let first_eight = paths::first_eight(first_eight)?;
        let owner = app.find_service_account(user.actor.administrator()?, username).await?.account.id;
        let (details, offer) = app.changeable_key(user.actor.reauthenticated()?.for_owner(owner), &first_eight).await?;
        let back = paths::key(&first_eight);
        let action = format!("{}/keys/{first_eight}/access", paths::service_account(username.as_str()));
        Ok(Self { owner, offer, details, purpose: Purpose::Service, back, action })
    }

    fn page(self, user: &SignedIn, entered: Option<(Chosen, i64)>, field_errors: FieldErrors) -> AccessPage {
        let nav = if self.purpose == Purpose::Own { Nav::Keys } else { Nav::ServiceAccounts };
        let now = (Chosen::of(&self.details.access), self.details.key.version);
        let (chosen, version) = entered.unwrap_or(now);
        let fields = AccessFields { offer: self.offer, chosen, field_errors, purpose: self.purpose };
        let (details, back, action) = (self.details, self.back, self.action);
        AccessPage { layout: Layout::new(user, nav), details, fields, version, back, action }
    }

    async fn save(self, app: &App, mut user: SignedIn, entered: Entered) -> Result<HttpResponse, PageError> {
        let chosen = Chosen { access: entered.access, scope: entered.scope, policy: entered.policy };
        let first_eight = self.details.key.first_eight.clone();
        let proved = user.prove(app, entered.present).await;
        let by = match self.purpose {
            Purpose::Service => user.actor.reauthenticated()?.for_owner(self.owner),
            _ => user.actor.owner()?,
        };
        let saved = match proved.and_then(|()| Ok(chosen.wish()?)) {
            Ok(wish) => app.set_key_access(by, &first_eight, entered.version, wish).await,
            Err(error) => Err(error),
        };
        match saved {
            Ok(()) => {
                Flash::done(format!("Key {first_eight} saved. It can do this from now on.")).leave(&user.session);
                Ok(html::see_other(&self.back))
            }
            Err(Error::Invalid(field_errors)) => {
                Ok(html::invalid(&self.page(&user, Some((chosen, entered.version)), FieldErrors(field_errors))))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// `GET /external-tool-access/keys/{first_eight}/access`
pub async fn own_page(
    app: web::Data<App>,
    user: SignedIn,
    first_eight: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let asked = Asked::own(&app, &user, &first_eight).await?;
    if asked.details.key.revoked.is_some() {
        return Ok(html::see_other(&asked.back));
    }
    Ok(html::page(&asked.page(&user, None, FieldErrors::default())))
}

/// `POST /external-tool-access/keys/{first_eight}/access`
pub async fn own_save(
    app: web::Data<App>,
    first_eight: web::Path<String>,
    Form(user, form): Form<SignedIn, Entered>,
) -> Result<HttpResponse, PageError> {
    Asked::own(&app, &user, &first_eight).await?.save(&app, user, form).await
}

/// `GET /admin/service-accounts/{username}/keys/{first_eight}/access`
pub async fn page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    asked: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let asked = Asked::of_service(&app, &user, &paths::username(&asked.0)?, &asked.1).await?;
    if asked.details.key.revoked.is_some() {
        return Ok(html::see_other(&asked.back));
    }
    Ok(html::page(&asked.page(&user, None, FieldErrors::default())))
}

/// `POST /admin/service-accounts/{username}/keys/{first_eight}/access`
pub async fn save(
    app: web::Data<App>,
    asked: web::Path<(String, String)>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Entered>,
) -> Result<HttpResponse, PageError> {
    Asked::of_service(&app, &user, &paths::username(&asked.0)?, &asked.1).await?.save(&app, user, form).await
}
