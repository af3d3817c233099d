//! Restore: revoked keys are brought back, with an end that the lifetime rules of today allow, as far as their owners have room.
//! Undone, they are revoked as they were.

use std::collections::HashMap;

use super::{Batch, BulkWork, Change, Item, Renamed};
use crate::actions::Error;
use crate::actions::bulk::ends::Ends;
use crate::actions::keys::room::Room;
use crate::domain::audit::Action;
use crate::domain::bulk::{Before, SkipReason};
use crate::domain::ids::KeyId;
use crate::domain::keys::api_key::{ApiKey, Status};
use crate::domain::time::clock::Timestamp;
use crate::store::bulk::job_keys::Note;
use crate::store::keys::predicate::Predicate;
use crate::store::keys::{self, change, matching};
use crate::store::{ReadTx, WriteTx};

pub(super) struct Restore;

impl BulkWork for Restore {
    fn fits(&self, status: Status) -> bool {
        status == Status::Revoked
    }

    fn select(&self, _: Timestamp) -> Predicate {
        matching::revoked()
    }

    fn nothing(&self) -> &'static str {
        "None of the selected keys was deleted"
    }

    fn note(&self) -> Option<Note> {
        Some(|key| key.revoked.clone().map(Before::Revoked))
    }

    fn undo(&self) -> Box<dyn Change> {
        Box::new(RevokeAgain)
    }
}

#[derive(Default)]
pub(super) struct BringBack {
    room: Room,
}

impl Change for BringBack {
    fn prepare(&mut self, tx: &mut WriteTx, batch: &Batch<'_>) -> Result<Option<SkipReason>, Error> {
        let owners = keys::owners_of(tx, &batch.ids())?;
        self.room = Room::of(tx, owners, true, batch.now)?;
        Ok(None)
    }

    fn ends(&self, tx: &mut ReadTx, batch: &Batch<'_>, keys: &HashMap<KeyId, ApiKey>) -> Result<Ends, Error> {
        Ends::within_rules(tx, batch, keys, |key, _| Some((key.owner, key.expires_at)))
    }

    fn admits(&mut self, item: &Item<'_>, now: Timestamp) -> Result<(), SkipReason> {
        let revives = item.key.revoked.is_some() && item.is_in_time(now);
        if !revives || self.room.take(item.key.owner) { Ok(()) } else { Err(SkipReason::OwnerFull) }
    }

    fn change(&mut self, tx: &mut WriteTx, batch: &Batch<'_>, items: &[Item<'_>]) -> Result<Renamed, Error> {
        let keys: Vec<(&ApiKey, Option<Timestamp>)> = items.iter().map(|item| (item.key, item.end_after())).collect();
        Ok(change::restore_all(tx, &keys, batch.now)?)
    }

    fn action(&self) -> Action {
        Action::KeyRestore
    }
}

struct RevokeAgain;

impl Change for RevokeAgain {
    fn change(&mut self, tx: &mut WriteTx, batch: &Batch<'_>, items: &[Item<'_>]) -> Result<Renamed, Error> {
        for item in items {
            let Some(Before::Revoked(stop)) = item.before else { return Err(item.unknown()) };
            change::revoke_all(tx, &[item.key.id], stop, batch.now)?;
        }
        Ok(Renamed::new())
    }

    fn action(&self) -> Action {
        Action::KeyRevoke
    }
}
