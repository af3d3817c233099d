//! Numbers over all keys, and what happened day by day.

use super::{App, Error};
use crate::domain::key_filter::KeyFilter;
use crate::store::keys::grid::{self, COUNT_LIMIT, Count};
use crate::store::usage;

pub use crate::store::usage::Counts;

/// Days that the chart shows.
pub const DAYS: i64 = 30;

impl App {
    /// How many keys each filter lets through, up to the limit of counts; and the last days, oldest first, each with its
    /// number since 1970 UTC.
    pub async fn overview(&self, filters: Vec<KeyFilter>) -> Result<(Vec<Count>, Vec<(i64, Counts)>), Error> {
        let now = self.now();
        let today = usage::day_of(now);
        self.store
            .read(move |db| {
                let mut counts = Vec::with_capacity(filters.len());
                for filter in &filters {
                    counts.push(grid::count(db, filter, now, COUNT_LIMIT)?);
                }
                Ok((counts, usage::days(db, today - DAYS + 1, today)?))
            })
            .await
    }
}
