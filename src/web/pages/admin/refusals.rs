//! Refused keys over some days: by reason, by key, by address. The overview's number of refusals leads here.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::App;
use crate::domain::field_error::FieldError;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span;
use crate::domain::usage::Sums;
use crate::domain::verdict::Refusal;
use crate::web::access::Admin;
use crate::web::errors::PageError;
use crate::web::html::{self, FieldErrors};
use crate::web::labels::numbers::{counted, number};
use crate::web::labels::refusals::label;
use crate::web::layout::{Layout, Nav};
use crate::web::paths;

#[derive(Template)]
#[template(path = "pages/admin/refusals.html")]
struct RefusalsPage {
    layout: Layout,
    asked: Asked,
    sums: Sums,
    now: Timestamp,
    field_errors: FieldErrors,
}

/// The span of days, each as year-month-day; blank is today.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

impl RefusalsPage {
    fn total(&self) -> String {
        counted(self.sums.total, "refusal", "refusals")
    }

    fn reason(word: &str) -> String {
        word.parse::<Refusal>().ok().map_or_else(|| word.to_owned(), |reason| label(reason).to_owned())
    }

    /// The link to the last so many days.
    fn last_days(&self, days: i64) -> String {
        let first = self.now.plus(-span::days(days - 1)).day();
        format!("{}?from={first}&to={}", paths::REFUSALS, self.now.day())
    }

    fn is_open(&self, days: i64) -> bool {
        self.asked.to == self.now.day() && self.asked.from == self.now.plus(-span::days(days - 1)).day()
    }
}

/// `GET /admin/refusals?from=…&to=…`
pub async fn page(
    app: web::Data<App>,
    Admin(user): Admin,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let (mut asked, now) = (asked.into_inner(), app.now());
    for day in [&mut asked.from, &mut asked.to] {
        if day.trim().is_empty() {
            *day = now.day();
        }
    }
    let mut field_errors = Vec::new();
    let mut read = |field: &'static str, text: &str| {
        let day = Timestamp::parse_day(text);
        if day.is_none() {
            field_errors.push(FieldError::new(field, "Enter a date as year-month-day, such as 2026-11-20"));
        }
        day
    };
    let (from, to) = (read("from", &asked.from), read("to", &asked.to));
    let sums = match (from, to) {
        (Some(from), Some(to)) => app.refusals(user.actor.administrator()?, from, to).await?,
        _ => Sums::default(),
    };
    let layout = Layout::new(&user, Nav::Refusals);
    let page = RefusalsPage { layout, asked, sums, now, field_errors: FieldErrors(field_errors) };
    Ok(if page.field_errors.0.is_empty() { html::page(&page) } else { html::invalid(&page) })
}
