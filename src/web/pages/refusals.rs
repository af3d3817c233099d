//! Refused keys over some days: by reason, by key, by address. The overview's number of refusals leads here.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::App;
use crate::actions::overview::Sums;
use crate::domain::clock::{DAY, Moment};
use crate::domain::mistake::Mistake;
use crate::domain::verdict::Refusal;
use crate::web::access::Admin;
use crate::web::errors::PageError;
use crate::web::html::{self, Mistakes};
use crate::web::numbers::{counted, number};
use crate::web::refusal_words::label;
use crate::web::shell::{Nav, Shell};

/// Its path.
pub const PATH: &str = "/admin/refusals";

#[derive(Template)]
#[template(path = "pages/refusals.html")]
struct RefusalsPage {
    shell: Shell,
    asked: Asked,
    sums: Sums,
    now: Moment,
    mistakes: Mistakes,
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
        let first = self.now.plus(-(days - 1) * DAY).day();
        format!("{PATH}?from={first}&to={}", self.now.day())
    }

    fn is_open(&self, days: i64) -> bool {
        self.asked.to == self.now.day() && self.asked.from == self.now.plus(-(days - 1) * DAY).day()
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
    let mut mistakes = Vec::new();
    let mut read = |field: &'static str, text: &str| {
        let day = Moment::parse_day(text);
        if day.is_none() {
            mistakes.push(Mistake::new(field, "Enter a date as year-month-day, such as 2026-11-20"));
        }
        day
    };
    let (from, to) = (read("from", &asked.from), read("to", &asked.to));
    let sums = match (from, to) {
        (Some(from), Some(to)) => app.refusals(from, to).await?,
        _ => Sums::default(),
    };
    let shell = Shell::new(&user, Nav::Refusals);
    let page = RefusalsPage { shell, asked, sums, now, mistakes: Mistakes(mistakes) };
    Ok(if page.mistakes.0.is_empty() { html::page(&page) } else { html::invalid(&page) })
}
