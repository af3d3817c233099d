//! One key of anybody, for administrators: facts, what can be done to it, history. Never the secret.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::actions::bulk::operations::fits;
use crate::actions::keys::find::KeyDetails;
use crate::actions::{App, Error};
use crate::domain::accounts::account::OwnerView;
use crate::domain::bulk::BulkOperation;
use crate::web::access::{Admin, Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::key_view::KeyView;
use crate::web::labels::chart::Chart;
use crate::web::labels::operations::OperationLabels;
use crate::web::labels::refusals::of_word;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::own::key::{Entered, in_words, texts};
use crate::web::paths;

#[derive(Template)]
#[template(path = "pages/admin/api_key.html")]
struct AdminKeyPage {
    layout: Layout,
    view: KeyView,
    details: KeyDetails,
    chart: Chart,
    owner: OwnerView,
    /// The form for name and note, when it is open.
    edit: Option<(Entered, FieldErrors)>,
}

impl AdminKeyPage {
    async fn load(app: &App, user: &SignedIn, first_eight: &str) -> Result<Self, PageError> {
        let (details, owner) = app.any_key(user.actor.administrator()?, &paths::first_eight(first_eight)?).await?;
        let view = KeyView { key: details.key.clone(), access: details.access.clone(), now: app.now() };
        let chart = Chart::new(details.days.clone());
        Ok(Self { layout: Layout::new(user, Nav::AdminKeys), view, details, chart, owner, edit: None })
    }

    fn path(&self) -> String {
        paths::key(&self.view.key.first_eight)
    }

    /// Where the key of a service account is rotated and changed.
    fn of_owner(&self) -> String {
        format!("{}/keys/{}", paths::service_account(&self.owner.username), self.view.key.first_eight)
    }

    fn operations(&self) -> Vec<BulkOperation> {
        let status = self.view.key.status(self.view.now);
        BulkOperation::CHOICES.into_iter().filter(|operation| fits(*operation, status)).collect()
    }
}

/// `GET /admin/api-keys/{first_eight}`
pub async fn page(
    app: web::Data<App>,
    Admin(user): Admin,
    first_eight: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    Ok(html::page(&AdminKeyPage::load(&app, &user, &first_eight).await?))
}

/// `GET /admin/api-keys/{first_eight}/edit`
pub async fn edit_page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    first_eight: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let mut page = AdminKeyPage::load(&app, &user, &first_eight).await?;
    if page.view.is_revoked() {
        return Ok(html::see_other(&page.path()));
    }
    page.edit = Some((Entered::of(&page.view.key), FieldErrors::default()));
    Ok(html::page(&page))
}

/// `POST /admin/api-keys/{first_eight}/edit`
pub async fn edit(
    app: web::Data<App>,
    first_eight: web::Path<String>,
    Form(Reauthenticated(user), entered): Form<Reauthenticated, Entered>,
) -> Result<HttpResponse, PageError> {
    let key = paths::first_eight(&first_eight)?;
    let edited = match texts(&entered) {
        Ok(texts) => app.edit_any_key(user.actor.reauthenticated()?, &key, entered.version, texts).await,
        Err(error) => Err(error),
    };
    match edited {
        Ok(()) => {
            Flash::done(format!("Key {key} saved.")).leave(&user.session);
            Ok(html::see_other(&paths::key(&key)))
        }
        Err(Error::Invalid(field_errors)) => {
            let mut page = AdminKeyPage::load(&app, &user, &first_eight).await?;
            page.edit = Some((entered, FieldErrors(field_errors)));
            Ok(html::invalid(&page))
        }
        Err(error) => Err(error.into()),
    }
}
