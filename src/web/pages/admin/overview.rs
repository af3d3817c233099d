//! Numbers that lead to their lists, and a chart of verifications and refusals.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::actions::App;
use crate::actions::site::overview::{Number, Tally};
use crate::domain::time::clock::Timestamp;
use crate::web::access::Admin;
use crate::web::errors::PageError;
use crate::web::html;
use crate::web::key_query::PATH;
use crate::web::labels::chart::Chart;
use crate::web::labels::numbers::{number, number_at, number_words};
use crate::web::layout::{Layout, Nav};
use crate::web::paths;

#[derive(Template)]
#[template(path = "pages/admin/overview.html")]
struct OverviewPage {
    layout: Layout,
    tiles: Vec<Tile>,
    chart: Chart,
    /// Keys that nobody used for 90 days: what a clean-up begins with.
    unused: Number,
}

/// A number with the list that it counts.
struct Tile {
    label: &'static str,
    count: String,
    /// "counted at 10:20 UTC"; empty for what was counted now.
    at: String,
    path: String,
}

impl OverviewPage {
    fn has_unused(&self) -> bool {
        number_words(&self.unused) != "0"
    }

    /// "38,201 live keys have not been used for 90 days."
    fn unused(&self) -> String {
        match number_words(&self.unused).as_str() {
            "1" => "1 live key has not been used for 90 days.".into(),
            many => format!("{many} live keys have not been used for 90 days."),
        }
    }

    /// The state of the list of unused keys, for the form that freezes it.
    fn unused_state() -> String {
        Tally::Unused.query(Timestamp(0))
    }
}

fn tile(tally: Tally, counted: &Number, now: Timestamp) -> Tile {
    let (label, sort) = match tally {
        Tally::All => ("Keys", ""),
        Tally::Live => ("Live keys", ""),
        Tally::Expiring => ("Expiring soon", "&sort=expires_at"),
        Tally::NeverUsed => ("Never used", "&sort=created_at"),
        Tally::Unused => ("Unused for 90 days", "&sort=latest_activity"),
        Tally::WithoutExpiry => ("Without expiry", ""),
        Tally::Disabled => ("Disabled", ""),
        Tally::JustExpired => ("Expired in the last 30 days", "&sort=-expires_at"),
    };
    let path = format!("{PATH}?{}{sort}", tally.query(now));
    Tile { label, count: number_words(counted), at: number_at(counted), path }
}

/// `GET /admin/overview`
pub async fn page(app: web::Data<App>, Admin(user): Admin) -> Result<HttpResponse, PageError> {
    let now = app.now();
    let (numbers, days) = app.overview(user.actor.administrator()?).await?;
    let mut tiles: Vec<Tile> = numbers.iter().map(|(tally, number)| tile(*tally, number, now)).collect();
    let today = now.day();
    tiles.push(Tile {
        label: "Refusals today",
        count: number(days.last().map_or(0, |(_, counts)| counts.refusals)),
        at: String::new(),
        path: format!("{}?from={today}&to={today}", paths::REFUSALS),
    });
    let unused = numbers.iter().find(|(tally, _)| *tally == Tally::Unused).map(|(_, number)| *number);
    let unused = unused.unwrap_or(Number { count: crate::domain::paging::Count::Exactly(0), kept: None });
    let layout = Layout::new(&user, Nav::Overview);
    Ok(html::page(&OverviewPage { layout, tiles, chart: Chart::new(days), unused }))
}
