//! A new service account with its first key, in one step.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::keys::request::KeyRequest;
use crate::actions::{App, Error};
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
use crate::web::issue::new_key::NewKey;
use crate::web::issue::reveal::Reveal;
use crate::web::issue::{self, IssuePage};
use crate::web::layout::{Layout, Nav};
use crate::web::pages::admin::service_accounts;
use crate::web::paths;

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

impl IssuePage for NewPage {
    fn done(&self) -> String {
        paths::service_account(&self.entered.username.trim().to_ascii_lowercase())
    }

    fn reveal(&mut self, reveal: Reveal) {
        self.dialog = Dialog::Reveal(Box::new(reveal));
    }

    fn shown_before(&mut self, first_eight: FirstEight) {
        self.dialog = Dialog::ShownBefore(first_eight);
    }
}

/// `GET /admin/service-accounts/new-key`
pub async fn page(app: web::Data<App>, Reauthenticated(user): Reauthenticated) -> Result<HttpResponse, PageError> {
    let layout = Layout::new(&user, Nav::ServiceAccounts);
    Ok(html::page(&NewPage::load(&app, &user, layout, Entered::default(), FieldErrors::default()).await?))
}

/// `POST /admin/service-accounts/new-key`
pub async fn create(
    app: web::Data<App>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Entered>,
) -> Result<HttpResponse, PageError> {
    let layout = Layout::for_secret(&user, Nav::ServiceAccounts);
    let mut page = NewPage::load(&app, &user, layout, form.clone(), FieldErrors::default()).await?;
    let made = match read(&form) {
        Ok((account, policy, request)) => {
            app.new_server_key(user.actor.reauthenticated()?, account, policy, request).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(issued) => Ok(issue::answer(page, &app, issued)),
        Err(Error::Invalid(field_errors)) => {
            page.field_errors = FieldErrors(field_errors);
            Ok(html::invalid(&page))
        }
        Err(error) => Err(error.into()),
    }
}

type Asked = (service_accounts::NewService, Option<PolicyName>, KeyRequest);

fn read(entered: &Entered) -> Result<Asked, Error> {
    let (username, description) = (entered.username.clone(), entered.description.clone());
    let account = service_accounts::read(&service_accounts::Entered { username, description, ..Default::default() })?;
    let policy = match entered.policy.as_str() {
        "" => None,
        name => Some(PolicyName::parse(name)?),
    };
    let request = NewKey {
        form: entered.form.clone(),
        name: account.username.as_str().to_owned(),
        expires: entered.expires.clone(),
        access: if policy.is_some() { "policy".into() } else { "inherit".into() },
        policy: entered.policy.clone(),
        ..NewKey::default()
    }
    .parse()?;
    Ok((account, policy, request))
}
