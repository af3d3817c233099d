//! What a verification has to know of a key: facts, never a verdict. Ends, forms and what is asked for are looked at each time.

use std::sync::Arc;

use bytes::Bytes;

use super::eras::Era;
use super::slots;
use crate::domain::accounts::account::Account;
use crate::domain::ids::{AccountId, KeyId, PolicyId, ResourceId};
use crate::domain::keys::presented::Forms;
use crate::domain::keys::secret::FirstEight;
use crate::domain::rights::permission::{PermissionName, Rights};
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{Insufficient, Required};
use crate::domain::time::clock::Timestamp;
use crate::domain::verdict::{Facts, Refusal, decide};

/// What is known of the key of a presented secret.
#[derive(Debug)]
pub struct KeyFacts {
    /// The key's number.
    pub key: KeyId,
    /// What the verdict rests on.
    pub facts: Facts,
    /// The forms in which a request may carry a key.
    pub accepted_forms: Forms,
    /// It ends with a sign-in session, and is no row of the keys. It is never kept in memory.
    pub is_of_session: bool,
    /// Whose it is.
    pub owner: Arc<OwnerFacts>,
    /// What it may do.
    pub rights: Arc<RightsFacts>,
    /// The resource that it is bound to.
    pub bound: Option<Arc<BoundFacts>>,
    /// Its own policy.
    pub policy: Option<PolicyId>,
    /// After which change this was read.
    pub era: Era,
    /// When this was read: what had ended by then has ended.
    pub read_at: Timestamp,
    /// The first eight, and behind them when the secret ends (RFC 3339), or nothing.
    pub text: Bytes,
}

/// Length of a first eight, in bytes.
const FIRST_EIGHT: usize = 8;

/// What many keys have in common: their owner.
#[derive(Debug, PartialEq, Eq)]
pub struct OwnerFacts {
    /// The owner's number.
    pub id: AccountId,
    /// The user name.
    pub username: Bytes,
    /// The name people read.
    pub display_name: Bytes,
    /// Empty when there is none.
    pub email: Bytes,
    /// The policies that the owner has.
    pub policies: Box<[PolicyId]>,
}

impl OwnerFacts {
    /// Of an account with these policies.
    pub fn of(owner: &Account, policies: Vec<PolicyId>) -> Self {
        let text = |text: &str| Bytes::copy_from_slice(text.as_bytes());
        Self {
            id: owner.id,
            username: text(owner.username.as_str()),
            display_name: text(&owner.display_name),
            email: text(owner.email.as_deref().unwrap_or_default()),
            policies: policies.into(),
        }
    }
}

/// What many keys have in common: their rights.
#[derive(Debug, PartialEq, Eq)]
pub struct RightsFacts {
    /// What a key may do.
    pub rights: Rights,
    /// The names, by name, with a space between them.
    pub text: Bytes,
}

impl RightsFacts {
    /// Of these.
    pub fn of(rights: Rights) -> Self {
        let text = rights.iter().map(PermissionName::as_str).collect::<Vec<_>>().join(" ").into();
        Self { rights, text }
    }
}

/// What many keys have in common: the resource that they are bound to.
#[derive(Debug, PartialEq, Eq)]
pub struct BoundFacts {
    /// The resource's number.
    pub id: ResourceId,
    /// How services name it.
    pub name: ResourceName,
    /// The same as a text.
    pub text: Bytes,
}

impl BoundFacts {
    /// Of this resource.
    pub fn of(id: ResourceId, name: ResourceName) -> Self {
        let text = name.text().into();
        Self { id, name, text }
    }
}

/// Why a key does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum No {
    /// It is not good.
    Refused(Refusal),
    /// It is good, and not enough.
    Insufficient(Insufficient),
}

impl KeyFacts {
    /// The text of a key with this first eight whose secret ends then.
    pub fn text(first_eight: &FirstEight, ends_at: Option<Timestamp>) -> Bytes {
        let end = ends_at.map(Timestamp::rfc3339).unwrap_or_default();
        [first_eight.as_str(), &end].concat().into()
    }

    /// The key's first eight.
    pub fn first_eight(&self) -> Bytes {
        self.text.slice(..FIRST_EIGHT.min(self.text.len()))
    }

    /// When the presented secret ends (RFC 3339); empty when it does not.
    pub fn ends_at(&self) -> Bytes {
        self.text.slice(FIRST_EIGHT.min(self.text.len())..)
    }

    /// The same as the key is named.
    pub fn named(&self) -> Option<FirstEight> {
        std::str::from_utf8(&self.text).ok().and_then(|text| FirstEight::parse(text.get(..FIRST_EIGHT)?))
    }

    /// Is it good at this moment, whatever is asked of it?
    pub fn is_good(&self, now: Timestamp) -> bool {
        decide(&self.facts, now.max(self.read_at)).is_ok()
    }

    /// Does the key pass? `of_kind` is what keys for the resource that is asked for can be given; `None` when there is no such
    /// resource, or none is asked for.
    pub fn judge(
        &self,
        demand: &Required,
        forms: Forms,
        of_kind: Option<&RightsFacts>,
        now: Timestamp,
    ) -> Result<(), No> {
        if !self.accepted_forms.has_any_of(forms) {
            return Err(No::Refused(Refusal::FormNotAccepted));
        }
        decide(&self.facts, now.max(self.read_at)).map_err(No::Refused)?;
        let bound = self.bound.as_ref().map(|bound| &bound.name);
        demand.is_met(&self.rights.rights, bound, of_kind.map(|of_kind| &of_kind.rights)).map_err(No::Insufficient)
    }

    /// Where changes of all that this rests on are noted.
    pub fn rests_on(&self) -> impl Iterator<Item = usize> {
        let bound = self.bound.as_ref().map(|bound| slots::bound(bound.id));
        [slots::EVERYTHING, slots::key(self.key), slots::owner(self.owner.id)]
            .into_iter()
            .chain(self.policy.map(slots::policy))
            .chain(self.owner.policies.iter().map(|policy| slots::policy(*policy)))
            .chain(bound)
    }
}
