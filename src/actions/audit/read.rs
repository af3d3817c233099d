//! Reading the audit log: pages, and an export that is audited itself.

use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use crate::actions::actor::Authority;
use crate::actions::{Administrator, App, Error};
use crate::domain::audit::Action;
use crate::domain::paging::{From, Page};
use crate::store::audit::events;

use crate::domain::audit::EventFilter;
use crate::domain::audit::ListedEvent;

/// Events on a page.
const PAGE: i64 = 50;
/// Events of one batch of an export.
const BATCH: i64 = 2_000;
/// Counts stop here.
const COUNT_LIMIT: i64 = 10_000;

/// A page of events.
#[derive(Debug, Clone)]
pub struct EventPage {
    /// Latest first.
    pub events: Page<ListedEvent>,
    /// How many match, up to 10,001.
    pub matching: i64,
}

/// An export that goes on.
pub struct AuditExport {
    authority: Authority,
    filter: EventFilter,
    before: Option<i64>,
    over: bool,
    _seat: OwnedSemaphorePermit,
}

impl App {
    /// A page of the audit log.
    pub async fn read_audit(
        &self,
        _: Administrator<'_>,
        filter: &EventFilter,
        from: From<i64>,
    ) -> Result<EventPage, Error> {
        let filter = filter.clone();
        self.store
            .read(move |tx| {
                let events = events::page(tx, &filter, from, PAGE)?;
                let matching = events::count_up_to(tx, &filter, COUNT_LIMIT + 1)?;
                Ok(EventPage { events, matching })
            })
            .await
    }

    /// How the database goes about the first page, in its own words.
    pub async fn explain_audit(&self, filter: &EventFilter) -> Result<Vec<String>, Error> {
        let filter = filter.clone();
        Ok(self.store.read(move |tx| events::explain(tx, &filter, PAGE)).await?)
    }

    /// Begins an export of the log: noted before the first event leaves.
    pub async fn begin_audit_export(
        &self,
        by: Administrator<'_>,
        filter: EventFilter,
        asked: &str,
    ) -> Result<AuditExport, Error> {
        let seat = self.export_seat()?;
        let event = by.did(self.now(), Action::AuditExport, "audit log", json!({ "filter": asked }));
        self.record(by.authority(), event).await?;
        Ok(AuditExport { authority: by.authority(), filter, before: None, over: false, _seat: seat })
    }

    /// The next events of an export, latest first; none when it is over. Who may not export any more gets no more.
    pub async fn next_of_audit(&self, export: &mut AuditExport) -> Result<Vec<ListedEvent>, Error> {
        if export.over {
            return Ok(Vec::new());
        }
        self.confirm(&export.authority).await?;
        let (filter, from) = (export.filter.clone(), export.before.map_or(From::Start, From::After));
        let page = self.store.read(move |tx| events::page(tx, &filter, from, BATCH)).await?;
        export.before = page.rows.last().map(|event| event.sequence);
        export.over = !page.has_next;
        Ok(page.rows)
    }
}
