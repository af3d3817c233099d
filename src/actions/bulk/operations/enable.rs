//! Enable: the pause of keys ends. Undone, they are paused as they were.

use super::{Batch, BulkWork, Change, Item, Renamed, ids};
use crate::actions::Error;
use crate::domain::audit::Action;
use crate::domain::bulk::Before;
use crate::domain::keys::api_key::Status;
use crate::domain::time::clock::Timestamp;
use crate::store::WriteTx;
use crate::store::bulk::job_keys::Note;
use crate::store::keys::predicate::Predicate;
use crate::store::keys::{change, matching};

pub(super) struct Enable;

impl BulkWork for Enable {
    fn fits(&self, status: Status) -> bool {
        status == Status::Disabled
    }

    fn select(&self, now: Timestamp) -> Predicate {
        matching::disabled(now)
    }

    fn nothing(&self) -> &'static str {
        "None of the selected keys is disabled"
    }

    fn note(&self) -> Option<Note> {
        Some(|key| key.disabled.clone().map(Before::Disabled))
    }

    fn undo(&self) -> Box<dyn Change> {
        Box::new(PauseAgain)
    }
}

pub(super) struct EndPause;

impl Change for EndPause {
    fn change(&mut self, tx: &mut WriteTx, batch: &Batch<'_>, items: &[Item<'_>]) -> Result<Renamed, Error> {
        change::set_disabled_all(tx, &ids(items), None, batch.now)?;
        Ok(Renamed::new())
    }

    fn action(&self) -> Action {
        Action::KeyEnable
    }
}

struct PauseAgain;

impl Change for PauseAgain {
    fn change(&mut self, tx: &mut WriteTx, batch: &Batch<'_>, items: &[Item<'_>]) -> Result<Renamed, Error> {
        for item in items {
            let Some(Before::Disabled(stop)) = item.before else { return Err(item.unknown()) };
            change::set_disabled_all(tx, &[item.key.id], Some(stop), batch.now)?;
        }
        Ok(Renamed::new())
    }

    fn action(&self) -> Action {
        Action::KeyDisable
    }
}
