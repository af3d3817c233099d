//! The lifetime rules: one for everyone, stricter ones for a kind of owner, a role or one account. The shortest time counts.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::keys::rule::{AppliesTo, OwnerFacts, Rule};
use crate::domain::keys::rule_fields::LONGEST_SPAN;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::{self};

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
    use crate::domain::accounts::account::Role;
    use crate::domain::ids::AccountId;
    use crate::domain::time::span::{DAY, MICROSECOND};
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
