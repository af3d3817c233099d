//! One key: facts, history, edit, disable and enable, revoke.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::keys::find::KeyDetails;
use crate::actions::keys::rotate::Grace;
use crate::actions::{App, Error};
use crate::domain::audit::Line;
use crate::domain::field_error::{FieldError, validate};
use crate::domain::keys::api_key::{ApiKey, KeyName, KeyNote};
use crate::domain::time::clock::Timestamp;
use crate::web::access::SignedIn;
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing};
use crate::web::html::{self, FieldErrors};
use crate::web::issue::reveal::Reveal;
use crate::web::issue::rotate::RotateDialog;
use crate::web::key_view::KeyView;
use crate::web::labels::chart::Chart;
use crate::web::labels::refusals::of_word;
use crate::web::layout::{Layout, Nav};
use crate::web::paths;

/// The page.
#[derive(Template)]
#[template(path = "pages/own/key.html")]
pub struct KeyPage {
    layout: Layout,
    view: KeyView,
    details: KeyDetails,
    chart: Chart,
    /// Set after a rotation: until when the secret before it stays good.
    pub old_until: Option<Timestamp>,
    /// What is open over the page.
    pub dialog: Dialog,
}

/// What is open over the page.
pub enum Dialog {
    /// Nothing.
    None,
    /// Name and note.
    Edit(Entered, FieldErrors),
    /// "Revoke key …?"
    Revoke,
    /// "Rotate key …?"
    Rotate(RotateDialog),
    /// A new secret, this once.
    Reveal(Box<Reveal>),
    /// The form was answered before.
    ShownBefore,
}

/// What the edit form sends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    /// At least one character.
    pub name: String,
    /// May be empty.
    #[serde(default)]
    pub note: String,
    /// The version that the person saw.
    pub version: i64,
}

impl Entered {
    /// What a key has.
    pub fn of(key: &ApiKey) -> Self {
        Self { name: key.name.clone(), note: key.note.clone(), version: key.version }
    }
}

impl KeyPage {
    /// The page with nothing open over it. Text that is no first eight is nobody's key.
    pub async fn load(app: &App, user: &SignedIn, layout: Layout, first_eight: &str) -> Result<Self, PageError> {
        let details = app.own_key(user.actor.owner()?, &paths::first_eight(first_eight)?).await?;
        let view = KeyView { key: details.key.clone(), access: details.access.clone(), now: app.now() };
        let chart = Chart::new(details.days.clone());
        Ok(Self { layout, view, details, chart, old_until: None, dialog: Dialog::None })
    }

    /// Shows a key that was rotated after the page was loaded.
    pub fn rotated(&mut self, view: KeyView) {
        self.details.grace_ends = self.old_until;
        self.view = view;
    }

    /// The key and what is known of it.
    pub fn details(&self) -> &KeyDetails {
        &self.details
    }

    /// May the person change and revoke it?
    fn changes(&self) -> bool {
        !self.view.is_revoked() && self.details.is_managed
    }

    /// May it get a new secret, as far as the settings go?
    fn rotates(&self) -> bool {
        self.details.is_managed && self.details.creation_off.is_none()
    }

    /// Where a new key like this one is made.
    fn like_path(&self) -> String {
        format!("/external-tool-access/generate?like={}", self.view.key.first_eight)
    }

    fn title(&self) -> String {
        let act = match self.dialog {
            Dialog::None => return format!("Key {}", self.view.key.first_eight),
            Dialog::Edit(..) => "Edit",
            Dialog::Revoke => "Revoke",
            Dialog::Rotate(_) => "Rotate",
            Dialog::Reveal(_) => "New secret",
            Dialog::ShownBefore => "Already shown",
        };
        format!("{act} · Key {}", self.view.key.first_eight)
    }
}

