//! Give another policy. Undone, each key gets back the one that it had.

use std::collections::BTreeMap;

use super::{Batch, BulkWork, Change, Item, Renamed, ids};
use crate::actions::Error;
use crate::domain::audit::Action;
use crate::domain::bulk::{Before, SkipReason};
use crate::domain::ids::{KeyId, PolicyId};
use crate::domain::keys::api_key::Status;
use crate::domain::time::clock::Timestamp;
use crate::store::WriteTx;
use crate::store::bulk::job_keys::{Note, Pending};
use crate::store::keys::predicate::Predicate;
use crate::store::keys::{change, matching};
use crate::store::rights::policies;

pub(super) struct GivePolicy;

impl BulkWork for GivePolicy {
    fn fits(&self, status: Status) -> bool {
        status != Status::Revoked
    }

    /// A revoked key keeps the policy that it had: its restoration brings it back as it was.
    fn select(&self, _: Timestamp) -> Predicate {
        matching::not_revoked()
    }

    fn note(&self) -> Option<Note> {
        Some(|key| key.grant.policy().map(Before::Policy))
    }

    fn undo(&self) -> Box<dyn Change> {
        Box::new(SetPolicyBack)
    }
}

pub(super) struct SetPolicy {
    pub policy: PolicyId,
}

impl Change for SetPolicy {
    fn prepare(&mut self, tx: &mut WriteTx, _: &Batch<'_>) -> Result<Option<SkipReason>, Error> {
        hold(tx, [self.policy])
    }

    fn change(&mut self, tx: &mut WriteTx, batch: &Batch<'_>, items: &[Item<'_>]) -> Result<Renamed, Error> {
        change::set_policy_all(tx, &ids(items), self.policy, batch.now)?;
        Ok(Renamed::new())
    }

    fn action(&self) -> Action {
        Action::KeyEdit
    }
}

struct SetPolicyBack;

impl Change for SetPolicyBack {
    fn prepare(&mut self, tx: &mut WriteTx, batch: &Batch<'_>) -> Result<Option<SkipReason>, Error> {
        let policy = |pending: &Pending| match pending.before {
            Some(Before::Policy(policy)) => Some(policy),
            _ => None,
        };
        hold(tx, batch.pending.iter().filter_map(policy))
    }

    fn change(&mut self, tx: &mut WriteTx, batch: &Batch<'_>, items: &[Item<'_>]) -> Result<Renamed, Error> {
        let mut before: BTreeMap<PolicyId, Vec<KeyId>> = BTreeMap::new();
        for item in items {
            let Some(Before::Policy(policy)) = item.before else { return Err(item.unknown()) };
            before.entry(*policy).or_default().push(item.key.id);
        }
        for (policy, keys) in before {
            change::set_policy_all(tx, &keys, policy, batch.now)?;
        }
        Ok(Renamed::new())
    }

    fn action(&self) -> Action {
        Action::KeyEdit
    }
}

/// Holds policies against their deletion until the batch is done. One that was deleted before is not given.
fn hold(tx: &mut WriteTx, wanted: impl IntoIterator<Item = PolicyId>) -> Result<Option<SkipReason>, Error> {
    let mut wanted: Vec<PolicyId> = wanted.into_iter().collect();
    wanted.sort_unstable(); // one order of locks: no deadlock
    wanted.dedup();
    for policy in wanted {
        if !policies::lock_by_id(tx, policy)? {
            return Ok(Some(SkipReason::PolicyGone));
        }
    }
    Ok(None)
}
