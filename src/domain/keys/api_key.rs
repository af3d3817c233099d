//! An API key: the record, its name and note, and the state it is in. The secret is not part of it.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::domain::field_error::FieldError;
use crate::domain::ids::{AccountId, KeyId, ResourceId};
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::keys::secret::FirstEight;
use crate::domain::rights::Grant;
use crate::domain::text::{self, Limits};
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::days;

/// A key counts as expiring in the last part of its life: within so long of its end, and …
pub const EXPIRING_WITHIN: SignedDuration = days(14);
/// … in the last fifth of its life, so that a key for a week is not expiring from its first day.
const EXPIRING_PART: i32 = 5;

/// A key as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The database's id; never shown.
    pub id: KeyId,
    /// The public identifier.
    pub first_eight: FirstEight,
    /// The account whose rights bound the key.
    pub owner: AccountId,
    /// What people call it; unique per owner among live keys.
    pub name: String,
    /// Where it is used; may be empty.
    pub note: String,
    /// What it may do of what its owner may.
    pub grant: Grant,
    /// The resource that it is bound to.
    pub resource: Option<ResourceId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The account that made it: its owner, or an administrator for it.
    pub created_by: AccountId,
    /// When it last got a new secret.
    pub rotated_at: Option<Timestamp>,
    /// When it stops working by itself; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// The latest end that an administrator allows it, whatever the lifetime rules would.
    pub end_limit: Option<Timestamp>,
    /// Paused: reversible.
    pub disabled: Option<Stop>,
    /// Ended for good.
    pub revoked: Option<Stop>,
    /// Its latest use.
    pub last_use: Option<Use>,
    /// How often it was used.
    pub use_count: i64,
    /// Grows with every change a person makes, so that two people editing at once notice.
    pub version: i64,
    /// When a person or a job changed it last; a use is no change.
    pub changed_at: Timestamp,
}

/// Who stopped a key, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// When.
    pub at: Timestamp,
    /// The account that did it; `None` is the system itself.
    pub by: Option<AccountId>,
    /// The reason that was given; may be empty.
    pub reason: String,
}

/// One use of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// When.
    pub at: Timestamp,
    /// The client's address.
    pub address: String,
    /// The client's `User-Agent`, shortened; may be empty.
    pub agent: String,
}

/// The state of a key, in the order of precedence in which it is worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// Ended for good by a person.
    Revoked,
    /// Ended by time.
    Expired,
    /// Paused by a person.
    Disabled,
    /// Works.
    Active,
}

impl Status {
    /// The word for the API and the audit log.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The state at `now` of a key of which this is known.
pub fn status(revoked: bool, expires_at: Option<Timestamp>, disabled: bool, now: Timestamp) -> Status {
    if revoked {
        Status::Revoked
    } else if expires_at.is_some_and(|at| at <= now) {
        Status::Expired
    } else if disabled {
        Status::Disabled
    } else {
        Status::Active
    }
}

impl ApiKey {
    /// The state at `now`.
    pub fn status(&self, now: Timestamp) -> Status {
        status(self.revoked.is_some(), self.expires_at, self.disabled.is_some(), now)
    }

    /// Has its time passed, whatever else is true of it?
    pub fn is_past_expiry(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// Works, but not for much longer.
    pub fn is_expiring(&self, now: Timestamp) -> bool {
        let (Status::Active, Some(end)) = (self.status(now), self.expires_at) else { return false };
        let last_part = end.since(self.began_at()) / EXPIRING_PART;
        end.since(now) <= EXPIRING_WITHIN.min(last_part)
    }

    /// An owner may take back a pause of their own, and one that came because nobody used the key: what an administrator
    /// disabled, an administrator enables.
    pub fn owner_may_enable(&self) -> bool {
        self.disabled.as_ref().is_some_and(|stop| stop.by.is_none_or(|by| by == self.owner))
    }

    /// The end of the key when it gets a new secret `now`, under this rule: as long a life as before, and never beyond the end
    /// that an administrator set.
    pub fn renewed(&self, rule: &LifetimeRule, now: Timestamp) -> Option<Timestamp> {
        self.end_limit.into_iter().chain(rule.renewed(self.lifetime(), now)).min()
    }

    /// When its present secret was made.
    pub fn began_at(&self) -> Timestamp {
        self.rotated_at.unwrap_or(self.created_at)
    }

    /// How long the key was meant to live when it last got a secret; `None` is for ever.
    pub fn lifetime(&self) -> Option<SignedDuration> {
        self.expires_at.map(|end| end.since(self.began_at()))
    }
}

/// The name of a key: 1 to 100 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(pub String);

impl KeyName {
    const LIMITS: Limits = Limits { field: "name", label: "Name", longest: 100 };

    /// The name, or `None` when nothing was entered.
    pub fn parse(input: &str) -> Result<Option<Self>, FieldError> {
        let name = text::line(Self::LIMITS, input)?;
        Ok((!name.is_empty()).then_some(Self(name)))
    }

    /// The `attempt`-th name (from 1) for a key that was given none.
    pub fn made_up(now: Timestamp, attempt: u32) -> Self {
        let day = now.day();
        Self(if attempt <= 1 { format!("Key of {day}") } else { format!("Key of {day} ({attempt})") })
    }
}

/// The note of a key: up to 256 characters on one line, possibly none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyNote(pub String);

impl KeyNote {
    const LIMITS: Limits = Limits { field: "note", label: "Note", longest: 256 };

    /// The trimmed note. A longer one is refused, never cut.
    pub fn parse(input: &str) -> Result<Self, FieldError> {
        text::line(Self::LIMITS, input).map(Self)
    }
}

/// Which of an owner's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Not revoked and not expired.
    Current,
    /// Revoked or expired.
    Ended,
}
