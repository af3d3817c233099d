//! What the database knows of a presented secret, all of one moment.

use crate::actions::Error;
use crate::actions::rights::rights_source_of;
use crate::actions::sign_in::sessions::idle_since;
use crate::actions::verification::cache::facts::{BoundFacts, KeyFacts, OwnerFacts, RightsFacts};
use crate::actions::verification::cache::{Era, KeyCache};
use crate::domain::ids::PolicyId;
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
    /// What keys for the resource that is asked for can be given; `None` when there is none, or nobody asked.
    pub of_kind: Option<Rights>,
    /// The forms in which a request may carry a key.
    pub accepted_forms: Forms,
}

impl Known {
    /// The policies of the owner, on which its rights rest. What is not good becomes good by a change of the key, its owner or its own
    /// policy alone.
    pub fn policies(&self, tx: &mut ReadTx) -> Result<Vec<PolicyId>, Error> {
        Ok(if self.decided.is_ok() { policies::ids_held_by(tx, self.found.owner.id)? } else { Vec::new() })
    }

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

/// What the database knows of a secret at this moment. What is not good costs the same questions as what is not known, so that
/// the time of the answer does not tell them apart.
pub(in crate::actions) fn look_up(
    tx: &mut ReadTx,
    hash: &SecretHash,
    resource: Option<&ResourceName>,
    now: Timestamp,
) -> Result<Option<Known>, Error> {
    let settings = settings::load(tx)?;
    let (found, is_of_session) = match keys::find_by_secret(tx, hash)? {
        Some(found) => (found, false),
        None if !settings.session_keys => return Ok(None),
        None => {
            let Some((key, owner)) = session_keys::find(tx, hash, now, idle_since(now))? else { return Ok(None) };
            (Found { key: key.as_key(owner.id), owner, replaced_until: None }, true)
        }
    };
    let mut facts = Facts {
        owner_active: found.owner.active,
        replaced_until: found.replaced_until,
        accept_keys: settings.accept_keys,
        ..Facts::of(&found.key)
    };
    let decided = match decide(&facts, now) {
        Ok(()) => {
            let source = rights_source_of(tx, &found.key, &found.owner, &settings)?;
            facts.policy_deleted = source.is_none();
            source.ok_or(Refusal::PolicyDeleted)
        }
        Err(refusal) => {
            if settings.session_keys && !is_of_session {
                session_keys::find(tx, hash, now, idle_since(now))?;
            }
            Err(refusal)
        }
    };
    let of_kind = match resource.filter(|_| decided.is_ok()) {
        Some(name) => asked_resource(tx, name)?,
        None => None,
    };
    Ok(Some(Known { found, facts, is_of_session, decided, of_kind, accepted_forms: settings.accepted_forms }))
}
