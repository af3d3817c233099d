//! The ends that bulk work gives keys: never later than the lifetime rules of this moment allow.

use std::collections::HashMap;

use crate::actions::Error;
use crate::actions::bulk::operations::Batch;
use crate::domain::bulk::{Before, NewEnd};
use crate::domain::ids::{AccountId, KeyId};
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::rule::OwnerFacts;
use crate::domain::time::clock::Timestamp;
use crate::store::ReadTx;
use crate::store::keys::lifetime_rules;

/// The new ends of the keys of a batch. Where a job leaves a key its own end, there is none.
#[derive(Debug, Default)]
pub(in crate::actions) struct Ends(HashMap<KeyId, NewEnd>);

impl Ends {
    pub(in crate::actions) fn new(ends: HashMap<KeyId, NewEnd>) -> Self {
        Self(ends)
    }

    /// The ends that are wanted, as far as the rules of this moment allow them. `wanted` gives the owner that a key will have, and
    /// the end.
    pub(in crate::actions) fn within_rules(
        tx: &mut ReadTx,
        batch: &Batch<'_>,
        keys: &HashMap<KeyId, ApiKey>,
        wanted: impl Fn(&ApiKey, Option<&Before>) -> Option<(AccountId, Option<Timestamp>)>,
    ) -> Result<Self, Error> {
        let wanted: Vec<(&ApiKey, AccountId, Option<Timestamp>)> = batch
            .pending
            .iter()
            .filter_map(|pending| {
                let key = keys.get(&pending.key)?;
                let (owner, end) = wanted(key, pending.before.as_ref())?;
                Some((key, owner, end))
            })
            .collect();
        let owners = owner_facts(tx, wanted.iter().map(|(_, owner, _)| *owner).collect())?;
        let rules = lifetime_rules::load(tx)?;
        let end = |(key, owner, end): (&ApiKey, AccountId, Option<Timestamp>)| {
            let rule = rules.for_owner(owners.get(&owner)?);
            Some((key.id, NewEnd::within(&rule, key, end, batch.now)))
        };
        Ok(Self(wanted.into_iter().filter_map(end).collect()))
    }

    /// The new end of a key.
    pub(in crate::actions) fn of_key(&self, key: KeyId) -> Option<NewEnd> {
        self.0.get(&key).copied()
    }
}

/// What lifetime rules ask of owners.
pub(in crate::actions) fn owner_facts(
    tx: &mut ReadTx,
    mut owners: Vec<AccountId>,
) -> Result<HashMap<AccountId, OwnerFacts>, Error> {
    owners.sort_unstable();
    owners.dedup();
    Ok(lifetime_rules::owners(tx, &owners)?.into_iter().map(|owner| (owner.id, owner)).collect())
}
