//! Disable: keys are paused, by a person or because nobody uses them. Undone, the pause ends.

use super::enable::EndPause;
use super::{Batch, BulkWork, Change, Item, Renamed, ids};
use crate::actions::Error;
use crate::domain::audit::Action;
use crate::domain::keys::api_key::{Status, Stop};
use crate::domain::time::clock::Timestamp;
use crate::store::WriteTx;
use crate::store::keys::predicate::Predicate;
use crate::store::keys::{change, matching};

pub(super) struct Disable;

impl BulkWork for Disable {
    fn fits(&self, status: Status) -> bool {
        status == Status::Active
    }

    fn select(&self, now: Timestamp) -> Predicate {
        matching::active(now)
    }

    fn nothing(&self) -> &'static str {
        "None of the selected keys can be disabled"
    }

    fn undo(&self) -> Box<dyn Change> {
        Box::new(EndPause)
    }
}

/// The same, where new lifetime rules call the keys unused.
pub(super) struct DisableUnused;

impl BulkWork for DisableUnused {
    fn fits(&self, status: Status) -> bool {
        Disable.fits(status)
    }

    fn select(&self, now: Timestamp) -> Predicate {
        Disable.select(now)
    }

    fn undo(&self) -> Box<dyn Change> {
        Disable.undo()
    }
}

pub(super) struct Pause {
    /// Otherwise the system did it, and owners may end it.
    pub by_person: bool,
}

impl Change for Pause {
    fn change(&mut self, tx: &mut WriteTx, batch: &Batch<'_>, items: &[Item<'_>]) -> Result<Renamed, Error> {
        let stop = batch.stop();
        let stop = Stop { by: stop.by.filter(|_| self.by_person), ..stop };
        change::set_disabled_all(tx, &ids(items), Some(&stop), batch.now)?;
        Ok(Renamed::new())
    }

    fn action(&self) -> Action {
        Action::KeyDisable
    }
}
