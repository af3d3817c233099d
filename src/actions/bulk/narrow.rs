//! Holding keys to what they can do, before somebody gets them who may be able to do more: others know their secrets.

use std::collections::HashMap;

use crate::actions::Error;
use crate::domain::bulk::{BeforeGrant, Held};
use crate::domain::ids::PermissionId;
use crate::domain::keys::api_key::ApiKey;
use crate::domain::rights::Grant;
use crate::domain::rights::permission::Rights;
use crate::store::rights::permissions;
use crate::store::{WriteTx, keys, rights};

/// Holds keys to lists of what they could do under their owner before.
pub(in crate::actions) struct Narrow<'a> {
    held: &'a Held,
    /// The permissions of lists by their ids: many keys can do the same.
    known: HashMap<Rights, Vec<PermissionId>>,
}

impl<'a> Narrow<'a> {
    /// To what the owner before could do.
    pub(in crate::actions) fn to(held: &'a Held) -> Self {
        Self { held, known: HashMap::new() }
    }

    /// Gives what the key could do before; `None` when it keeps its grant.
    pub(in crate::actions) fn key(&mut self, tx: &mut WriteTx, key: &ApiKey) -> Result<Option<BeforeGrant>, Error> {
        if self.held.leaves(key.grant) {
            return Ok(None);
        }
        let granted = rights::granted(tx, key, self.held.policy_alone)?;
        let allowed = granted.map(|granted| self.held.allowed(&granted, key.resource)).unwrap_or_default();
        let list = if let Some(list) = self.known.get(&allowed) {
            list.clone()
        } else {
            let known = permissions::known(tx, &allowed)?;
            let list: Vec<PermissionId> = known.into_iter().map(|permission| permission.id).collect();
            self.known.insert(allowed, list.clone());
            list
        };
        let scopes = (key.grant == Grant::Scopes).then(|| rights::scope_ids_of(tx, key.id)).transpose()?;
        keys::put_grant_back(tx, key.id, Grant::Scopes)?;
        rights::set_scopes(tx, key.id, &list)?;
        Ok(Some(BeforeGrant { policy: key.grant.policy(), scopes }))
    }
}
