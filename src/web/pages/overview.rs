//! Numbers that lead to their lists, and a chart of verifications and refusals made on the server.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::actions::App;
use crate::actions::overview::{Counts, DAYS};
use crate::domain::clock::{DAY, Moment};
use crate::domain::key_filter::KeyFilter;
use crate::web::access::Admin;
use crate::web::errors::PageError;
use crate::web::html;
use crate::web::key_query::PATH;
use crate::web::numbers::{number, words};
use crate::web::shell::{Nav, Shell};

/// The drawing's size, in its own units.
const WIDTH: i64 = 900;
const HEIGHT: i64 = 180;

#[derive(Template)]
#[template(path = "pages/overview.html")]
struct OverviewPage {
    shell: Shell,
    tiles: Vec<Tile>,
    bars: Vec<Bar>,
    most: i64,
    refused_today: String,
    today: String,
}

/// A number with the list that it counts.
struct Tile {
    label: &'static str,
    count: String,
    path: String,
}

/// One day of the chart.
struct Bar {
    day: String,
    counts: Counts,
    x: i64,
    width: i64,
    good_y: i64,
    good_height: i64,
    bad_y: i64,
    bad_height: i64,
}

impl OverviewPage {
    fn total(&self) -> String {
        number(self.bars.iter().map(|bar| bar.counts.uses).sum())
    }

    fn refused(&self) -> String {
        number(self.bars.iter().map(|bar| bar.counts.refusals).sum())
    }

    fn is_quiet(&self) -> bool {
        self.bars.iter().all(|bar| bar.counts == Counts::default())
    }

    fn top(&self) -> String {
        number(self.most)
    }
}

impl Bar {
    fn uses(&self) -> String {
        number(self.counts.uses)
    }

    fn refusals(&self) -> String {
        number(self.counts.refusals)
    }
}

/// `GET /admin/overview`
pub async fn page(app: web::Data<App>, Admin(user): Admin) -> Result<HttpResponse, PageError> {
    let now = app.now();
    let month_ago = now.plus(-30 * DAY).day();
    let lists: [(&str, String, &str); 6] = [
        ("Live keys", "status~in=active;expiring;disabled".into(), ""),
        ("Expiring in 14 days", "status~in=expiring".into(), "&sort=expires_at"),
        ("Never used", "status~in=active;expiring&latest_activity~isblank=".into(), "&sort=created_at"),
        ("Unused for 90 days", "status~in=active;expiring&latest_activity~older=90".into(), "&sort=latest_activity"),
        ("Without expiry", "status~in=active&expires_at~isblank=".into(), ""),
        ("Expired in the last 30 days", format!("status~in=expired&expires_at~gte={month_ago}"), "&sort=-expires_at"),
    ];
    let filters: Vec<KeyFilter> = lists.iter().filter_map(|(_, query, _)| KeyFilter::from_query(query)).collect();
    let (counts, days) = app.overview(filters).await?;
    let tiles = lists
        .into_iter()
        .zip(counts)
        .map(|((label, query, sort), count)| Tile { label, count: words(count), path: format!("{PATH}?{query}{sort}") })
        .collect();
    let most = days.iter().map(|(_, counts)| counts.uses + counts.refusals).max().unwrap_or(0);
    let refused_today = number(days.last().map_or(0, |(_, counts)| counts.refusals));
    let bars = (0..).zip(days).map(|(at, (day, counts))| bar(at, day, counts, most)).collect();
    let shell = Shell::new(&user, Nav::Overview);
    Ok(html::page(&OverviewPage { shell, tiles, bars, most, refused_today, today: now.day() }))
}

fn bar(at: i64, day: i64, counts: Counts, most: i64) -> Bar {
    let step = WIDTH / DAYS;
    let height = |n: i64| if n == 0 { 0 } else { (n * HEIGHT / most.max(1)).max(1) };
    let (good_height, bad_height) = (height(counts.uses), height(counts.refusals));
    let good_y = HEIGHT - good_height;
    Bar {
        day: Moment(day * DAY).day(),
        counts,
        x: at * step + 3,
        width: step - 6,
        good_y,
        good_height,
        bad_y: (good_y - bad_height).max(0),
        bad_height,
    }
}
