//! Shorten the expiry: keys get an earlier end, and none gets a later one. Undone, they get back the end that they had, as far as the
//! lifetime rules of today allow it and their owners have room.

use std::collections::HashMap;

use super::{Batch, BulkWork, Change, Item, Renamed, ids};
use crate::actions::Error;
use crate::actions::bulk::ends::Ends;
use crate::actions::keys::room::Room;
use crate::domain::audit::Action;
use crate::domain::bulk::{Before, NewEnd, SkipReason};
use crate::domain::ids::KeyId;
use crate::domain::keys::api_key::{ApiKey, Status};
use crate::domain::time::clock::Timestamp;
use crate::store::bulk::job_keys::Note;
use crate::store::keys::predicate::Predicate;
use crate::store::keys::{self, change, matching};
use crate::store::{ReadTx, WriteTx};

pub(super) struct Expire;

impl BulkWork for Expire {
    fn fits(&self, status: Status) -> bool {
        matches!(status, Status::Active | Status::Disabled)
    }

    fn select(&self, now: Timestamp) -> Predicate {
        matching::live(now)
    }

    fn note(&self) -> Option<Note> {
        Some(|key| Some(Before::End { expires_at: key.expires_at, end_limit: key.end_limit }))
    }

    fn undo(&self) -> Box<dyn Change> {
        Box::new(GiveEndsBack::default())
    }
}

pub(super) struct Limit {
    pub at: Timestamp,
}

impl Change for Limit {
    fn ends(&self, _: &mut ReadTx, _: &Batch<'_>, keys: &HashMap<KeyId, ApiKey>) -> Result<Ends, Error> {
        let end = NewEnd { at: Some(self.at), is_cut: false };
        Ok(Ends::new(keys.keys().map(|id| (*id, end)).collect()))
    }

    fn admits(&mut self, item: &Item<'_>, _: Timestamp) -> Result<(), SkipReason> {
        if item.end.is_some_and(|end| end.is_earlier(item.key)) { Ok(()) } else { Err(SkipReason::EndsEarlier) }
    }

    fn change(&mut self, tx: &mut WriteTx, batch: &Batch<'_>, items: &[Item<'_>]) -> Result<Renamed, Error> {
        change::limit_expiry_all(tx, &ids(items), Some(self.at), batch.now)?;
        Ok(Renamed::new())
    }

    fn action(&self) -> Action {
        Action::KeySetExpiry
    }
}

#[derive(Default)]
pub(super) struct GiveEndsBack {
    room: Room,
}

impl Change for GiveEndsBack {
    fn prepare(&mut self, tx: &mut WriteTx, batch: &Batch<'_>) -> Result<Option<SkipReason>, Error> {
        let owners = keys::owners_of(tx, &batch.ids())?;
        self.room = Room::of(tx, owners, true, batch.now)?;
        Ok(None)
    }

    fn ends(&self, tx: &mut ReadTx, batch: &Batch<'_>, keys: &HashMap<KeyId, ApiKey>) -> Result<Ends, Error> {
        Ends::within_rules(tx, batch, keys, |key, before| match before {
            Some(Before::End { expires_at, .. }) => Some((key.owner, *expires_at)),
            _ => None,
        })
    }

    fn admits(&mut self, item: &Item<'_>, now: Timestamp) -> Result<(), SkipReason> {
        if !item.end.is_some_and(|end| end.is_later(item.key)) {
            return Err(SkipReason::RulesForbid);
        }
        let revives = item.key.revoked.is_none() && item.key.is_past_expiry(now) && item.is_in_time(now);
        if !revives || self.room.take(item.key.owner) { Ok(()) } else { Err(SkipReason::OwnerFull) }
    }

    fn change(&mut self, tx: &mut WriteTx, batch: &Batch<'_>, items: &[Item<'_>]) -> Result<Renamed, Error> {
        let mut ends: Vec<(&ApiKey, Option<Timestamp>, Option<Timestamp>)> = Vec::with_capacity(items.len());
        for item in items {
            let Some(Before::End { end_limit, .. }) = item.before else { return Err(item.unknown()) };
            ends.push((item.key, item.end_after(), *end_limit));
        }
        Ok(change::give_ends_back(tx, &ends, batch.now)?)
    }

    fn action(&self) -> Action {
        Action::KeySetExpiry
    }
}
