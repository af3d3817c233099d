//! What a change of the lifetime rules would do to the keys that are there, and what is to be done with them.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::App;
use crate::actions::keys::lifetime_rules::{Existing, Impact, SPREAD, spread_until};
use crate::domain::field_error::FieldError;
use crate::domain::ids::JobId;
use crate::domain::time::clock::Timestamp;
use crate::web::access::{Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::labels::numbers::keys as keys_in_words;
use crate::web::labels::numbers::{number, owners};
use crate::web::layout::{Layout, Nav};
use crate::web::paths;

/// What a change would do.
#[derive(Template)]
#[template(path = "pages/admin/rules_impact.html")]
struct ImpactPage {
    layout: Layout,
    impact: Impact,
    days: String,
    field_errors: FieldErrors,
    now: Timestamp,
}

impl ImpactPage {
    async fn load(app: &App, user: &SignedIn, id: JobId) -> Result<Self, PageError> {
        let impact = app.rules_impact(user.actor.administrator()?, id).await?;
        let layout = Layout::new(user, Nav::LifetimeRules);
        Ok(Self { layout, impact, days: "14".into(), field_errors: FieldErrors::default(), now: app.now() })
    }

    fn shortened(&self) -> String {
        keys_in_words(self.impact.shorten.total)
    }

    fn within_a_day(&self) -> String {
        match self.impact.within_a_day {
            0 => "and every key keeps at least 24 hours".into(),
            1 => "1 of which already exceeds the new limit and would end in 24 hours".into(),
            many => format!("{} of which already exceed the new limit and would end in 24 hours", number(many)),
        }
    }

    fn recent(&self) -> String {
        let recent = self.impact.shorten.recent;
        format!(
            "{} used in the last 7 days",
            if recent == 1 { "1 was".into() } else { format!("{} were", number(recent)) }
        )
    }

    fn owners(&self) -> String {
        let job = &self.impact.shorten;
        owners(job.people, job.services)
    }

    fn list(&self) -> String {
        format!("{}?job~eq={}", paths::KEYS, self.impact.shorten.id)
    }

    fn idle_list(&self) -> String {
        self.impact.idle.as_ref().map(|idle| format!("{}?job~eq={}", paths::KEYS, idle.id)).unwrap_or_default()
    }

    fn idle(&self) -> String {
        keys_in_words(self.impact.idle.as_ref().map_or(0, |idle| idle.total))
    }

    fn spread_until(&self) -> String {
        spread_until(self.now, 14)
    }
}

/// `GET /admin/lifetime-rules/impact/{id}`
pub async fn page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    Ok(html::page(&ImpactPage::load(&app, &user, paths::job_id(&id)?).await?))
}

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    existing: String,
    #[serde(default)]
    days: String,
}

/// `POST /admin/lifetime-rules/impact/{id}`
pub async fn apply(
    app: web::Data<App>,
    id: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Choice>,
) -> Result<HttpResponse, PageError> {
    let id = paths::job_id(&id)?;
    let Choice { existing, days } = form;
    let spread = days.trim().parse().ok().filter(|days| (SPREAD.0..=SPREAD.1).contains(days));
    let existing = match (existing.as_str(), spread) {
        ("leave", _) => Ok(Existing::Leave),
        ("now", _) => Ok(Existing::Now),
        ("spread", Some(days)) => Ok(Existing::Spread(days)),
        ("spread", None) => Err(FieldError::new("days", format!("Enter {} to {} days", SPREAD.0, SPREAD.1))),
        _ => Err(FieldError::new("existing", "Choose what to do with existing keys")),
    };
    match existing {
        Ok(existing) => {
            if let Some(job) = app.apply_rules(user.actor.reauthenticated()?, id, existing).await? {
                return Ok(html::see_other(&format!("/admin/jobs/{job}")));
            }
            Flash::done("Lifetime rules saved. They apply to keys generated from now on.").leave(&user.session);
            Ok(html::see_other(paths::LIFETIME_RULES))
        }
        Err(field_error) => {
            let page = ImpactPage::load(&app, &user, id).await?;
            Ok(html::invalid(&ImpactPage { days, field_errors: FieldErrors(vec![field_error]), ..page }))
        }
    }
}
