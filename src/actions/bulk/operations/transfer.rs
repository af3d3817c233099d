//! Transfer: another owner gets keys, each held to what it could do before. Undone, they go back as they were.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Batch, BulkWork, Change, Item, Renamed};
use crate::actions::Error;
use crate::actions::bulk::ends::Ends;
use crate::actions::bulk::narrow::Narrow;
use crate::actions::keys::room::Room;
use crate::domain::accounts::account::OwnerView;
use crate::domain::audit::Action;
use crate::domain::bulk::{self, Before, BeforeEnd, BeforeTransfer, SkipReason};
use crate::domain::ids::{AccountId, KeyId};
use crate::domain::keys::api_key::{ApiKey, Status};
use crate::domain::time::clock::Timestamp;
use crate::store::bulk::job_keys::{self, Note, Pending};
use crate::store::keys::predicate::Predicate;
use crate::store::keys::{self, change, matching};
use crate::store::{ReadTx, WriteTx, accounts, rights};

pub(super) struct Transfer;

impl BulkWork for Transfer {
    fn fits(&self, status: Status) -> bool {
        matches!(status, Status::Active | Status::Disabled)
    }

    fn select(&self, now: Timestamp) -> Predicate {
        matching::live(now)
    }

    fn note(&self) -> Option<Note> {
        Some(|key| {
            let (owner, name) = (key.owner, Some(key.name.clone()));
            Some(Before::Transfer(BeforeTransfer { owner, name, grant: None, end: None }))
        })
    }

    fn undo(&self) -> Box<dyn Change> {
        Box::new(HandBack::default())
    }
}

pub(super) struct HandOver<'a> {
    transfer: &'a bulk::Transfer,
    room: Room,
    owners: HashMap<AccountId, OwnerView>,
}

impl<'a> HandOver<'a> {
    pub fn new(transfer: &'a bulk::Transfer) -> Self {
        Self { transfer, room: Room::default(), owners: HashMap::new() }
    }
}

impl Change for HandOver<'_> {
    fn prepare(&mut self, tx: &mut WriteTx, batch: &Batch<'_>) -> Result<Option<SkipReason>, Error> {
        self.room = Room::of(tx, [self.transfer.to].into(), self.transfer.adds, batch.now)?;
        Ok(None)
    }

    fn ends(&self, tx: &mut ReadTx, batch: &Batch<'_>, keys: &HashMap<KeyId, ApiKey>) -> Result<Ends, Error> {
        Ends::within_rules(tx, batch, keys, |key, _| Some((self.transfer.to, key.expires_at)))
    }

    fn admits(&mut self, item: &Item<'_>, now: Timestamp) -> Result<(), SkipReason> {
        takes_in(&mut self.room, self.transfer.to, item, now)
    }

    fn change(&mut self, tx: &mut WriteTx, batch: &Batch<'_>, items: &[Item<'_>]) -> Result<Renamed, Error> {
        self.owners = owners(tx, items, [self.transfer.to])?;
        let mut narrow = Narrow::to(&self.transfer.held);
        for item in items {
            let before = before(item)?;
            // A version of before narrowed keys when the job was made: what they could do then is noted.
            let narrowed = narrow.key(tx, item.key)?;
            let grant = before.grant.clone().or(narrowed);
            let end =
                (item.end_after() != item.key.expires_at).then_some(BeforeEnd { expires_at: item.key.expires_at });
            let name = before.name.clone().or_else(|| Some(item.key.name.clone()));
            let noted = BeforeTransfer { name, grant, end, ..before.clone() };
            if noted != *before {
                job_keys::note_before(tx, batch.job.id, item.key.id, &Before::Transfer(noted))?;
            }
        }
        let named: Vec<(&ApiKey, String)> = items.iter().map(|item| (item.key, item.key.name.clone())).collect();
        let renamed = change::transfer_all(tx, &named, self.transfer.to, batch.now)?;
        set_ends(tx, items)?;
        Ok(renamed)
    }

    fn action(&self) -> Action {
        Action::KeyTransfer
    }

    fn details(&self, item: &Item<'_>) -> Option<(&'static str, Value)> {
        Some(("owner", from_to(&self.owners, item.key.owner, self.transfer.to)))
    }
}

