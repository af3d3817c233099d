//! Pages of the grid: by keyset, never by offset, so that page 1,000 costs what page 1 costs; counts stop where nobody reads on.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use super::columns::{AccessPath, SqlColumn};
use super::found::Found;
use super::matching::{live, matching, needles};
use super::predicate::{Predicate, all};
use super::{Row, related};
use crate::domain::ids::KeyId;
use crate::domain::key_filter::{Choice, Column, Condition, KeyFilter, Place, Sort, Test, TextTest, Value};
use crate::domain::keys::api_key::ApiKey;
use crate::domain::paging::{COUNT_LIMIT, Count, From, Page};
use crate::domain::time::clock::Timestamp;
use crate::store::connection::Db;
use crate::store::schema::api_keys;
use crate::store::{Error, ReadTx, counting, dialect};

/// Candidates for a text beyond which it counts as common, where counting stops at `limit`; so many are a sample.
const fn common_from(limit: i64) -> i64 {
    2 * limit
}

/// What a page asks for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Which keys.
    pub filter: KeyFilter,
    /// In what order.
    pub sort: Sort,
    /// From where.
    pub from: From<Place>,
    /// How many keys at the most.
    pub size: i64,
    /// The moment at which the filter is read.
    pub now: Timestamp,
    /// Where counting stops; more matches than that are met by walking.
    pub count_limit: i64,
}

/// A key with its place in the order.
pub struct Placed {
    /// The key.
    pub key: ApiKey,
    /// Its place.
    pub place: Place,
}

/// One page, and how many keys match. Few matches are fetched and sorted; many are met by walking in the order of the list.
pub fn page(tx: &mut ReadTx, ask: &Ask) -> Result<(Page<Placed>, Count), Error> {
    if is_search(&ask.filter) {
        if let Some((count, ids)) = few(tx, ask)? {
            let rows = load(tx, ask, &ids)?;
            return Ok((Page::read(rows, &ask.from, ask.size), count));
        }
        let walked = rows(tx, ask, &AccessPath::Row(ask.sort), true)?;
        return Ok((Page::read(walked, &ask.from, ask.size), Count::Many(ask.count_limit)));
    }
    let (matching, reach, walk) = plan(tx, ask)?;
    Ok((Page::read(rows(tx, ask, &reach, walk)?, &ask.from, ask.size), matching))
}

/// Does counting look at the keys themselves? Then it costs as much as finding them, and both are one question. Otherwise one index
/// has all columns of the conditions.
fn is_search(filter: &KeyFilter) -> bool {
    let looks = |condition: &Condition| match &condition.test {
        Test::Text(TextTest::Contains { .. }) => !related::is_related(condition.column),
        Test::Text(_) => condition.column == Column::FirstEight,
        _ => false,
    };
    let by_status = |condition: &&Condition| !matches!(condition.column, Column::Status | Column::Expires);
    let mut others = filter.conditions.iter().filter(by_status).map(|condition| condition.column);
    let is_covered = match (others.next(), others.next()) {
        (None, _) => true,
        (Some(one), None) => {
            let beside_status = [Column::Activity, Column::Owner, Column::Policy, Column::Resource];
            filter.conditions.len() == 1 || beside_status.contains(&one)
        }
        (Some(_), Some(_)) => false,
    };
    filter.search.is_some() || !is_covered || filter.conditions.iter().any(looks)
}

/// How many keys match and the ids of the page, unless they are too many to be put in order.
fn few(tx: &mut ReadTx, ask: &Ask) -> Result<Option<(Count, Vec<KeyId>)>, Error> {
    let common = frequent_terms(tx, &ask.filter, ask.count_limit)?;
    if let Count::Many(_) = sample(tx, &ask.filter, ask.now, &common, ask.count_limit)? {
        return Ok(None);
    }
    let (count, ids) = found(tx, ask, &AccessPath::Index { common }).load(tx)?;
    let count = Count::of(count, ask.count_limit);
    Ok((!matches!(count, Count::Many(_))).then_some((count, ids)))
}

fn found(tx: &ReadTx, ask: &Ask, reach: &AccessPath) -> Found {
    let order: Vec<&str> = SqlColumn::of(ask.sort.column).order.iter().map(|column| column.indexed).collect();
    let columns: Vec<&str> = Found::columns(order.len()).collect();
    Found {
        predicate: matching(tx, &ask.filter, ask.now, reach),
        most: ask.count_limit + 1,
        beyond: beyond(&columns, ask.sort, &ask.from),
        descending: ask.sort.descending != ask.from.is_backwards(),
        size: ask.size + 1,
        order,
    }
}