/// What an audit action is called on the page.
pub fn in_words(line: &Line) -> &'static str {
    match line.action.as_str() {
        "key.generate" => "Generated",
        "key.edit" => "Name, note or access changed",
        "key.transfer" => "Transferred to another owner",
        "key.disable" => "Disabled",
        "key.enable" => "Enabled",
        "key.rotate" => "Rotated",
        "key.revoke" => "Revoked",
        "key.restore" => "Restored",
        "key.set_expiry" => "Expiry changed",
        _ => "Changed",
    }
}

/// `GET /external-tool-access/keys/{first_eight}`
pub async fn details(
    app: web::Data<App>,
    user: SignedIn,
    first_eight: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    Ok(html::page(&KeyPage::load(&app, &user, Layout::new(&user, Nav::Keys), &first_eight).await?))
}

/// `GET …/used`: when the key was used last, for a page that waits for its first use.
pub async fn used(
    app: web::Data<App>,
    user: SignedIn,
    first_eight: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let latest = app.last_use(user.actor.owner()?, &paths::first_eight(&first_eight)?).await?;
    let text = latest.map(|latest| format!("Used {} from {}", latest.at.ago(app.now()).to_lowercase(), latest.address));
    Ok(HttpResponse::Ok().json(serde_json::json!({ "used": text })))
}

/// `GET …/edit`
pub async fn edit_page(
    app: web::Data<App>,
    user: SignedIn,
    first_eight: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let mut page = KeyPage::load(&app, &user, Layout::new(&user, Nav::Keys), &first_eight).await?;
    if page.view.is_revoked() {
        return Ok(html::see_other(&page.view.path()));
    }
    page.dialog = Dialog::Edit(Entered::of(&page.view.key), FieldErrors::default());
    Ok(html::page(&page))
}

/// `POST …/edit`
pub async fn edit(
    app: web::Data<App>,
    first_eight: web::Path<String>,
    Form(user, form): Form<SignedIn, Entered>,
) -> Result<HttpResponse, PageError> {
    let key = paths::first_eight(&first_eight)?;
    let entered = form;
    let edited = match texts(&entered) {
        Ok(texts) => app.edit_key(user.actor.owner()?, &key, entered.version, texts).await,
        Err(error) => Err(error),
    };
    match edited {
        Ok(()) => {
            Flash::done(format!("Key {key} saved.")).leave(&user.session);
            Ok(html::see_other(&paths::own_key(&key)))
        }
        Err(Error::Invalid(field_errors)) => {
            let mut page = KeyPage::load(&app, &user, Layout::new(&user, Nav::Keys), &first_eight).await?;
            page.dialog = Dialog::Edit(entered, FieldErrors(field_errors));
            Ok(html::invalid(&page))
        }
        Err(error) => Err(error.into()),
    }
}

/// The name and the note that were entered.
pub(in crate::web::pages) fn texts(entered: &Entered) -> Result<(KeyName, KeyNote), Error> {
    let mut field_errors = Vec::new();
    let name =
        KeyName::parse(&entered.name).and_then(|name| name.ok_or_else(|| FieldError::new("name", "Enter a name")));
    let name = validate(&mut field_errors, name);
    let note = validate(&mut field_errors, KeyNote::parse(&entered.note));
    name.zip(note).ok_or(Error::Invalid(field_errors))
}

/// `GET …/revoke`
pub async fn revoke_page(
    app: web::Data<App>,
    user: SignedIn,
    first_eight: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let mut page = KeyPage::load(&app, &user, Layout::new(&user, Nav::Keys), &first_eight).await?;
    if page.view.is_revoked() {
        return Ok(html::see_other(&page.view.path()));
    }
    page.dialog = Dialog::Revoke;
    Ok(html::page(&page))
}

/// `POST …/revoke`
pub async fn revoke(
    app: web::Data<App>,
    first_eight: web::Path<String>,
    Form(user, _): Form<SignedIn, Nothing>,
) -> Result<HttpResponse, PageError> {
    let key = paths::first_eight(&first_eight)?;
    app.revoke_key(user.actor.owner()?, &key).await?;
    Flash::done(format!("Key {key} revoked. Tools that use it are refused from now on.")).leave(&user.session);
    Ok(html::see_other("/external-tool-access"))
}
