//! Numbers over all keys, and what happened day by day.

use crate::actions::{Administrator, App, Error};
use crate::domain::key_filter::KeyFilter;
use crate::domain::paging::COUNT_LIMIT;
use crate::domain::paging::Count;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::DAY;
use crate::store::keys::grid;
use crate::store::usage;
use crate::store::usage::kept_counts::{self, Kept};
use crate::store::usage::refusals;

use crate::domain::usage::Counts;
use crate::domain::usage::Sums;

/// Days that the chart shows.
pub const DAYS: i64 = 30;
/// Keys and addresses that the page of refusals lists.
const MOST: i64 = 50;

/// A list of keys whose number the overview shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Tally {
    /// All of them.
    All,
    /// Neither revoked nor expired.
    Live,
    /// Live, and about to end.
    Expiring,
    /// Working, and never used.
    #[strum(serialize = "never used")]
    NeverUsed,
    /// Working, and unused for 90 days.
    Unused,
    /// Working, and without an end.
    #[strum(serialize = "without expiry")]
    WithoutExpiry,
    /// Live, and paused.
    Disabled,
    /// Ended by time in the last 30 days.
    #[strum(serialize = "just expired")]
    JustExpired,
}

impl Tally {
    /// Those of the overview, in its order.
    pub const TILES: [Self; 7] = [
        Self::Live,
        Self::Expiring,
        Self::NeverUsed,
        Self::Unused,
        Self::WithoutExpiry,
        Self::Disabled,
        Self::JustExpired,
    ];

    /// The name under which its number is kept.
    fn as_str(self) -> &'static str {
        self.into()
    }

    /// The query of its list: what is counted is what the link opens.
    pub fn query(self, now: Timestamp) -> String {
        match self {
            Self::All => String::new(),
            Self::Live => "status~in=active;expiring;disabled".into(),
            Self::Expiring => "status~in=expiring".into(),
            Self::NeverUsed => "status~in=active;expiring&latest_activity~isblank=".into(),
            Self::Unused => "status~in=active;expiring&latest_activity~older=90".into(),
            Self::WithoutExpiry => "status~in=active&expires_at~isblank=".into(),
            Self::Disabled => "status~in=disabled".into(),
            Self::JustExpired => format!("status~in=expired&expires_at~gte={}", now.plus(-30 * DAY).day()),
        }
    }

    fn filter(self, now: Timestamp) -> KeyFilter {
        KeyFilter::from_query(&self.query(now)).unwrap_or_default()
    }
}

/// A number of keys: counted now as far as that is quick, else as the sweep counted it.
#[derive(Debug, Clone, Copy)]
pub struct Number {
    /// Counted now, up to the limit of counts.
    pub count: Count,
    /// What was counted to the end, and when; only where the count stopped.
    pub kept: Option<Kept>,
}

impl App {
    /// The numbers of the tiles; and the last days, oldest first, each with its number since 1970 UTC.
    pub async fn overview(&self, _: Administrator<'_>) -> Result<(Vec<(Tally, Number)>, Vec<(i64, Counts)>), Error> {
        let now = self.now();
        let today = now.day_number();
        self.store
            .read(move |tx| {
                let kept = kept_counts::all(tx)?;
                let mut numbers = Vec::with_capacity(Tally::TILES.len());
                for tally in Tally::TILES {
                    let count = grid::count(tx, &tally.filter(now), now, COUNT_LIMIT)?;
                    numbers.push((tally, Number::of(count, tally, &kept)));
                }
                Ok((numbers, usage::days(tx, today - DAYS + 1, today)?))
            })
            .await
    }

    /// Counts to the end what takes long, for pages that have no time for it.
    pub(in crate::actions) async fn keep_counts(&self) -> Result<(), Error> {
        let now = self.now();
        let mut counts = Vec::new();
        for tally in std::iter::once(Tally::All).chain(Tally::TILES) {
            let counted = self.store.read(move |tx| {
                let filter = tally.filter(now);
                let is_long = matches!(grid::count(tx, &filter, now, COUNT_LIMIT)?, Count::Many(_));
                Ok::<_, Error>(if is_long { Some(grid::count_exactly(tx, &filter, now)?) } else { None })
            });
            counts.extend(counted.await?.map(|number| (tally.as_str().to_owned(), number)));
        }
        if counts.is_empty() {
            return Ok(());
        }
        self.store
            .write_unaudited("numbers are kept, nothing is changed", move |tx| {
                Ok::<_, Error>(kept_counts::put(tx, &counts, now)?)
            })
            .await
    }

    /// The refusals from one day to another (00:00 UTC), by reason, key and address.
    pub async fn refusals(&self, _: Administrator<'_>, first: Timestamp, last: Timestamp) -> Result<Sums, Error> {
        let (first, last) = (first.day_number(), last.day_number());
        Ok(self.store.read(move |tx| refusals::sums(tx, first, last, MOST)).await?)
    }
}

impl Number {
    /// A count, with what was kept of the same list where it stopped.
    pub(in crate::actions) fn of(count: Count, tally: Tally, kept: &std::collections::HashMap<String, Kept>) -> Self {
        let kept = if matches!(count, Count::Many(_)) { kept.get(tally.as_str()).copied() } else { None };
        Self { count, kept }
    }
}
