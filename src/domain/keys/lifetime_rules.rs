//! The lifetime rules: one for everyone, stricter ones for a kind of owner, a role or one account. The shortest time counts.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::accounts::account::Role;
use crate::domain::field_error::FieldError;
use crate::domain::ids::AccountId;
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::time::clock::Timestamp;
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

    fn matches(&self, owner: &OwnerFacts) -> bool {
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

/// All rules; the first is the one for everyone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules(pub Vec<Rule>);

impl Rules {
    /// What holds for an owner: of all rules that match, the shortest time and the fewest keys.
    pub fn for_owner(&self, owner: &OwnerFacts) -> LifetimeRule {
        let matching = || self.0.iter().filter(|rule| rule.applies_to.matches(owner));
        let longest_span = matching().filter_map(|rule| rule.longest_span).min().unwrap_or(LONGEST_SPAN);
        let strict = |rule: &&Rule| rule.applies_to != AppliesTo::Everyone && rule.longest_span.is_some();
        let default_span = matching().find_map(|rule| rule.default_span).unwrap_or(longest_span);
        let idle = matching().filter_map(|rule| Some((rule.idle_days?, rule.idle_from))).min();
        let limits = matching().filter_map(|rule| rule.keys_per_owner).filter(|limit| *limit > 0);
        LifetimeRule {
            default_span: default_span.min(longest_span),
            longest_span,
            allow_never: self.everyone().is_some_and(|rule| rule.allow_never) && !matching().any(|rule| strict(&rule)),
            keys_per_owner: limits.min().unwrap_or(0),
            idle_days: idle.map(|(days, _)| days),
        }
    }

    /// Do these allow keys the same lifetimes as others?
    pub fn same_lifetimes(&self, other: &Self) -> bool {
        let lifetimes = |rules: &Self| -> Vec<(AppliesTo, Option<SignedDuration>, bool)> {
            let of = |rule: &Rule| (rule.applies_to.clone(), rule.longest_span, rule.allow_never);
            rules.0.iter().map(of).collect()
        };
        lifetimes(self) == lifetimes(other)
    }

    /// The rule for everyone.
    pub fn everyone(&self) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.applies_to == AppliesTo::Everyone)
    }

    /// The stricter rules.
    pub fn stricter(&self) -> impl Iterator<Item = &Rule> {
        self.0.iter().filter(|rule| rule.applies_to != AppliesTo::Everyone)
    }

    /// Changes with every change of a rule: two people who edit at once notice.
    pub fn version(&self) -> String {
        hex::encode(&Sha256::digest(format!("{:?}", self.0))[..8])
    }

    /// Gives a rule that disables keys it would not have disabled before a start in time, so that nobody loses a key by it
    /// in haste: `None` leaves the keys that are there their full time from now on, else they have so many days.
    #[must_use]
    pub fn with_idle_start(mut self, before: &Self, grace_days: Option<i32>, now: Timestamp) -> Self {
        for rule in &mut self.0 {
            let old = before.0.iter().find(|old| old.applies_to == rule.applies_to);
            let was = old.and_then(|old| old.idle_days);
            rule.idle_from = match (rule.idle_days, was) {
                (Some(days), Some(was)) if days >= was => old.map_or(0, |old| old.idle_from),
                (Some(days), _) => match grace_days {
                    None => now.0,
                    Some(grace) => now.plus(span::days(i64::from(grace) - i64::from(days))).0,
                },
                (None, _) => 0,
            };
        }
        self
    }
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

/// The most days that anything lasts.
pub const LONGEST: i32 = 3_650;
/// The same as a span.
pub const LONGEST_SPAN: SignedDuration = span::days(3_650);