/// How many keys match, what may answer the conditions, and whether to walk. A filter on nothing but the column of the
/// order is a range of the walk.
fn plan(tx: &mut ReadTx, ask: &Ask) -> Result<(Count, AccessPath, bool), Error> {
    let (matching, reach) = count_with_reach(tx, &ask.filter, ask.now, ask.count_limit)?;
    let of_order = ask.filter.search.is_none()
        && ask.filter.conditions.iter().all(|condition| condition.column == ask.sort.column);
    let walk = matches!(matching, Count::Many(_)) || of_order;
    Ok((matching, if walk { AccessPath::Row(ask.sort) } else { reach }, walk))
}

/// The keys after a place, in the order of a list, without counting: one batch of an export.
pub fn batch(tx: &mut ReadTx, ask: &Ask, walk: bool) -> Result<Vec<Placed>, Error> {
    let reach = if walk {
        AccessPath::Row(ask.sort)
    } else {
        AccessPath::Index { common: frequent_terms(tx, &ask.filter, ask.count_limit)? }
    };
    Ok(Page::read(rows(tx, ask, &reach, walk)?, &ask.from, ask.size).rows)
}

/// Is a list better walked than fetched and sorted?
pub fn is_walked(tx: &mut ReadTx, ask: &Ask) -> Result<bool, Error> {
    Ok(plan(tx, ask)?.2)
}

/// How the database goes about counting and fetching a page, and about counting the live keys, in its own words.
pub fn explain(tx: &mut ReadTx, ask: &Ask) -> Result<Vec<String>, Error> {
    let (_, reach, walk) = plan(tx, ask)?;
    let mut lines = if is_search(&ask.filter) {
        let found = found(tx, ask, &AccessPath::index());
        dialect::explain(tx.db(), found)?
    } else {
        let counting = matching(tx, &ask.filter, ask.now, &AccessPath::index());
        dialect::explain(tx.db(), ids(counting, ask.count_limit + 1))?
    };
    if walk || !is_search(&ask.filter) {
        let fetching = page_of_ids(tx, ask, &reach, walk);
        lines.extend(dialect::explain(tx.db(), fetching)?);
    }
    lines.extend(dialect::explain(tx.db(), ids(live(ask.now), COUNT_LIMIT + 1))?);
    Ok(lines)
}

/// How many keys match, up to the limit.
pub fn count(tx: &mut ReadTx, filter: &KeyFilter, now: Timestamp, limit: i64) -> Result<Count, Error> {
    Ok(count_with_reach(tx, filter, now, limit)?.0)
}

/// How many keys match, however many there are.
pub fn count_exactly(tx: &mut ReadTx, filter: &KeyFilter, now: Timestamp) -> Result<i64, Error> {
    let reach = AccessPath::Index { common: frequent_terms(tx, filter, COUNT_LIMIT)? };
    let predicate = matching(tx, filter, now, &reach);
    Ok(api_keys::table.filter(predicate).count().get_result(tx.db())?)
}

fn count_with_reach(
    tx: &mut ReadTx,
    filter: &KeyFilter,
    now: Timestamp,
    limit: i64,
) -> Result<(Count, AccessPath), Error> {
    let common = frequent_terms(tx, filter, limit)?;
    if let many @ Count::Many(_) = sample(tx, filter, now, &common, limit)? {
        return Ok((many, AccessPath::Index { common }));
    }
    let reach = AccessPath::Index { common };
    let predicate = matching(tx, filter, now, &reach);
    Ok((count_up_to(tx, predicate, limit)?, reach))
}

/// Do many keys match by what an index proposes first? If not, that says nothing. Of the keys with some permissions, those of the first
/// so many entries in lists are looked at, since to tell all of them apart takes far longer; of the active ones those that do not end
/// soon.
fn sample(tx: &mut ReadTx, filter: &KeyFilter, now: Timestamp, common: &[String], limit: i64) -> Result<Count, Error> {
    let has_part = |condition: &Condition| match &condition.test {
        Test::Choice { wanted, values } => *wanted && values[..] == [Choice::Active],
        Test::Text(_) => condition.column == Column::Scope,
        _ => false,
    };
    let in_parts = filter.search.is_none() && filter.conditions.iter().all(has_part);
    let reach = match common.first() {
        Some(text) => AccessPath::Sample(Some(text.clone()), common_from(limit)),
        None if in_parts && !filter.conditions.is_empty() => AccessPath::Sample(None, common_from(limit)),
        None => return Ok(Count::Exactly(0)),
    };
    let sample = matching(tx, filter, now, &reach);
    count_up_to(tx, sample, limit)
}

fn frequent_terms(tx: &mut ReadTx, filter: &KeyFilter, limit: i64) -> Result<Vec<String>, Error> {
    let mut common = Vec::new();
    for text in needles(filter) {
        if dialect::is_frequent(tx.db(), text, common_from(limit))? {
            common.push(text.to_owned());
        }
    }
    Ok(common)
}

/// How many keys fulfil a predicate, up to a limit.
pub fn count_up_to(tx: &mut ReadTx, predicate: Predicate, limit: i64) -> Result<Count, Error> {
    Ok(Count::of(counting::rows_of(tx, ids(predicate, limit + 1))?, limit))
}