#[derive(Default)]
struct HandBack {
    room: Room,
    owners: HashMap<AccountId, OwnerView>,
}

impl Change for HandBack {
    fn prepare(&mut self, tx: &mut WriteTx, batch: &Batch<'_>) -> Result<Option<SkipReason>, Error> {
        let owner = |pending: &Pending| match &pending.before {
            Some(Before::Transfer(before)) => Some(before.owner),
            _ => None,
        };
        let owners = batch.pending.iter().filter_map(owner).collect();
        self.room = Room::of(tx, owners, false, batch.now)?;
        Ok(None)
    }

    fn ends(&self, tx: &mut ReadTx, batch: &Batch<'_>, keys: &HashMap<KeyId, ApiKey>) -> Result<Ends, Error> {
        Ends::within_rules(tx, batch, keys, |key, before| match before {
            Some(Before::Transfer(before)) => {
                Some((before.owner, before.end.map_or(key.expires_at, |end| end.expires_at)))
            }
            _ => None,
        })
    }

    fn admits(&mut self, item: &Item<'_>, now: Timestamp) -> Result<(), SkipReason> {
        match item.before {
            Some(Before::Transfer(before)) => takes_in(&mut self.room, before.owner, item, now),
            _ => Ok(()),
        }
    }

    fn change(&mut self, tx: &mut WriteTx, batch: &Batch<'_>, items: &[Item<'_>]) -> Result<Renamed, Error> {
        let mut by_owner: HashMap<AccountId, Vec<(&ApiKey, String)>> = HashMap::new();
        for item in items {
            let was = before(item)?;
            if let Some(grant) = &was.grant {
                rights::set_scopes(tx, item.key.id, grant.scopes.as_deref().unwrap_or_default())?;
                keys::put_grant_back(tx, item.key.id, grant.grant())?;
            }
            let name = was.name.clone().unwrap_or_else(|| item.key.name.clone());
            by_owner.entry(was.owner).or_default().push((item.key, name));
        }
        self.owners = owners(tx, items, by_owner.keys().copied())?;
        let mut renamed = Renamed::new();
        for (owner, keys) in by_owner {
            renamed.extend(change::transfer_all(tx, &keys, owner, batch.now)?);
        }
        set_ends(tx, items)?;
        Ok(renamed)
    }

    fn action(&self) -> Action {
        Action::KeyTransfer
    }

    fn details(&self, item: &Item<'_>) -> Option<(&'static str, Value)> {
        let owner = before(item).ok()?.owner;
        Some(("owner", from_to(&self.owners, item.key.owner, owner)))
    }
}

fn before<'a>(item: &Item<'a>) -> Result<&'a BeforeTransfer, Error> {
    match item.before {
        Some(Before::Transfer(before)) => Ok(before),
        _ => Err(item.unknown()),
    }
}

/// Takes a place among the keys of who gets this one.
fn takes_in(room: &mut Room, receiver: AccountId, item: &Item<'_>, now: Timestamp) -> Result<(), SkipReason> {
    let lives = item.key.revoked.is_none() && item.is_in_time(now);
    let fits = !room.is_inactive(receiver) && (!lives || room.take(receiver));
    if fits { Ok(()) } else { Err(SkipReason::NoRoom) }
}

fn set_ends(tx: &mut WriteTx, items: &[Item<'_>]) -> Result<(), Error> {
    for item in items.iter().filter(|item| item.end_after() != item.key.expires_at) {
        change::set_end(tx, item.key.id, item.end_after())?;
    }
    Ok(())
}

/// The owners before and after, for the events.
fn owners(
    tx: &mut ReadTx,
    items: &[Item<'_>],
    receivers: impl IntoIterator<Item = AccountId>,
) -> Result<HashMap<AccountId, OwnerView>, Error> {
    let mut ids: Vec<AccountId> = items.iter().map(|item| item.key.owner).chain(receivers).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(accounts::owners(tx, &ids)?)
}

fn from_to(owners: &HashMap<AccountId, OwnerView>, from: AccountId, to: AccountId) -> Value {
    json!([from, to].map(|id| owners.get(&id).map(|owner| owner.username.as_str())))
}
