//! How many live keys an owner may still have: counted under the lock under which they are added.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::actions::Error;
use crate::actions::sign_in::sessions::idle_since;
use crate::domain::accounts::account::Kind;
use crate::domain::ids::AccountId;
use crate::domain::keys::rule::OwnerFacts;
use crate::domain::time::clock::Timestamp;
use crate::store::keys::lifetime_rules;
use crate::store::keys::session_keys;
use crate::store::{ReadTx, WriteTx, accounts, keys, settings};

/// How many live keys an account has, session keys among them: what limits count.
pub(in crate::actions) fn counted(tx: &mut ReadTx, account: AccountId, now: Timestamp) -> Result<i64, Error> {
    Ok(counted_of(tx, &[account], now)?.remove(&account).unwrap_or_default())
}

fn counted_of(tx: &mut ReadTx, owners: &[AccountId], now: Timestamp) -> Result<HashMap<AccountId, i64>, Error> {
    let mut counted = keys::count_live_of(tx, owners, now)?;
    if settings::load(tx)?.session_keys {
        for (owner, more) in session_keys::count_of(tx, owners, now, idle_since(now))? {
            *counted.entry(owner).or_default() += more;
        }
    }
    Ok(counted)
}

/// How many live keys an account may still be given, which this holds against other transactions; `None` is any number,
/// and an inactive account may be given none. With `adds`, they are more server keys than there were before.
pub(in crate::actions) fn room_for(
    tx: &mut WriteTx,
    account: AccountId,
    adds: bool,
    now: Timestamp,
) -> Result<Option<i64>, Error> {
    let room = Room::of(tx, [account].into(), adds, now)?;
    if room.inactive.contains(&account) {
        return Ok(Some(0));
    }
    let each = room.each.get(&account).copied();
    let of_services = room.of_services.filter(|_| room.services.contains(&account));
    Ok(each.into_iter().chain(of_services).min().map(|left| left.max(0)))
}

/// How many live keys each of some owners may still have. They are held against other transactions that add keys of theirs.
#[derive(Debug, Default)]
pub(in crate::actions) struct Room {
    /// Who is not here has no limit of their own.
    each: HashMap<AccountId, i64>,
    services: HashSet<AccountId>,
    /// For all service accounts together, when it matters.
    of_services: Option<i64>,
    inactive: HashSet<AccountId>,
}

impl Room {
    /// Counts what there is. With `adds`, what is taken counts for the limit of all service accounts together as well.
    pub(in crate::actions) fn of(
        tx: &mut WriteTx,
        owners: BTreeSet<AccountId>,
        adds: bool,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let mut room = Self::default();
        let owners: Vec<AccountId> = owners.into_iter().collect();
        if accounts::find_all(tx, &owners)?.iter().any(|account| account.kind == Kind::Service) {
            keys::lock_server_keys(tx)?; // before the accounts
            let all = i64::from(settings::load(tx)?.max_service_keys);
            if adds && all > 0 {
                room.of_services = Some(all - keys::count_live_of_services(tx, now)?);
            }
        }
        accounts::lock_all(tx, &owners)?;
        let rules = lifetime_rules::load(tx)?;
        for account in accounts::find_all(tx, &owners)? {
            let is_service = account.kind == Kind::Service;
            let rule = rules.for_owner(&OwnerFacts { id: account.id, role: account.role, is_service });
            if rule.keys_per_owner > 0 {
                room.each.insert(account.id, i64::from(rule.keys_per_owner));
            }
            if is_service {
                room.services.insert(account.id);
            }
            if !account.active {
                room.inactive.insert(account.id);
            }
        }
        // Who has no limit may have very many keys: they are not counted.
        let limited: Vec<AccountId> = room.each.keys().copied().collect();
        if !limited.is_empty() {
            for (owner, keys) in counted_of(tx, &limited, now)? {
                room.each.entry(owner).and_modify(|left| *left -= keys);
            }
        }
        Ok(room)
    }

    /// Is this owner one whose keys would be refused?
    pub(in crate::actions) fn is_inactive(&self, owner: AccountId) -> bool {
        self.inactive.contains(&owner)
    }

    /// Takes the place of one live key of an owner. Says whether there was one.
    pub(in crate::actions) fn take(&mut self, owner: AccountId) -> bool {
        let of_services = self.of_services.as_mut().filter(|_| self.services.contains(&owner));
        let mut places: Vec<&mut i64> = self.each.get_mut(&owner).into_iter().chain(of_services).collect();
        let free = places.iter().all(|left| **left > 0);
        if free {
            for left in &mut places {
                **left -= 1;
            }
        }
        free
    }
}
