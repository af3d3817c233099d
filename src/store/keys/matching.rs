//! The one predicate behind page, count, export and bulk work: what you saw is what you change.
//!
//! A condition is written so that an index can answer it ([`AccessPath::Index`]), or so that none can and it is checked row by
//! row ([`AccessPath::Row`]). Which of the two is right depends on how many keys match, which `grid.rs` knows and the
//! databases' planners often do not: between "few match: fetch them and sort" and "many match: walk in the order of the
//! list until the page is full" lies the difference between a millisecond and a second.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use super::columns::{AccessPath, written};
use super::predicate::{Predicate, all, any, beginning, equal, fragment, holding, like, not, number, one_of};
use super::related;
use crate::domain::ids::{AccountId, JobId, PolicyId, ResourceId};
use crate::domain::key_filter::{
    Choice, Column, Condition, DateTest, JobPart, KeyFilter, NumberTest, Sort, Test, TextTest, is_short,
};
use crate::domain::keys::api_key::EXPIRING_WITHIN;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::{DAY, micros};
use crate::store::{ReadTx, dialect};

/// The texts for which an index over trigrams could be asked.
pub fn needles(filter: &KeyFilter) -> Vec<&str> {
    let held = filter.conditions.iter().filter_map(|condition| match &condition.test {
        Test::Text(TextTest::Contains { wanted: true, value })
            if !related::is_related(condition.column) && !is_short(value) =>
        {
            Some(value.as_str())
        }
        _ => None,
    });
    held.chain(filter.search.as_deref()).collect()
}

/// The predicate of a filter at `now`.
pub fn matching(tx: &ReadTx, filter: &KeyFilter, now: Timestamp, reach: &AccessPath) -> Predicate {
    let conditions = filter.conditions.iter().map(|condition| one(tx, condition, now, reach));
    let search = filter.search.iter().map(|text| searched(tx, text, reach));
    all(conditions.chain(search))
}

/// "Not revoked and not expired." Two equal values and a range: an index over both goes straight to them, and does not pass
/// by all that have expired.
pub fn live(now: Timestamp) -> Predicate {
    all([fragment("api_keys.standing IN (0, 1)"), number("api_keys.ends_at", ">", now.0)].into_iter())
}

/// Keys that nobody used or changed since this moment; a key that is younger is none of them.
pub fn none_idle_since(since: Timestamp) -> Predicate {
    let before = |column| number(column, "<", since.0);
    all(["api_keys.active_at", "api_keys.created_at", "api_keys.changed_at"].into_iter().map(before))
}

fn one(tx: &ReadTx, condition: &Condition, now: Timestamp, reach: &AccessPath) -> Predicate {
    let column = condition.column;
    // A part of what is not wanted would let through too much.
    let all = AccessPath::index();
    let reach = if matches!(reach, AccessPath::Sample(..)) && is_negated(&condition.test) { &all } else { reach };
    match &condition.test {
        Test::Text(test) if related::is_related(column) => related::text(tx, column, test, reach),
        Test::Text(test) => text(tx, column, test, reach),
        Test::Choice { wanted, values } => {
            // Of several values an index makes several lists, which are not in the order of a walk.
            let walk = AccessPath::Row(Sort { column: Column::Job, descending: false });
            let reach = if values.len() > 1 && matches!(reach, AccessPath::Row(_)) { &walk } else { reach };
            let values = choices(values, now, reach);
            if *wanted { values } else { Box::new(diesel::dsl::not(values)) }
        }
        Test::Date(test) => date(column, *test, now, reach),
        Test::Number(test) => numbers(column, *test, reach),
        Test::Job(id, part) => job(*id, *part),
    }
}

fn is_negated(test: &Test) -> bool {
    matches!(
        test,
        Test::Choice { wanted: false, .. }
            | Test::Text(TextTest::In { wanted: false, .. } | TextTest::Contains { wanted: false, .. })
    )
}

fn text(tx: &ReadTx, column: Column, test: &TextTest, reach: &AccessPath) -> Predicate {
    let written = written(column, reach);
    // An address that is not known is null: "is not 10.0.0.1" holds of it, as it does of a blank note.
    let known = |predicate: Predicate| if column == Column::Address { present(column, predicate) } else { predicate };
    match test {
        TextTest::In { wanted, values } => {
            let is_one = known(one_of(written, values));
            if *wanted { among(tx, column, values, reach, is_one) } else { Box::new(diesel::dsl::not(is_one)) }
        }
        TextTest::Contains { wanted: true, value } => {
            let holds = like(written, &holding(value));
            match reach.candidates(tx, value).filter(|_| !is_short(value)) {
                Some(candidates) => Box::new(candidates.and(holds)),
                None => holds,
            }
        }
        TextTest::Contains { wanted: false, value } => Box::new(diesel::dsl::not(like(written, &holding(value)))),
        TextTest::StartsWith(value) => {
            among(tx, column, std::slice::from_ref(value), reach, known(beginning(written, value)))
        }
        TextTest::Blank(blank) if column == Column::Address => {
            Box::new(sql::<Bool>(written).sql(if *blank { " IS NULL" } else { " IS NOT NULL" }))
        }
        TextTest::Blank(true) => equal(written, ""),
        TextTest::Blank(false) => Box::new(sql::<Bool>(written).sql(" > ").bind::<Text, _>(String::new())),
    }
}

