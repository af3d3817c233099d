//! A new key of a service account: the form over the account's page, and the one answer that shows the secret.

use actix_web::{HttpResponse, web};

use crate::actions::App;
use crate::domain::keys::secret::FirstEight;
use crate::web::access::{Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html;
use crate::web::issue::access_fields::Purpose;
use crate::web::issue::generate_dialog::{GenerateDialog, Offer};
use crate::web::issue::new_key::NewKey;
use crate::web::issue::reveal::Reveal;
use crate::web::issue::{self, IssuePage, Refused};
use crate::web::layout::{Layout, Nav};
use crate::web::pages::admin::service_account::{Dialog, ServiceAccountPage};
use crate::web::paths;

impl IssuePage for ServiceAccountPage {
    fn done(&self) -> String {
        self.over()
    }

    fn reveal(&mut self, reveal: Reveal) {
        self.found.live += 1;
        self.dialog = Dialog::Reveal(Box::new(reveal));
    }

    fn shown_before(&mut self, first_eight: FirstEight) {
        self.dialog = Dialog::ShownBefore(first_eight);
    }
}

/// `GET /admin/service-accounts/{username}/generate`
pub async fn page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    username: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let found = app.find_service_account(user.actor.administrator()?, &paths::username(&username)?).await?;
    // A server key does one thing: with a policy at hand, that is the first choice.
    let access = if found.offer.policies.is_empty() { "inherit" } else { "policy" };
    let entered = NewKey { access: access.into(), ..NewKey::default() };
    Ok(html::page(&with_form(&app, &user, &username, entered, Refused::default()).await?))
}

async fn with_form(
    app: &App,
    user: &SignedIn,
    username: &str,
    entered: NewKey,
    refused: Refused,
) -> Result<ServiceAccountPage, PageError> {
    let mut page = ServiceAccountPage::load(app, user, Layout::new(user, Nav::ServiceAccounts), username).await?;
    let offer = Offer {
        grants: page.found.offer.clone(),
        purpose: Purpose::Service,
        rule: page.found.rule.clone(),
        over: page.over(),
    };
    let refused = refused.or(|| page.found.refusal.clone());
    page.dialog = Dialog::Generate(Box::new(GenerateDialog::new(app, offer, entered, refused)));
    Ok(page)
}

/// `POST /admin/service-accounts/{username}/generate`
pub async fn generate(
    app: web::Data<App>,
    username: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, NewKey>,
) -> Result<HttpResponse, PageError> {
    let name = paths::username(&username)?;
    let layout = Layout::for_secret(&user, Nav::ServiceAccounts);
    let page = ServiceAccountPage::load(&app, &user, layout, &username).await?;
    let issued = match form.parse() {
        Ok(wanted) => app.generate_server_key(user.actor.reauthenticated()?, &name, wanted).await,
        Err(error) => Err(error),
    };
    match issued {
        Ok(issued) => Ok(issue::answer(page, &app, issued)),
        Err(error) => {
            let owner = user.actor.reauthenticated()?.for_owner(page.found.account.id);
            let refused = Refused::by(app.with_all_field_errors(owner, form.readable(), error).await?)?;
            Ok(refused.answer(&with_form(&app, &user, &username, form, refused.clone()).await?))
        }
    }
}
