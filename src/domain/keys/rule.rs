//! One lifetime rule: for whom it is and what it allows; as it is written down, in days, and in seconds where they are no whole days.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::domain::accounts::account::Role;
use crate::domain::ids::AccountId;
use crate::domain::keys::rule_fields::LONGEST;
use crate::domain::time::span::{self, DAY, MICROSECOND, is_whole, whole};

/// For whom a rule is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AppliesTo {
    /// Every key.
    Everyone,
    /// Keys of service accounts.
    Services,
    /// Keys of people with this role: `user` or `admin`.
    Role(String),
    /// Keys of one account: its id, and its user name for people to read.
    Account(AccountId, String),
}

impl AppliesTo {
    /// What people read.
    pub fn label(&self) -> String {
        match self {
            Self::Everyone => "All keys".into(),
            Self::Services => "Service accounts".into(),
            Self::Role(role) if role == "admin" => "Administrators".into(),
            Self::Role(_) => "Users who are not administrators".into(),
            Self::Account(_, name) => name.clone(),
        }
    }

    pub(super) fn matches(&self, owner: &OwnerFacts) -> bool {
        match self {
            Self::Everyone => true,
            Self::Services => owner.is_service,
            Self::Role(role) => !owner.is_service && owner.role.as_str() == role,
            Self::Account(id, _) => *id == owner.id,
        }
    }
}

/// What rules ask of an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerFacts {
    /// The account.
    pub id: AccountId,
    /// Its role.
    pub role: Role,
    /// A service account?
    pub is_service: bool,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Rule {
    /// For whom.
    pub applies_to: AppliesTo,
    /// What a form suggests; only the rule for everyone has one.
    pub default_span: Option<SignedDuration>,
    /// The longest lifetime.
    pub longest_span: Option<SignedDuration>,
    /// May a key live for ever? Only the rule for everyone can allow it.
    pub allow_never: bool,
    /// Keys unused for so many days are disabled.
    pub idle_days: Option<i32>,
    /// Activity before this moment counts as activity at it, in microseconds.
    pub idle_from: i64,
    /// Live keys of one owner; 0 is no limit.
    pub keys_per_owner: Option<i32>,
}

/// A lifetime as the database and the audit log have it: in whole days, and in seconds where these do not say it exactly. A server
/// from before there were seconds reads the days, which are rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// In days.
    pub days: Option<i32>,
    /// In seconds; `None` where the days are exact.
    pub seconds: Option<i64>,
}

impl Lifetime {
    /// Of a span.
    pub fn of(span: Option<SignedDuration>) -> Self {
        let days = |span| i32::try_from(whole(span + DAY - MICROSECOND, DAY)).unwrap_or(LONGEST);
        Self { days: span.map(days), seconds: span.filter(|span| !is_whole(*span, DAY)).map(|span| span.as_secs()) }
    }

    /// As a span.
    pub fn span(self) -> Option<SignedDuration> {
        self.seconds.map(SignedDuration::from_secs).or(self.days.map(|days| span::days(days.into())))
    }
}

/// A rule as jobs and the audit log keep it.
#[derive(Serialize, Deserialize)]
struct Written {
    applies_to: AppliesTo,
    default_days: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default_seconds: Option<i64>,
    longest_days: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    longest_seconds: Option<i64>,
    allow_never: bool,
    idle_days: Option<i32>,
    idle_from: i64,
    keys_per_owner: Option<i32>,
}

impl From<Written> for Rule {
    fn from(written: Written) -> Self {
        let span = |days, seconds| Lifetime { days, seconds }.span();
        Self {
            default_span: span(written.default_days, written.default_seconds),
            longest_span: span(written.longest_days, written.longest_seconds),
            applies_to: written.applies_to,
            allow_never: written.allow_never,
            idle_days: written.idle_days,
            idle_from: written.idle_from,
            keys_per_owner: written.keys_per_owner,
        }
    }
}

impl From<Rule> for Written {
    fn from(rule: Rule) -> Self {
        let (default, longest) = (Lifetime::of(rule.default_span), Lifetime::of(rule.longest_span));
        Self {
            applies_to: rule.applies_to,
            default_days: default.days,
            default_seconds: default.seconds,
            longest_days: longest.days,
            longest_seconds: longest.seconds,
            allow_never: rule.allow_never,
            idle_days: rule.idle_days,
            idle_from: rule.idle_from,
            keys_per_owner: rule.keys_per_owner,
        }
    }
}