/// A condition that only keys with one of these texts fulfil, and, where the column has no index, those whose trigrams say so.
fn among(tx: &ReadTx, column: Column, values: &[String], reach: &AccessPath, condition: Predicate) -> Predicate {
    if column != Column::FirstEight || matches!(reach, AccessPath::Row(_)) {
        return condition;
    }
    let candidates = values.iter().map(|value| dialect::may_begin_with(tx.kind(), value));
    match candidates.collect::<Option<Vec<Predicate>>>() {
        Some(candidates) => Box::new(any(candidates.into_iter()).and(condition)),
        None => condition,
    }
}

/// Null stays out of a condition that may be negated.
fn present(column: Column, predicate: Predicate) -> Predicate {
    debug_assert_eq!(column, Column::Address);
    Box::new(fragment("api_keys.last_used_address IS NOT NULL").and(predicate))
}

/// The search box: any of first eight, name, note and owner; one or two letters or digits where a word begins with them.
fn searched(tx: &ReadTx, text: &str, reach: &AccessPath) -> Predicate {
    let pattern = holding(text);
    let columns =
        ["lower(api_keys.first_eight)", "api_keys.name_folded", "api_keys.note_folded", "api_keys.owner_folded"];
    let holds = any(columns.into_iter().map(|column| {
        if is_short(text) { dialect::begins_word(tx.kind(), column, text) } else { like(column, &pattern) }
    }));
    match reach.candidates(tx, text) {
        Some(candidates) => Box::new(candidates.and(holds)),
        None => holds,
    }
}

/// One of these values. Active and expiring keys together are one range of an index, not two.
fn choices(values: &[Choice], now: Timestamp, reach: &AccessPath) -> Predicate {
    let both = values.contains(&Choice::Active) && values.contains(&Choice::Expiring);
    let rest = values.iter().filter(|value| !both || !matches!(value, Choice::Active | Choice::Expiring));
    let working = both.then(|| working(now, reach));
    any(working.into_iter().chain(rest.map(|value| choice(*value, now, reach))))
}

/// Neither ended nor paused.
fn working(now: Timestamp, reach: &AccessPath) -> Predicate {
    let ends = written(Column::Expires, reach);
    all([number(written(Column::Status, reach), "=", 0), number(ends, ">", now.0)].into_iter())
}

fn choice(value: Choice, now: Timestamp, reach: &AccessPath) -> Predicate {
    let standing = written(Column::Status, reach);
    // The index by status holds the end as well: a walk in the order of the status may use both.
    let by_status = matches!(reach, AccessPath::Row(sort) if sort.column == Column::Status);
    let ends = if by_status { "api_keys.ends_at" } else { written(Column::Expires, reach) };
    let grant = written(Column::Access, reach);
    let soon = now.plus(EXPIRING_WITHIN).0;
    let standing = |is: i64| number(standing, "=", is);
    match value {
        // The first that the index of the status names are those that end soonest, whose rows it has to look at.
        Choice::Active if matches!(reach, AccessPath::Sample(..)) => {
            all([standing(0), number(ends, ">", soon)].into_iter())
        }
        Choice::Active => {
            let expiring = all([number("api_keys.ends_at - 0", "<=", soon), in_last_part(now)].into_iter());
            all([standing(0), number(ends, ">", now.0), not(expiring)].into_iter())
        }
        Choice::Expiring => {
            all([standing(0), number(ends, ">", now.0), number(ends, "<=", soon), in_last_part(now)].into_iter())
        }
        Choice::Expired => {
            let ended = |is: i64| all([standing(is), number(ends, "<=", now.0)].into_iter());
            any([ended(0), ended(1)].into_iter())
        }
        Choice::Disabled => all([standing(1), number(ends, ">", now.0)].into_iter()),
        Choice::Revoked => standing(2),
        Choice::Inherit | Choice::Scopes | Choice::Policy => equal(grant, value.as_str()),
        Choice::User | Choice::Service => {
            let open = format!(
                "{} IN (SELECT accounts.id FROM accounts WHERE accounts.kind = ",
                written(Column::OwnerType, reach)
            );
            Box::new(sql::<Bool>(&open).bind::<Text, _>(value.as_str().to_owned()).sql(")"))
        }
    }
}

