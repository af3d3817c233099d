//! Keys of service accounts in administrators' hands: account and key in one step, and a new secret for a key.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::keys::find::KeyDetails;
use crate::actions::keys::request::{FormId, Issued, New};
use crate::actions::keys::rotate::{self, Grace, Rotated};
use crate::actions::{App, Error};
use crate::domain::accounts::account::Username;
use crate::domain::ids::AccountId;
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::keys::secret::FirstEight;
use crate::domain::rights::policy::PolicyName;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span;
use crate::domain::time::span::DAY;
use crate::web::access::{Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::key_query;
use crate::web::key_view::KeyView;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::admin::service_account::name;
use crate::web::pages::admin::service_accounts::{self, PATH, path};
use crate::web::pages::generate_dialog::NewKey;
use crate::web::pages::own::generate::parse as parse_request;
use crate::web::pages::own::key::{RotateDialog, parse};
use crate::web::pages::own::rotate::Rotate;
use crate::web::pages::reveal::{Reveal, shown_once};

/// "New server key".
#[derive(Template)]
#[template(path = "pages/admin/server_key_new.html")]
struct NewPage {
    layout: Layout,
    form_id: String,
    entered: Entered,
    field_errors: FieldErrors,
    /// All policies, by name.
    policies: Vec<String>,
    /// The rule for a new service account.
    rule: LifetimeRule,
    now: Timestamp,
    dialog: Dialog,
}

/// What is open over a page.
enum Dialog {
    None,
    Reveal(Box<Reveal>),
    ShownBefore(FirstEight),
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    form: String,
    username: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    policy: String,
    #[serde(default)]
    expires: String,
}

impl NewPage {
    async fn load(
        app: &App,
        user: &SignedIn,
        layout: Layout,
        entered: Entered,
        field_errors: FieldErrors,
    ) -> Result<Self, PageError> {
        let (policies, rule) = app.for_new_server_key(user.actor.administrator()?).await?;
        let form_id = app.new_form_id();
        Ok(Self { layout, form_id, entered, field_errors, policies, rule, now: app.now(), dialog: Dialog::None })
    }

    /// The lifetimes to choose from: value and words.
    fn choices(&self) -> Vec<(String, String)> {
        let preset = |span| {
            let end = self.now.plus(span);
            let until = if span < DAY { end.minute() } else { end.day() };
            (LifetimeRule::choice(span), format!("{}, until {until}", span::words(span)))
        };
        let never = self.rule.allow_never.then(|| ("never".to_owned(), "Never".to_owned()));
        self.rule.presets().into_iter().map(preset).chain(never).collect()
    }

    fn is_chosen(&self, value: &str) -> bool {
        match self.entered.expires.as_str() {
            "" => value == LifetimeRule::choice(self.rule.default_span),
            chosen => value == chosen,
        }
    }
}

/// `GET /admin/service-accounts/new-key`
pub async fn new_page(app: web::Data<App>, Reauthenticated(user): Reauthenticated) -> Result<HttpResponse, PageError> {
    let layout = Layout::new(&user, Nav::ServiceAccounts);
    Ok(html::page(&NewPage::load(&app, &user, layout, Entered::default(), FieldErrors::default()).await?))
}

/// `POST /admin/service-accounts/new-key`
pub async fn create(
    app: web::Data<App>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Entered>,
) -> Result<HttpResponse, PageError> {
    // Loaded before the key is made: nothing that could fail stands between the secret and the person.
    let layout = Layout::for_secret(&user, Nav::ServiceAccounts);
    let mut page = NewPage::load(&app, &user, layout, form.clone(), FieldErrors::default()).await?;
    let made = match read(&form) {
        Ok((account, policy, request)) => {
            app.new_server_key(user.actor.reauthenticated()?, account, policy, request).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(Issued::Now(new)) => {
            let New { key, access, secret } = *new;
            let view = KeyView { key, access, now: app.now() };
            let done = path(&form.username.trim().to_ascii_lowercase());
            page.dialog =
                Dialog::Reveal(Box::new(Reveal { view, secret, old_until: None, snippets: None, waits: false, done }));
            Ok(shown_once(&page))
        }
        Ok(Issued::Before(first_eight)) => {
            page.dialog = Dialog::ShownBefore(first_eight);
            Ok(html::body(HttpResponse::Conflict(), &page))
        }
        Err(Error::Invalid(field_errors)) => {
            page.field_errors = FieldErrors(field_errors);
            Ok(html::invalid(&page))
        }
        Err(error) => Err(error.into()),
    }
}

type Asked = (service_accounts::NewService, Option<PolicyName>, crate::actions::keys::request::KeyRequest);

fn read(entered: &Entered) -> Result<Asked, Error> {
    let (username, description) = (entered.username.clone(), entered.description.clone());
    let account = service_accounts::read(&service_accounts::Entered { username, description, ..Default::default() })?;
    let policy = match entered.policy.as_str() {
        "" => None,
        name => Some(PolicyName::parse(name)?),
    };
    let request = parse_request(&NewKey {
        form: entered.form.clone(),
        name: account.username.as_str().to_owned(),
        expires: entered.expires.clone(),
        access: if policy.is_some() { "policy".into() } else { "inherit".into() },
        policy: entered.policy.clone(),
        ..NewKey::default()
    })?;
    Ok((account, policy, request))
}

/// "Rotate key …?", for a key of a service account.
#[derive(Template)]
#[template(path = "pages/admin/server_key_rotate.html")]
struct RotatePage {
    layout: Layout,
    view: KeyView,
    details: KeyDetails,
    username: String,
    dialog: RotateOrReveal,
}

/// What is open over the page.
enum RotateOrReveal {
    Rotate(RotateDialog),
    Reveal(Box<Reveal>),
    ShownBefore,
}

impl RotatePage {
    async fn load(
        app: &App,
        user: &SignedIn,
        layout: Layout,
        asked: &(String, String),
        chosen: Grace,
        refusal: String,
    ) -> Result<(Self, AccountId), PageError> {
        let username: Username = name(&asked.0)?;
        let owner = app.find_service_account(user.actor.administrator()?, &username).await?.account.id;
        let details = app.own_key(user.actor.reauthenticated()?.for_owner(owner), &parse(&asked.1)?).await?;
        let view = KeyView { key: details.key.clone(), access: details.access.clone(), now: app.now() };
        let refusal = match rotate::refusal(&details.key, app.now()) {
            Some(reason) if refusal.is_empty() => reason.into(),
            _ => refusal,
        };
        let expires_at = details.key.renewed(&details.rule, app.now());
        let dialog = RotateOrReveal::Rotate(RotateDialog {
            form_id: app.new_form_id(),
            chosen,
            expires_at,
            refusal,
            field_errors: FieldErrors::default(),
        });
        Ok((Self { layout, view, details, username: username.as_str().to_owned(), dialog }, owner))
    }

    /// The page of the key.
    fn back(&self) -> String {
        format!("{}/{}", key_query::PATH, self.view.key.first_eight)
    }

    fn over(&self) -> String {
        format!("{}/keys/{}", path(&self.username), self.view.key.first_eight)
    }
}

/// `GET /admin/service-accounts/{username}/keys/{first_eight}/rotate`
pub async fn rotate_page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    asked: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let layout = Layout::new(&user, Nav::ServiceAccounts);
    Ok(html::page(&RotatePage::load(&app, &user, layout, &asked, Grace::Day, String::new()).await?.0))
}

/// `POST /admin/service-accounts/{username}/keys/{first_eight}/rotate`
pub async fn rotate(
    app: web::Data<App>,
    asked: web::Path<(String, String)>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Rotate>,
) -> Result<HttpResponse, PageError> {
    let grace = Grace::parse(&form.old_ends).map_err(Error::from)?;
    let form_id = FormId::parse(&form.form).map_err(Error::from)?;
    let layout = |user: &SignedIn| Layout::for_secret(user, Nav::ServiceAccounts);
    let (mut page, owner) = RotatePage::load(&app, &user, layout(&user), &asked, grace, String::new()).await?;
    match app
        .rotate_key(user.actor.reauthenticated()?.for_owner(owner), &page.view.key.first_eight, grace, form_id)
        .await
    {
        Ok(Rotated { issued: Issued::Now(new), old_until }) => {
            let New { key, access, secret } = *new;
            let view = KeyView { key, access, now: app.now() };
            let done = page.back();
            page.dialog = RotateOrReveal::Reveal(Box::new(Reveal {
                view,
                secret,
                old_until,
                snippets: None,
                waits: false,
                done,
            }));
            Ok(shown_once(&page))
        }
        Ok(Rotated { issued: Issued::Before(_), .. }) => {
            page.dialog = RotateOrReveal::ShownBefore;
            Ok(html::body(HttpResponse::Conflict(), &page))
        }
        Err(error @ (Error::Conflict(_) | Error::Forbidden(_))) => {
            let (page, _) = RotatePage::load(&app, &user, layout(&user), &asked, grace, error.to_string()).await?;
            Ok(html::body(HttpResponse::Conflict(), &page))
        }
        Err(error) => Err(error.into()),
    }
}
