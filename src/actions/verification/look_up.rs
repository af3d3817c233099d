//! What the database knows of a presented secret, all of one moment.

use std::collections::{HashMap, HashSet};

use crate::actions::Error;
use crate::actions::rights::rights_sources_of;
use crate::actions::sign_in::sessions::idle_since;
use crate::actions::verification::cache::facts::{BoundFacts, KeyFacts, OwnerFacts, RightsFacts};
use crate::actions::verification::cache::{Era, KeyCache};
use crate::domain::accounts::account::Account;
use crate::domain::ids::{AccountId, PolicyId};
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::presented::Forms;
use crate::domain::keys::secret::SecretHash;
use crate::domain::rights::permission::Rights;
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{RightsSource, effective};
use crate::domain::time::clock::Timestamp;
use crate::domain::verdict::{Facts, Refusal, decide};
use crate::store::keys::{Found, session_keys};
use crate::store::rights::{policies, resources};
use crate::store::{ReadTx, keys, settings};

/// What the database knows of a presented secret.
pub(in crate::actions) struct Known {
    /// The key and its owner.
    pub found: Found,
    /// What the verdict rests on.
    pub facts: Facts,
    /// It ends with a sign-in session, and is no row of the keys.
    pub is_of_session: bool,
    /// What its rights come from, or why it is not good.
    pub decided: Result<RightsSource, Refusal>,
    /// The forms in which a request may carry a key.
    pub accepted_forms: Forms,
}

impl Known {
    /// The same as facts, which can be kept in memory with the policies of the owner; `era` was taken before anything was read.
    pub fn to_facts(&self, cache: &KeyCache, policies: Vec<PolicyId>, (era, read_at): (Era, Timestamp)) -> KeyFacts {
        let Found { key, owner, .. } = &self.found;
        let rights = self.decided.as_ref().map(effective).unwrap_or_default();
        let bound = self.decided.as_ref().ok().and_then(|source| source.bound.as_ref());
        let owner = OwnerFacts::of(owner, policies);
        KeyFacts {
            key: key.id,
            facts: self.facts,
            accepted_forms: self.accepted_forms,
            is_of_session: self.is_of_session,
            owner: cache.share_owner(owner),
            rights: cache.share_rights(RightsFacts::of(rights)),
            bound: key.resource.zip(bound).map(|(id, bound)| cache.share_bound(BoundFacts::of(id, bound.name.clone()))),
            policy: key.grant.policy(),
            era,
            read_at,
            text: KeyFacts::text(&key.first_eight, self.facts.ends_at()),
        }
    }
}

/// What keys for a resource can be given; `None` when there is no such resource.
pub(in crate::actions) fn asked_resource(tx: &mut ReadTx, name: &ResourceName) -> Result<Option<Rights>, Error> {
    Ok(match resources::find(tx, name)? {
        Some(resource) => Some(resources::of_kind(tx, &resource.name.kind)?),
        None => None,
    })
}

/// The policies of the owners of these, on which their rights rest. What is not good becomes good by a change of the key, its owner or
/// its own policy alone.
pub(in crate::actions) fn policies_of_owners<'a>(
    tx: &mut ReadTx,
    known: impl Iterator<Item = &'a Known>,
) -> Result<HashMap<AccountId, Vec<PolicyId>>, Error> {
    let owners: HashSet<AccountId> =
        known.filter(|known| known.decided.is_ok()).map(|known| known.found.owner.id).collect();
    if owners.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(policies::ids_held_by_all(tx, &owners.into_iter().collect::<Vec<_>>())?)
}

/// What the database knows of a secret at this moment.
pub(in crate::actions) fn look_up(tx: &mut ReadTx, hash: &SecretHash, now: Timestamp) -> Result<Option<Known>, Error> {
    Ok(look_up_all(tx, std::slice::from_ref(hash), now)?.remove(hash))
}

/// What the database knows of these secrets at this moment: the same few questions, however many they are. What is not good costs the
/// same questions as what is not known, so that the time of the answer does not tell them apart.
pub(in crate::actions) fn look_up_all(
    tx: &mut ReadTx,
    hashes: &[SecretHash],
    now: Timestamp,
) -> Result<HashMap<SecretHash, Known>, Error> {
    let settings = settings::load(tx)?;
    let mut all: HashMap<SecretHash, (Found, bool)> =
        keys::find_by_secrets(tx, hashes)?.into_iter().map(|(hash, found)| (hash, (found, false))).collect();
    if settings.session_keys {
        for (hash, (key, owner)) in session_keys::find_all(tx, hashes, now, idle_since(now))? {
            let found = Found { key: key.as_key(owner.id), owner, replaced_until: None };
            all.entry(hash).or_insert((found, true));
        }
    }
    let mut known: Vec<(SecretHash, Known)> = Vec::with_capacity(all.len());
    let mut good: Vec<(SecretHash, Found, Facts, bool)> = Vec::with_capacity(all.len());
    for (hash, (found, is_of_session)) in all {
        let facts = Facts {
            owner_active: found.owner.active,
            replaced_until: found.replaced_until,
            accept_keys: settings.accept_keys,
            ..Facts::of(&found.key)
        };
        match decide(&facts, now) {
            Ok(()) => good.push((hash, found, facts, is_of_session)),
            Err(refusal) => {
                let decided = Err(refusal);
                let accepted_forms = settings.accepted_forms;
                known.push((hash, Known { found, facts, is_of_session, decided, accepted_forms }));
            }
        }
    }
    let of_good: Vec<(&ApiKey, &Account)> = good.iter().map(|(_, found, ..)| (&found.key, &found.owner)).collect();
    let sources = if of_good.is_empty() { Vec::new() } else { rights_sources_of(tx, &of_good, &settings)? };
    for ((hash, found, mut facts, is_of_session), source) in good.into_iter().zip(sources) {
        facts.policy_deleted = source.is_none();
        let decided = source.ok_or(Refusal::PolicyDeleted);
        known.push((hash, Known { found, facts, is_of_session, decided, accepted_forms: settings.accepted_forms }));
    }
    Ok(known.into_iter().collect())
}