/// In the last fifth of its life: see [`ApiKey::is_expiring`](crate::domain::keys::api_key::ApiKey::is_expiring). No index has it.
fn in_last_part(now: Timestamp) -> Predicate {
    number("api_keys.ends_at - api_keys.lifetime / 5", "<=", now.0)
}

/// What has no moment stands at the end of time (expiry) or at its beginning (activity): it passes only "never". Each side is
/// bounded once: of two upper bounds SQLite may take the wider one for its index.
fn date(column: Column, test: DateTest, now: Timestamp, reach: &AccessPath) -> Predicate {
    let written = written(column, reach);
    let ends_late = column == Column::Expires;
    let none = if ends_late { i64::MAX } else { 0 };
    let Some((from, to)) = test.range(now) else {
        let some = if ends_late { "<" } else { ">" };
        return number(written, if test == DateTest::Never(true) { "=" } else { some }, none);
    };
    let (from, to) = bounds(ends_late, from.0, to.0);
    let (after, before) = (from.map(|from| number(written, ">=", from)), to.map(|to| number(written, "<", to)));
    // What was last used before a moment was made before it, on clocks that differ by less than a day: a list by age begins there.
    let by_age = matches!(reach, AccessPath::Row(sort) if sort.column == Column::Created);
    let made = to.filter(|_| by_age && column == Column::Activity);
    let made = made.map(|to| number("api_keys.created_at", "<", to.saturating_add(micros(DAY))));
    all(after.into_iter().chain(before).chain(made))
}

/// The bounds of a range of moments: the first that passes, and the first that does not any more. What has no moment stands
/// outside of them.
fn bounds(ends_late: bool, from: i64, to: i64) -> (Option<i64>, Option<i64>) {
    let from = if ends_late { from } else { from.max(1) };
    ((from > i64::MIN).then_some(from), (ends_late || to < i64::MAX).then_some(to))
}

fn numbers(column: Column, test: NumberTest, reach: &AccessPath) -> Predicate {
    let written = written(column, reach);
    let unit = if column == Column::Lifetime { micros(DAY) } else { 1 };
    let compare = |operator, value: i64| number(written, operator, value.saturating_mul(unit));
    match test {
        NumberTest::Eq(n) => compare("=", n),
        NumberTest::Neq(n) => compare("<>", n),
        NumberTest::Lt(n) => compare("<", n),
        NumberTest::Lte(n) => compare("<=", n),
        NumberTest::Gt(n) => compare(">", n),
        NumberTest::Gte(n) => compare(">=", n),
        NumberTest::Between(from, to) => all([compare(">=", from), compare("<=", to)].into_iter()),
    }
}

/// The keys that carry a policy.
pub fn with_policy(policy: PolicyId) -> Predicate {
    Box::new(sql::<Bool>("api_keys.policy = ").bind::<BigInt, _>(policy))
}

/// The keys that are bound to a resource.
pub fn with_resource(resource: ResourceId) -> Predicate {
    number("api_keys.resource", "=", resource.0)
}

/// The keys of an owner.
pub fn with_owner(owner: AccountId) -> Predicate {
    number("api_keys.owner", "=", owner.0)
}

/// The keys of a bulk job.
pub fn of_job(id: JobId) -> Predicate {
    job(id, JobPart::All)
}

/// The keys that are not revoked, whether they have expired or not.
pub fn not_revoked() -> Predicate {
    fragment("api_keys.standing < 2")
}

/// The keys that are revoked.
pub fn revoked() -> Predicate {
    fragment("api_keys.standing = 2")
}

/// The keys that work.
pub fn active(now: Timestamp) -> Predicate {
    all([fragment("api_keys.standing = 0"), live(now)].into_iter())
}

/// The keys that are paused and would work otherwise.
pub fn disabled(now: Timestamp) -> Predicate {
    all([fragment("api_keys.standing = 1"), live(now)].into_iter())
}

fn job(id: JobId, part: JobPart) -> Predicate {
    let open = sql::<Bool>("api_keys.id IN (SELECT bulk_job_keys.key FROM bulk_job_keys WHERE bulk_job_keys.job = ")
        .bind::<BigInt, _>(id);
    match part {
        JobPart::All => Box::new(open.sql(")")),
        JobPart::Skipped => Box::new(open.sql(" AND bulk_job_keys.outcome = 'skipped')")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_moments_has_one_bound_on_each_side_and_leaves_out_what_has_none() {
        assert_eq!(bounds(true, i64::MIN, 5), (None, Some(5)), "expires before");
        assert_eq!(bounds(true, 5, i64::MAX), (Some(5), Some(i64::MAX)), "what never ends does not end after a day");
        assert_eq!(bounds(false, i64::MIN, 5), (Some(1), Some(5)), "what was never used was not used before a day");
        assert_eq!(bounds(false, 5, i64::MAX), (Some(5), None));
    }
}
