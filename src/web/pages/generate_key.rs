//! Generate API Key: the form, and the one answer that shows the secret.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::external_tool_access::{Dialog, KeysPage};
use crate::actions::find_keys::Listing;
use crate::actions::generate_key::{FormId, Issued, KeyRequest};
use crate::actions::{App, Error};
use crate::domain::api_key::{KeyName, KeyNote};
use crate::domain::clock::{DAY, Moment};
use crate::domain::lifetime::{Expiry, LifetimeRule};
use crate::domain::mistake::collect;
use crate::domain::secret::{FirstEight, Secret};
use crate::web::access::SignedIn;
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html::{self, KeyView, Mistakes};

/// The form for a new key.
pub struct GenerateDialog {
    /// Makes the answer unique.
    pub form_id: String,
    /// What was entered.
    pub entered: NewKey,
    /// What is wrong with it.
    pub mistakes: Mistakes,
    /// The rule it has to fit.
    pub rule: LifetimeRule,
    /// The moment at which the page is made.
    pub now: Moment,
    /// Why no key can be made now; empty when one can.
    pub refusal: String,
}

impl GenerateDialog {
    /// The lifetimes to choose from: value, words, the moment of the end.
    pub fn choices(&self) -> Vec<(String, String, String)> {
        let mut choices: Vec<_> = self
            .rule
            .presets()
            .into_iter()
            .map(|days| {
                let end = self.now.plus(i64::from(days) * DAY);
                let unit = if days == 1 { "day" } else { "days" };
                (days.to_string(), format!("{days} {unit}, until {}", end.day()), end.minute())
            })
            .collect();
        if self.rule.allow_never {
            choices.push(("never".into(), "Never".into(), String::new()));
        }
        choices.push(("date".into(), "On a date…".into(), String::new()));
        choices
    }

    /// Is this the chosen lifetime?
    pub fn is_chosen(&self, value: &str) -> bool {
        match self.entered.expires.as_str() {
            "" => value == self.rule.default_days.to_string(),
            chosen => value == chosen,
        }
    }

    /// The last day that may be chosen.
    pub fn latest(&self) -> String {
        self.rule.latest(self.now).day()
    }
}

/// A secret, shown this once.
pub struct Reveal {
    /// The key.
    pub view: KeyView,
    /// Its secret.
    pub secret: Secret,
    /// Set after a rotation: until when the secret before it stays good.
    pub old_until: Option<Moment>,
    /// Where Done leads.
    pub done: String,
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// The one-time id.
    pub form: String,
    /// May be empty.
    #[serde(default)]
    pub name: String,
    /// May be empty.
    #[serde(default)]
    pub note: String,
    /// Days, `never` or `date`.
    #[serde(default)]
    pub expires: String,
    /// The day for `date`.
    #[serde(default)]
    pub expires_on: String,
}

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
        let like = app.own_key(user.account.id, &first_eight).await?.key;
        (entered.name, entered.note) = (like.name, like.note);
    }
    Ok(html::page(&with_form(&request, &app, &user, entered, Mistakes::default(), String::new()).await?))
}

/// `POST /external-tool-access/generate`
pub async fn generate(
    request: HttpRequest,
    app: web::Data<App>,
    user: SignedIn,
    form: Form<NewKey>,
) -> Result<HttpResponse, PageError> {
    let entered = form.0;
    let issued = match parse(&entered) {
        Ok(wanted) => app.generate_key(&user.actor, user.account.id, wanted).await,
        Err(error) => Err(error),
    };
    match issued {
        Ok(issued) => answer(&request, &app, &user, issued).await,
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

fn parse(entered: &NewKey) -> Result<KeyRequest, Error> {
    let mut mistakes = Vec::new();
    let form = collect(&mut mistakes, FormId::parse(&entered.form));
    let name = collect(&mut mistakes, KeyName::parse(&entered.name));
    let note = collect(&mut mistakes, KeyNote::parse(&entered.note));
    let expiry = collect(&mut mistakes, Expiry::parse(&entered.expires, &entered.expires_on));
    match (form, name, note, expiry) {
        (Some(form), Some(name), Some(note), Some(expiry)) => Ok(KeyRequest { name, note, expiry, form }),
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
    let mut page = KeysPage::load(request, app, user, Listing::Current).await?;
    let form_id = app.new_form_id();
    let refusal = if refusal.is_empty() { page.refusal() } else { refusal };
    page.dialog = Dialog::Generate(Box::new(GenerateDialog {
        form_id,
        entered,
        mistakes,
        rule: page.rule(),
        now: app.now(),
        refusal,
    }));
    Ok(page)
}

/// The page that shows the secret, or says that it was shown.
async fn answer(request: &HttpRequest, app: &App, user: &SignedIn, issued: Issued) -> Result<HttpResponse, PageError> {
    let mut page = KeysPage::load(request, app, user, Listing::Current).await?;
    match issued {
        Issued::Now(key, secret) => {
            let view = KeyView { key: *key, now: app.now() };
            let reveal = Reveal { view, secret, old_until: None, done: "/external-tool-access".into() };
            page.dialog = Dialog::Reveal(Box::new(reveal));
            Ok(shown_once(&page))
        }
        Issued::Before(first_eight) => {
            page.dialog = Dialog::ShownBefore(first_eight);
            Ok(html::body(HttpResponse::Conflict(), &page))
        }
    }
}

/// The answer that holds a secret: no cache keeps it, no other site learns its address.
pub fn shown_once(page: &impl Template) -> HttpResponse {
    let mut response = html::page(page);
    response.headers_mut().insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    response
}
