//! Lifetime rules: who may create keys, how long they last, and when unused ones stop working.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::actions::keys::lifetime_rules::{Planned, RulesNow};
use crate::actions::{App, Error};
use crate::domain::field_error::FieldError;
use crate::domain::keys::rule::AppliesTo;
use crate::web::access::{Admin, Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::key_views::live_keys_path;
use crate::web::labels::numbers::words;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::admin::rules_form::{Entered, Sent, Stricter, choice};
use crate::web::paths;

/// The rules.
#[derive(Template)]
#[template(path = "pages/admin/lifetime_rules.html")]
struct RulesPage {
    layout: Layout,
    now: RulesNow,
    entered: Entered,
    field_errors: FieldErrors,
}

impl RulesPage {
    async fn load(app: &App, user: &SignedIn) -> Result<Self, PageError> {
        let now = app.lifetime_rules(user.actor.administrator()?).await?;
        let entered = Entered::of(&now.rules);
        Ok(Self { layout: Layout::new(user, Nav::LifetimeRules), now, entered, field_errors: FieldErrors::default() })
    }

    fn live(&self) -> String {
        words(self.now.live)
    }

    /// For how many live keys a saved rule counts, and their list, where the grid can ask for it.
    fn live_under(&self, line: &Stricter) -> Option<(String, Option<String>)> {
        let is_this = |applies_to: &AppliesTo| choice(applies_to) == (line.applies_to.as_str(), line.subject.clone());
        let (applies_to, count) = self.now.live_under.iter().find(|(applies_to, _)| is_this(applies_to))?;
        let list = match applies_to {
            AppliesTo::Services => Some(live_keys_path("owner_type", "service")),
            AppliesTo::Account(_, name) => Some(live_keys_path("owner", name)),
            AppliesTo::Everyone | AppliesTo::Role(_) => None,
        };
        Some((words(*count), list))
    }
}

/// `GET /admin/lifetime-rules`
pub async fn page(app: web::Data<App>, Admin(user): Admin) -> Result<HttpResponse, PageError> {
    Ok(html::page(&RulesPage::load(&app, &user).await?))
}

/// `POST /admin/lifetime-rules`
pub async fn save(
    app: web::Data<App>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Sent>,
) -> Result<HttpResponse, PageError> {
    let lines = form.lines.clone();
    let mut entered = Entered::read(form).map_err(Error::from)?;
    if !lines.is_empty() {
        let line = lines.parse::<usize>().ok().filter(|number| (1..=entered.stricter.len()).contains(number));
        match (lines.as_str(), line) {
            ("add", _) => entered.stricter.push(Stricter::default()),
            (_, Some(number)) => drop(entered.stricter.remove(number - 1)),
            (_, None) => return Err(Error::from(FieldError::new("lines", "There is no such rule to remove")).into()),
        }
        let page = RulesPage::load(&app, &user).await?;
        return Ok(html::page(&RulesPage { entered, ..page }));
    }
    let planned = match entered.rules(&app, user.actor.administrator()?).await {
        Ok(rules) => app.plan_rules(user.actor.reauthenticated()?, rules, entered.version.clone()).await,
        Err(error) => Err(error),
    };
    match planned {
        Ok(Planned::Saved) => {
            Flash::done("Lifetime rules saved. Existing keys are not affected.").leave(&user.session);
            Ok(html::see_other(paths::LIFETIME_RULES))
        }
        Ok(Planned::Hits(id)) => Ok(html::see_other(&format!("{}/impact/{id}", paths::LIFETIME_RULES))),
        Err(Error::Invalid(field_errors)) => {
            let page = RulesPage::load(&app, &user).await?;
            Ok(html::invalid(&RulesPage { entered, field_errors: FieldErrors(field_errors), ..page }))
        }
        Err(Error::Conflict(text)) => {
            let page = RulesPage::load(&app, &user).await?;
            let field_errors = FieldErrors(vec![FieldError::new("longest_lifetime", text)]);
            let entered = Entered { version: page.now.rules.version(), ..entered };
            Ok(html::invalid(&RulesPage { entered, field_errors, ..page }))
        }
        Err(error) => Err(error.into()),
    }
}
