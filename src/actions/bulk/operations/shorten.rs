//! Shorten: new lifetime rules are applied to the keys that are there. Undone, keys get back their ends, like those of
//! [`Expire`](super::expire::Expire).

use std::collections::HashMap;

use super::expire::{Expire, GiveEndsBack};
use super::{Batch, BulkWork, Change, Item, Renamed};
use crate::actions::Error;
use crate::actions::bulk::ends::{Ends, owner_facts};
use crate::domain::audit::Action;
use crate::domain::bulk::{NewEnd, Shortening, SkipReason};
use crate::domain::ids::{AccountId, KeyId};
use crate::domain::keys::api_key::{ApiKey, Status};
use crate::domain::time::clock::Timestamp;
use crate::store::bulk::job_keys::Note;
use crate::store::keys::change;
use crate::store::keys::predicate::Predicate;
use crate::store::{ReadTx, WriteTx};

pub(super) struct Shorten;

impl BulkWork for Shorten {
    fn fits(&self, status: Status) -> bool {
        Expire.fits(status)
    }

    fn select(&self, now: Timestamp) -> Predicate {
        Expire.select(now)
    }

    fn note(&self) -> Option<Note> {
        Expire.note()
    }

    fn undo(&self) -> Box<dyn Change> {
        Box::new(GiveEndsBack::default())
    }
}

pub(super) struct ApplyRules<'a> {
    pub shortening: &'a Shortening,
}

impl Change for ApplyRules<'_> {
    fn ends(&self, tx: &mut ReadTx, batch: &Batch<'_>, keys: &HashMap<KeyId, ApiKey>) -> Result<Ends, Error> {
        let owners: Vec<AccountId> = keys.values().map(|key| key.owner).collect();
        let owners = owner_facts(tx, owners)?;
        let end = |key: &ApiKey| {
            let at = self.shortening.end(batch.job, key, owners.get(&key.owner)?)?;
            Some((key.id, NewEnd { at: Some(at), is_cut: false }))
        };
        Ok(Ends::new(keys.values().filter_map(end).collect()))
    }

    fn admits(&mut self, item: &Item<'_>, _: Timestamp) -> Result<(), SkipReason> {
        if item.end.is_some() { Ok(()) } else { Err(SkipReason::EndsEarlier) }
    }

    fn change(&mut self, tx: &mut WriteTx, batch: &Batch<'_>, items: &[Item<'_>]) -> Result<Renamed, Error> {
        for item in items {
            change::set_expiry_all(tx, &[item.key.id], item.end_after(), batch.now)?;
        }
        Ok(Renamed::new())
    }

    fn action(&self) -> Action {
        Action::KeySetExpiry
    }
}
