//! Export of a list of keys, batch by batch, however many there are. Audited before the first one leaves.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use crate::actions::actor::Authority;
use crate::actions::keys::browse::{Around, List, ListedKey};
use crate::actions::{Administrator, App, Error};
use crate::domain::audit::Action;
use crate::domain::key_filter::Place;
use crate::domain::paging::From;
use crate::domain::time::clock::Timestamp;
use crate::store::keys::grid::{self, Ask};

/// Exports that run at a time.
pub const AT_ONCE: usize = 2;
/// Keys of one batch.
const BATCH: i64 = 2_000;

/// An export that goes on.
pub struct Export {
    ask: Ask,
    authority: Authority,
    walk: bool,
    after: Option<Place>,
    over: bool,
    /// How many keys there were when it began.
    pub count: i64,
    /// When it began.
    pub now: Timestamp,
    _seat: OwnedSemaphorePermit,
}

impl App {
    /// Begins an export; `most` is how many keys its form can hold. Without its audit event there is none.
    pub async fn begin_export(
        &self,
        by: Administrator<'_>,
        list: &List,
        form: &str,
        most: i64,
    ) -> Result<Export, Error> {
        let seat = self.export_seat()?;
        let now = self.now();
        let ask = Ask {
            filter: list.filter.clone(),
            sort: list.sort,
            from: From::Start,
            size: BATCH,
            now,
            count_limit: list.count_limit,
        };
        let asked = ask.clone();
        let (count, walk) = self
            .store
            .read(move |tx| {
                let count = grid::count_exactly(tx, &asked.filter, now)?;
                Ok::<_, Error>((count, grid::is_walked(tx, &asked)?))
            })
            .await?;
        if count > most {
            let text = format!("{count} keys match, and a workbook holds {most}. Narrow the filter, or export as CSV.");
            return Err(Error::Conflict(text));
        }
        let details = json!({ "form": form, "keys": count, "filter": list.filter.query(), "sort": list.sort.query() });
        let event = by.did(now, Action::KeyExport, "api keys", details);
        self.record(by.authority(), event).await?;
        Ok(Export { ask, authority: by.authority(), walk, after: None, over: false, count, now, _seat: seat })
    }

    /// A seat for an export, of whatever.
    pub(in crate::actions) fn export_seat(&self) -> Result<OwnedSemaphorePermit, Error> {
        Arc::clone(&self.exports).try_acquire_owned().map_err(|_| Error::TooMany {
            text: "Two exports are running already. Try again when one of them has ended.".into(),
            retry_after: 30,
        })
    }

    /// The next keys with their owners; none when the export is over. Who may not export any more gets no more.
    pub async fn next_of_export(&self, export: &mut Export) -> Result<Vec<ListedKey>, Error> {
        if export.over {
            return Ok(Vec::new());
        }
        self.confirm(&export.authority).await?;
        let from = export.after.take().map_or(From::Start, From::After);
        let (ask, walk) = (Ask { from, ..export.ask.clone() }, export.walk);
        let (placed, around) = self
            .store
            .read(move |tx| {
                let placed = grid::batch(tx, &ask, walk)?;
                let around = Around::of(tx, placed.iter().map(|placed| &placed.key))?;
                Ok::<_, Error>((placed, around))
            })
            .await?;
        export.after = placed.last().map(|placed| placed.place.clone());
        export.over = i64::try_from(placed.len()).unwrap_or(i64::MAX) < BATCH;
        Ok(self.listed(placed.into_iter().map(|placed| placed.key).collect(), around))
    }
}
