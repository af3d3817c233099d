//! Delete: keys are revoked. Undone, they are brought back.

use super::restore::BringBack;
use super::{Batch, BulkWork, Change, Item, Renamed, ids};
use crate::actions::Error;
use crate::domain::audit::Action;
use crate::domain::keys::api_key::Status;
use crate::domain::time::clock::Timestamp;
use crate::store::WriteTx;
use crate::store::keys::predicate::Predicate;
use crate::store::keys::{change, matching};

pub(super) struct Delete;

impl BulkWork for Delete {
    fn fits(&self, status: Status) -> bool {
        status != Status::Revoked
    }

    fn select(&self, _: Timestamp) -> Predicate {
        matching::not_revoked()
    }

    fn nothing(&self) -> &'static str {
        "All selected keys are deleted already"
    }

    fn undo(&self) -> Box<dyn Change> {
        Box::new(BringBack::default())
    }
}

pub(super) struct Revoke;

impl Change for Revoke {
    fn change(&mut self, tx: &mut WriteTx, batch: &Batch<'_>, items: &[Item<'_>]) -> Result<Renamed, Error> {
        change::revoke_all(tx, &ids(items), &batch.stop(), batch.now)?;
        Ok(Renamed::new())
    }

    fn action(&self) -> Action {
        Action::KeyRevoke
    }
}
