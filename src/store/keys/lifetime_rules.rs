//! The table `lifetime_rules`: how long keys may live, for whom.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use crate::domain::accounts::account::Role;
use crate::domain::ids::AccountId;
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::keys::lifetime_rules::Rules;
use crate::domain::keys::rule::Lifetime;
use crate::domain::keys::rule::{AppliesTo, OwnerFacts, Rule};
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::{days, micros};
use crate::store::keys::matching::{live, none_idle_since};
use crate::store::keys::predicate::{Predicate, all, any};
use crate::store::schema::{accounts, lifetime_rules};
use crate::store::{Error, ReadTx, Write, WriteTx};

type Spans = (Option<i32>, Option<i64>, Option<i32>, Option<i64>);
type Row = (String, String, Spans, bool, Option<i32>, i64, Option<i32>);

/// All rules, the one for everyone first, and when and by whom they were changed last.
pub fn load(tx: &mut ReadTx) -> Result<Rules, Error> {
    let rows: Vec<Row> = lifetime_rules::table
        .order(lifetime_rules::id.asc())
        .select((
            lifetime_rules::applies_to,
            lifetime_rules::subject,
            (
                lifetime_rules::default_days,
                lifetime_rules::default_seconds,
                lifetime_rules::longest_days,
                lifetime_rules::longest_seconds,
            ),
            lifetime_rules::allow_never,
            lifetime_rules::idle_days,
            lifetime_rules::idle_from,
            lifetime_rules::keys_per_owner,
        ))
        .load(tx.db())?;
    let mut rules = Vec::new();
    for (kind, subject, spans, allow_never, idle_days, idle_from, keys_per_owner) in rows {
        let default_span = Lifetime { days: spans.0, seconds: spans.1 }.span();
        let longest_span = Lifetime { days: spans.2, seconds: spans.3 }.span();
        let applies_to = match kind.as_str() {
            "everyone" => AppliesTo::Everyone,
            "kind" => AppliesTo::Services,
            "role" => AppliesTo::Role(subject),
            _ => {
                let id: AccountId =
                    subject.parse().map_err(|_| Error::Internal("a lifetime rule is damaged".into()))?;
                let name: Option<String> =
                    accounts::table.find(id).select(accounts::username).first(tx.db()).optional()?;
                AppliesTo::Account(id, name.unwrap_or_default())
            }
        };
        rules.push(Rule { applies_to, default_span, longest_span, allow_never, idle_days, idle_from, keys_per_owner });
    }
    rules.sort_by_key(|rule| rule.applies_to != AppliesTo::Everyone);
    Ok(Rules(rules))
}

/// When the rules were changed last, and by whom.
pub fn last_change(tx: &mut ReadTx) -> Result<Option<(Timestamp, String)>, Error> {
    let row: Option<(i64, String)> = lifetime_rules::table
        .inner_join(accounts::table.on(accounts::id.nullable().eq(lifetime_rules::changed_by)))
        .order(lifetime_rules::changed_at.desc())
        .select((lifetime_rules::changed_at, accounts::display_name))
        .first(tx.db())
        .optional()?;
    Ok(row.map(|(at, name)| (Timestamp(at), name)))
}

/// Puts these rules in the place of all others.
pub fn replace(tx: &mut WriteTx, rules: &Rules, by: Option<AccountId>, now: Timestamp) -> Result<(), Error> {
    diesel::delete(lifetime_rules::table).write(tx)?;
    for rule in &rules.0 {
        let (kind, subject) = match &rule.applies_to {
            AppliesTo::Everyone => ("everyone", String::new()),
            AppliesTo::Services => ("kind", "service".into()),
            AppliesTo::Role(role) => ("role", role.clone()),
            AppliesTo::Account(id, _) => ("account", id.to_string()),
        };
        let (default, longest) = (Lifetime::of(rule.default_span), Lifetime::of(rule.longest_span));
        diesel::insert_into(lifetime_rules::table)
            .values((
                lifetime_rules::applies_to.eq(kind),
                lifetime_rules::subject.eq(subject),
                lifetime_rules::default_days.eq(default.days),
                lifetime_rules::default_seconds.eq(default.seconds),
                lifetime_rules::longest_days.eq(longest.days),
                lifetime_rules::longest_seconds.eq(longest.seconds),
                lifetime_rules::allow_never.eq(rule.allow_never),
                lifetime_rules::idle_days.eq(rule.idle_days),
                lifetime_rules::idle_from.eq(rule.idle_from),
                lifetime_rules::keys_per_owner.eq(rule.keys_per_owner),
                lifetime_rules::changed_at.eq(now.0),
                lifetime_rules::changed_by.eq(by),
            ))
            .write(tx)?;
    }
    Ok(())
}