/// Reads a lifetime of 1 second to 3,650 days: a number alone is days, with a unit it is what [`span::parse`]
/// reads. Blank is none.
pub fn lifetime(field: &'static str, what: &str, input: &str) -> Result<Option<SignedDuration>, FieldError> {
    let text: String = input.trim().chars().filter(|c| *c != ',').collect();
    if text.is_empty() {
        return Ok(None);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let span = span::parse(&if is_number { format!("{text}d") } else { text }).filter(|span| *span <= LONGEST_SPAN);
    span.map(Some)
        .ok_or_else(|| FieldError::new(field, format!("Enter {what} up to 3,650 days, such as 90 days or 12h")))
}

/// Reads a number of days: 1 to 3,650; blank is none.
pub fn days(field: &'static str, what: &str, input: &str) -> Result<Option<i32>, FieldError> {
    number(field, what, "days", input, 1, LONGEST)
}

/// Reads a number of keys: 0 to 10,000; blank is none.
pub fn keys(field: &'static str, what: &str, input: &str) -> Result<Option<i32>, FieldError> {
    number(field, what, "keys", input, 0, 10_000)
}

fn number(
    field: &'static str,
    what: &str,
    unit: &str,
    input: &str,
    least: i32,
    most: i32,
) -> Result<Option<i32>, FieldError> {
    let digits: String = input.trim().chars().filter(|c| *c != ',').collect();
    if digits.is_empty() {
        return Ok(None);
    }
    let number = digits.parse().ok().filter(|number| (least..=most).contains(number));
    let most = if most == LONGEST { "3,650".to_owned() } else { "10,000".to_owned() };
    number.map(Some).ok_or_else(|| FieldError::new(field, format!("Enter {what} between {least} and {most} {unit}")))
}

/// The end that a key gets when rules are applied to it: never later than it has, never sooner than `earliest`.
pub fn shortened(
    rule: &LifetimeRule,
    start: Timestamp,
    end: Option<Timestamp>,
    earliest: Timestamp,
) -> Option<Timestamp> {
    if end.is_none() && rule.allow_never {
        return None;
    }
    let allowed = start.plus(rule.longest_span);
    let new = allowed.max(earliest);
    end.is_none_or(|end| new < end && allowed < end).then_some(new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::time::span::{HOUR, SECOND};

    fn rule(applies_to: AppliesTo, longest_days: Option<i64>) -> Rule {
        Rule {
            applies_to,
            default_span: None,
            longest_span: longest_days.map(span::days),
            allow_never: false,
            idle_days: None,
            idle_from: 0,
            keys_per_owner: None,
        }
    }

    fn rules() -> Rules {
        let everyone = Rule {
            default_span: Some(90 * DAY),
            allow_never: true,
            keys_per_owner: Some(20),
            ..rule(AppliesTo::Everyone, Some(365))
        };
        Rules(vec![
            everyone,
            Rule { idle_days: Some(90), ..rule(AppliesTo::Services, Some(180)) },
            rule(AppliesTo::Role("admin".into()), Some(30)),
            Rule { keys_per_owner: Some(5), ..rule(AppliesTo::Account(AccountId(7), "lena".into()), None) },
        ])
    }

    fn owner(id: AccountId, role: Role, is_service: bool) -> OwnerFacts {
        OwnerFacts { id, role, is_service }
    }

    #[test]
    fn of_all_rules_that_match_the_shortest_counts() {
        let person = rules().for_owner(&owner(AccountId(1), Role::User, false));
        assert_eq!(
            (person.default_span, person.longest_span, person.allow_never, person.keys_per_owner),
            (90 * DAY, 365 * DAY, true, 20)
        );
        let admin = rules().for_owner(&owner(AccountId(1), Role::Admin, false));
        assert_eq!((admin.default_span, admin.longest_span, admin.allow_never), (30 * DAY, 30 * DAY, false));
        let service = rules().for_owner(&owner(AccountId(2), Role::User, true));
        assert_eq!((service.longest_span, service.idle_days, service.allow_never), (180 * DAY, Some(90), false));
        let lena = rules().for_owner(&owner(AccountId(7), Role::User, false));
        assert_eq!(
            (lena.longest_span, lena.allow_never, lena.keys_per_owner),
            (365 * DAY, true, 5),
            "a rule about keys alone leaves Never"
        );
    }

    #[test]
    fn rules_of_jobs_from_before_are_read_and_a_server_from_before_reads_days() {
        let old = r#"{"applies_to":"Everyone","default_days":90,"longest_days":365,"allow_never":true,"idle_days":null,"idle_from":0,"keys_per_owner":20}"#;
        let read: Rule = serde_json::from_str(old).unwrap();
        assert_eq!((read.default_span, read.longest_span), (Some(90 * DAY), Some(365 * DAY)));
        assert_eq!(serde_json::to_string(&read).unwrap(), old, "whole days are written as before");
        let hours = Rule { default_span: Some(HOUR), longest_span: Some(DAY + SECOND), ..read };
        let written = serde_json::to_value(&hours).unwrap();
        assert_eq!((&written["default_days"], &written["longest_days"]), (&1.into(), &2.into()));
        assert_eq!(serde_json::from_value::<Rule>(written).unwrap(), hours);
    }

    #[test]
    fn an_idle_rule_that_is_new_starts_in_time() {
        let now = Timestamp::parse_day("2026-11-20").unwrap();
        let before = rules();
        let mut after = rules();
        after.0[0].idle_days = Some(60);
        assert_eq!(after.clone().with_idle_start(&before, None, now).0[0].idle_from, now.0, "sixty days from now on");
        assert_eq!(
            after.clone().with_idle_start(&before, Some(0), now).0[0].idle_from,
            now.plus(-60 * DAY).0,
            "at once"
        );
        assert_eq!(
            after.clone().with_idle_start(&before, Some(7), now).0[0].idle_from,
            now.plus(-53 * DAY).0,
            "in a week"
        );
        assert_eq!(
            after.with_idle_start(&before, None, now).0[1].idle_from,
            0,
            "a rule that did not change keeps its start"
        );
    }

    /// From a microsecond to so many days.
    fn days_up_to(most: i64) -> impl Strategy<Value = SignedDuration> {
        (1..span::micros(span::days(most))).prop_map(SignedDuration::from_micros)
    }

    proptest! {
        #[test]
        fn applying_a_rule_only_ever_shortens(longest_span in days_up_to(4000), allow_never: bool, start in 0..i64::MAX / 4, life in proptest::option::of(days_up_to(400)), age in days_up_to(800)) {
            let rule = LifetimeRule { default_span: MICROSECOND, longest_span, allow_never, keys_per_owner: 0, idle_days: None };
            let (start, now) = (Timestamp(start), Timestamp(start).plus(age));
            let end = life.map(|life| start.plus(life));
            if let Some(new) = shortened(&rule, start, end, now.plus(DAY)) {
                prop_assert!(end.is_none_or(|end| new < end));
                prop_assert!(new >= now.plus(DAY), "nobody loses a key within a day");
            }
        }
    }
}