/// A statement that gives ids of keys.
type Ids = api_keys::BoxedQuery<'static, <Db as Connection>::Backend, BigInt>;

fn ids(predicate: Predicate, most: i64) -> Ids {
    api_keys::table.filter(predicate).select(api_keys::id).limit(most).into_boxed()
}

/// The rows of a page in walking order (backwards for [`From::Before`]), and one more if there are more.
fn rows(tx: &mut ReadTx, ask: &Ask, reach: &AccessPath, walk: bool) -> Result<Vec<Placed>, Error> {
    // The ids first: where thousands are sorted, whole rows would be carried along.
    let query = page_of_ids(tx, ask, reach, walk);
    let ids: Vec<KeyId> = if walk { dialect::walking(tx.db(), |db| query.load(db))? } else { query.load(tx.db())? };
    load(tx, ask, &ids)
}

/// The rows of these ids, in their order.
fn load(tx: &mut ReadTx, ask: &Ask, ids: &[KeyId]) -> Result<Vec<Placed>, Error> {
    let mut rows: Vec<Row> = api_keys::table.filter(api_keys::id.eq_any(ids)).select(Row::as_select()).load(tx.db())?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    let placed = rows.into_iter().map(|row| {
        let place = place(&row, ask.sort);
        Ok(Placed { key: row.try_into()?, place })
    });
    placed.collect()
}

fn page_of_ids(tx: &ReadTx, ask: &Ask, reach: &AccessPath, walk: bool) -> Ids {
    let backwards = ask.from.is_backwards();
    let predicate = matching(tx, &ask.filter, ask.now, reach);
    let columns: Vec<&str> = columns(ask.sort, walk).collect();
    let beyond = beyond(&columns, ask.sort, &ask.from);
    let predicate = all(std::iter::once(predicate).chain(beyond));
    ids(predicate, ask.size + 1).order(sql::<BigInt>(&order(ask.sort, ask.sort.descending != backwards, walk)))
}

/// `ORDER BY`: to be walked along an index, or, inside expressions, to be sorted after fetching.
fn order(sort: Sort, descending: bool, walk: bool) -> String {
    let direction = if descending { "DESC" } else { "ASC" };
    columns(sort, walk).map(|column| format!("{column} {direction}")).collect::<Vec<_>>().join(", ")
}

fn columns(sort: Sort, walk: bool) -> impl Iterator<Item = &'static str> {
    let columns =
        SqlColumn::of(sort.column).order.iter().map(move |column| if walk { column.indexed } else { column.hidden });
    columns.chain([if walk { "api_keys.id" } else { "api_keys.id + 0" }])
}

/// What comes after or before a place: a comparison of rows, which both databases answer from the index of the order.
fn beyond(columns: &[&str], sort: Sort, from: &From<Place>) -> Option<Predicate> {
    let (place, forwards) = match from {
        From::Start => return None,
        From::After(place) => (place, true),
        From::Before(place) => (place, false),
    };
    let operator = if forwards == sort.descending { "<" } else { ">" };
    let open = format!("({}) {operator} (", columns.join(", "));
    let (open, id) = (sql::<Bool>(&open), place.id);
    Some(match &place.values[..] {
        [Value::Text(text)] => Box::new(open.bind::<Text, _>(text.clone()).sql(", ").bind::<BigInt, _>(id).sql(")")),
        [Value::Number(number)] => Box::new(open.bind::<BigInt, _>(*number).sql(", ").bind::<BigInt, _>(id).sql(")")),
        [Value::Number(first), Value::Number(second)] => Box::new(
            open.bind::<BigInt, _>(*first)
                .sql(", ")
                .bind::<BigInt, _>(*second)
                .sql(", ")
                .bind::<BigInt, _>(id)
                .sql(")"),
        ),
        _ => return None,
    })
}

/// Does a place have the shape that this order asks for?
pub fn fits(place: &Place, sort: Sort) -> bool {
    let is_text = matches!(sort.column, Column::FirstEight | Column::Owner | Column::Name);
    place.values.len() == sort.depth() && place.values.iter().all(|value| matches!(value, Value::Text(_)) == is_text)
}

fn place(row: &Row, sort: Sort) -> Place {
    let number = |value| vec![Value::Number(value)];
    let text = |value: &String| vec![Value::Text(value.clone())];
    let ends_at = row.expires_at.unwrap_or(i64::MAX);
    let values = match sort.column {
        Column::FirstEight => text(&row.first_eight),
        Column::Owner => text(&row.owner_folded),
        Column::Name => text(&row.name_folded),
        Column::Status => vec![Value::Number(row.standing()), Value::Number(ends_at)],
        Column::Expires => number(ends_at),
        Column::Activity => number(row.last_used_at.unwrap_or(0)),
        Column::Uses => number(row.use_count),
        _ => number(row.created_at),
    };
    Place { values, id: row.id }
}