/// What holds for this owner.
pub fn for_owner(tx: &mut ReadTx, owner: AccountId) -> Result<LifetimeRule, Error> {
    let facts = owners(tx, &[owner])?;
    let facts = facts.first().ok_or_else(|| Error::Internal("a key without an owner".into()))?;
    Ok(load(tx)?.for_owner(facts))
}

/// What holds for a service account that is added now.
pub fn for_new_service(tx: &mut ReadTx) -> Result<LifetimeRule, Error> {
    Ok(load(tx)?.for_owner(&OwnerFacts { id: AccountId(0), role: Role::User, is_service: true }))
}

/// What rules ask of these owners.
pub fn owners(tx: &mut ReadTx, ids: &[AccountId]) -> Result<Vec<OwnerFacts>, Error> {
    let rows: Vec<(AccountId, String, String)> = accounts::table
        .filter(accounts::id.eq_any(ids))
        .select((accounts::id, accounts::role, accounts::kind))
        .load(tx.db())?;
    let facts = |(id, role, kind): (AccountId, String, String)| OwnerFacts {
        id,
        role: Role::from_db(&role),
        is_service: kind == "service",
    };
    Ok(rows.into_iter().map(facts).collect())
}

/// The live keys for which a rule counts.
pub fn live_under(applies_to: &AppliesTo, now: Timestamp) -> Predicate {
    all([live(now)].into_iter().chain(scope(applies_to)))
}

/// The live keys that would end sooner under these rules.
pub fn outliving(rules: &Rules, now: Timestamp) -> Predicate {
    let rule = |rule: &Rule| -> Option<Predicate> {
        let longest = rule.longest_span?;
        let longer = Box::new(sql::<Bool>("api_keys.lifetime > ").bind::<BigInt, _>(micros(longest)));
        let for_ever_is_fine = rule.applies_to == AppliesTo::Everyone && rule.allow_never;
        let ends = for_ever_is_fine.then(|| -> Predicate { Box::new(sql::<Bool>("api_keys.expires_at IS NOT NULL")) });
        Some(all([longer as Predicate].into_iter().chain(scope(&rule.applies_to)).chain(ends)))
    };
    all([live(now), any(rules.0.iter().filter_map(rule))].into_iter())
}

/// The keys whose longest time under these rules is over by a moment.
pub fn over_by(rules: &Rules, moment: Timestamp) -> Predicate {
    let rule = |rule: &Rule| -> Option<Predicate> {
        let made_before = moment.plus(-rule.longest_span?);
        let old = sql::<Bool>("COALESCE(api_keys.rotated_at, api_keys.created_at) < ").bind::<BigInt, _>(made_before.0);
        Some(all([Box::new(old) as Predicate].into_iter().chain(scope(&rule.applies_to))))
    };
    any(rules.0.iter().filter_map(rule))
}

/// The active keys that nobody used or changed for longer than these rules allow. With `start`, a rule's start in time counts.
pub fn idle(rules: &Rules, start: bool, now: Timestamp) -> Predicate {
    let rule = |rule: &Rule| -> Option<Predicate> {
        let since = now.plus(-days(rule.idle_days?.into()));
        if start && since.0 < rule.idle_from {
            return None;
        }
        Some(all([none_idle_since(since)].into_iter().chain(scope(&rule.applies_to))))
    };
    let active: Predicate = Box::new(sql::<Bool>("api_keys.standing = 0"));
    all([active, live(now), any(rules.0.iter().filter_map(rule))].into_iter())
}

/// Whose keys a rule is about; none for everyone's.
fn scope(applies_to: &AppliesTo) -> Option<Predicate> {
    let owners = |text: &'static str, word: &str| -> Predicate {
        Box::new(sql::<Bool>(text).bind::<Text, _>(word.to_owned()).sql(")"))
    };
    Some(match applies_to {
        AppliesTo::Everyone => return None,
        AppliesTo::Services => {
            owners("api_keys.owner IN (SELECT accounts.id FROM accounts WHERE accounts.kind = ", "service")
        }
        AppliesTo::Role(role) => owners(
            "api_keys.owner IN (SELECT accounts.id FROM accounts WHERE accounts.kind = 'user' AND accounts.role = ",
            role,
        ),
        AppliesTo::Account(id, _) => Box::new(sql::<Bool>("api_keys.owner = ").bind::<BigInt, _>(*id)),
    })
}
