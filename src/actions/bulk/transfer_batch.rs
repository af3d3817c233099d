//! What bulk work does that gives keys to another owner, and gives them back.

use std::collections::HashMap;

use crate::actions::Error;
use crate::actions::bulk::ends::Ends;
use crate::actions::bulk::lost_rules;
use crate::domain::accounts::account::OwnerView;
use crate::domain::bulk::{BeforeGrant, BeforeTransfer, BulkOperation, Held, Job};
use crate::domain::ids::{AccountId, KeyId, PermissionId};
use crate::domain::keys::api_key::ApiKey;
use crate::domain::rights::Grant;
use crate::domain::rights::permission::Rights;
use crate::domain::time::clock::Timestamp;
use crate::store::bulk::job_keys;
use crate::store::bulk::job_keys::Pending;
use crate::store::keys::change;
use crate::store::rights::permissions;
use crate::store::{ReadTx, WriteTx, accounts, keys, rights};

/// The owner that a key gets by a transfer, or gets back by its undo; `None` where a job leaves owners alone.
pub(in crate::actions) fn receiver(job: &Job, pending: &Pending) -> Option<AccountId> {
    if job.inverse_of() == Some(BulkOperation::Transfer) {
        pending.before_at.map(AccountId)
    } else {
        Some(job.transfer()?.to)
    }
}

/// Gives keys to the new owner, or back to the one before; gives those that got a new name.
pub(in crate::actions) fn change(
    tx: &mut WriteTx,
    job: &Job,
    doing: &[(&ApiKey, &Pending)],
    ends: &Ends,
    now: Timestamp,
) -> Result<Vec<(KeyId, String)>, Error> {
    if job.operation == BulkOperation::Transfer {
        let transfer = job.transfer().ok_or_else(|| lost_rules(job))?;
        let mut known = HashMap::new();
        for (key, pending) in doing {
            let before = BeforeTransfer {
                name: key.name.clone(),
                grant: narrow(tx, key, &transfer.held, &mut known)?,
                was_shortened: ends.after(key) != key.expires_at,
                expires_at: key.expires_at.map(|end| end.0),
            };
            let before = match BeforeTransfer::read(pending.before_reason.as_deref()).grant {
                Some(narrowed_before) => BeforeTransfer { grant: Some(narrowed_before), ..before },
                None => before,
            };
            job_keys::note_before(tx, job.id, key.id, &before.text())?;
        }
        let named: Vec<(&ApiKey, String)> = doing.iter().map(|(key, _)| (*key, key.name.clone())).collect();
        let renamed = change::transfer_all(tx, &named, transfer.to, now)?;
        set_ends(tx, doing, ends)?;
        return Ok(renamed);
    }
    let mut before: HashMap<AccountId, Vec<(&ApiKey, String)>> = HashMap::new();
    for (key, pending) in doing {
        let was = BeforeTransfer::read(pending.before_reason.as_deref());
        if let Some(was) = &was.grant {
            rights::set_scopes(tx, key.id, was.scopes.as_deref().unwrap_or_default())?;
            keys::put_grant_back(tx, key.id, was.grant())?;
        }
        let name = if was.name.is_empty() { key.name.clone() } else { was.name };
        before.entry(AccountId(pending.before_at.unwrap_or_default())).or_default().push((key, name));
    }
    let mut renamed = Vec::new();
    for (owner, keys) in before {
        renamed.extend(change::transfer_all(tx, &keys, owner, now)?);
    }
    set_ends(tx, doing, ends)?;
    Ok(renamed)
}

/// Holds a key to the list of what it could do under the owner before: whoever gets it may be able to do more, and others know
/// its secret. Gives what it could do before; `None` when it keeps its grant.
fn narrow(
    tx: &mut WriteTx,
    key: &ApiKey,
    held: &Held,
    known: &mut HashMap<Rights, Vec<PermissionId>>,
) -> Result<Option<BeforeGrant>, Error> {
    if held.leaves(key.grant) {
        return Ok(None);
    }
    let granted = rights::granted(tx, key, held.policy_alone)?;
    let allowed = granted.map(|granted| held.allowed(&granted, key.resource)).unwrap_or_default();
    let ids = if let Some(ids) = known.get(&allowed) {
        ids.clone()
    } else {
        let ids: Vec<PermissionId> =
            permissions::known(tx, &allowed)?.into_iter().map(|permission| permission.id).collect();
        known.insert(allowed, ids.clone());
        ids
    };
    let scopes = (key.grant == Grant::Scopes).then(|| rights::scope_ids_of(tx, key.id)).transpose()?;
    keys::put_grant_back(tx, key.id, Grant::Scopes)?;
    rights::set_scopes(tx, key.id, &ids)?;
    Ok(Some(BeforeGrant { policy: key.grant.policy(), scopes }))
}

fn set_ends(tx: &mut WriteTx, doing: &[(&ApiKey, &Pending)], ends: &Ends) -> Result<(), Error> {
    for (key, _) in doing {
        if ends.after(key) != key.expires_at {
            change::set_end(tx, key.id, ends.after(key))?;
        }
    }
    Ok(())
}

/// The owners before and after, for the events of a transfer.
pub(in crate::actions) fn owners(
    tx: &mut ReadTx,
    job: &Job,
    keys: &HashMap<KeyId, ApiKey>,
    pending: &[Pending],
) -> Result<HashMap<AccountId, OwnerView>, Error> {
    let receivers: Vec<AccountId> = pending.iter().filter_map(|pending| receiver(job, pending)).collect();
    if receivers.is_empty() {
        return Ok(HashMap::new());
    }
    let mut ids: Vec<AccountId> = keys.values().map(|key| key.owner).chain(receivers).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(accounts::owners(tx, &ids)?)
}
