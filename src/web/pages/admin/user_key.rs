//! A key that an administrator makes for a person: the form over the person's page, and the one answer that shows the secret.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::actions::App;
use crate::actions::accounts::people::ForNewKey;
use crate::domain::keys::secret::FirstEight;
use crate::web::access::Reauthenticated;
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html;
use crate::web::issue::access_fields::Purpose;
use crate::web::issue::generate_dialog::{GenerateDialog, Offer};
use crate::web::issue::new_key::NewKey;
use crate::web::issue::reveal::Reveal;
use crate::web::issue::{self, IssuePage, Refused};
use crate::web::layout::{Layout, Nav};
use crate::web::paths;

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
        paths::user(&self.found.account.username)
    }

    /// The page with the form for the key.
    fn with_form(app: &App, layout: Layout, found: ForNewKey, entered: NewKey, refused: Refused) -> Self {
        let offer = Offer {
            grants: found.offer.clone(),
            purpose: Purpose::Person,
            rule: found.rule.clone(),
            over: paths::user(&found.account.username),
        };
        let form = GenerateDialog::new(app, offer, entered, refused.or(|| found.refusal.clone()));
        Self { layout, found, dialog: Dialog::Generate(Box::new(form)) }
    }
}

impl IssuePage for UserKeyPage {
    fn done(&self) -> String {
        self.over()
    }

    fn reveal(&mut self, reveal: Reveal) {
        self.dialog = Dialog::Reveal(Box::new(reveal));
    }

    fn shown_before(&mut self, first_eight: FirstEight) {
        self.dialog = Dialog::ShownBefore(first_eight);
    }
}

/// `GET /admin/users/{username}/generate`
pub async fn page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    username: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let found = app.for_new_key_of(user.actor.administrator()?, &paths::username(&username)?).await?;
    let layout = Layout::new(&user, Nav::Users);
    Ok(html::page(&UserKeyPage::with_form(&app, layout, found, NewKey::default(), Refused::default())))
}

/// `POST /admin/users/{username}/generate`
pub async fn generate(
    app: web::Data<App>,
    username: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, NewKey>,
) -> Result<HttpResponse, PageError> {
    let found = app.for_new_key_of(user.actor.administrator()?, &paths::username(&username)?).await?;
    let layout = Layout::for_secret(&user, Nav::Users);
    let mut page = UserKeyPage::with_form(&app, layout, found, form.clone(), Refused::default());
    let owner = user.actor.reauthenticated()?.for_owner(page.found.account.id);
    let issued = match form.parse() {
        Ok(wanted) => app.generate_key(owner, wanted).await,
        Err(error) => Err(error),
    };
    match issued {
        Ok(issued) => Ok(issue::answer(page, &app, issued)),
        Err(error) => {
            let refused = Refused::by(app.with_all_field_errors(owner, form.readable(), error).await?)?;
            page = UserKeyPage::with_form(&app, page.layout, page.found, form, refused.clone());
            Ok(refused.answer(&page))
        }
    }
}
