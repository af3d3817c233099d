//! Substrings: an index over three characters in a row, which each database has in its own way.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use super::IntegerValue;
use crate::store::connection::Db;
use crate::store::keys::predicate::{Predicate, holding};

/// The keys that may hold `text` somewhere, from an index over three characters in a row; `None` when it has fewer. It
/// lets through all that do hold it and some that do not: the caller checks.
///
/// SQLite: a full-text table with the trigram tokenizer, asked for all trigrams at once. Postgres: `pg_trgm`, whose
/// index takes the LIKE pattern itself; there the limit has no meaning.
pub fn may_hold(db: &Db, text: &str, limit: Option<i64>) -> Option<Predicate> {
    let trigrams = trigrams(text)?;
    Some(match db {
        Db::Sqlite(_) => Box::new(
            sql::<Bool>("api_keys.id IN (SELECT key_search.rowid FROM key_search WHERE key_search MATCH ")
                .bind::<Text, _>(trigrams)
                .sql(" LIMIT ")
                .bind::<BigInt, _>(limit.unwrap_or(-1))
                .sql(")"),
        ),
        Db::Postgres(_) => Box::new(
            sql::<Bool>(concat!(
                "((lower(api_keys.first_eight) || E'\\n' || api_keys.name_folded || E'\\n' || api_keys.note_folded ",
                "|| E'\\n' || api_keys.owner_folded) COLLATE \"C\") LIKE ",
            ))
            .bind::<Text, _>(holding(text)),
        ),
    })
}

/// Would the index over trigrams propose more than `limit` keys for `text`?
///
/// SQLite takes in all that it proposes before it looks at the first, so a text that occurs everywhere is better looked
/// for in the rows. Postgres estimates this by itself and needs no such question.
pub fn is_frequent(db: &mut Db, text: &str, limit: i64) -> QueryResult<bool> {
    let (Db::Sqlite(connection), Some(trigrams)) = (db, trigrams(text)) else { return Ok(false) };
    let row: IntegerValue = diesel::sql_query(
        "SELECT count(*) AS value FROM (SELECT rowid FROM key_search WHERE key_search MATCH $1 LIMIT $2)",
    )
    .bind::<Text, _>(trigrams)
    .bind::<BigInt, _>(limit + 1)
    .get_result(connection)?;
    Ok(i64::from(row.value) > limit)
}

/// The trigrams of a text as a full-text query; `None` when there is none. Of a long text, two dozen spread over it.
fn trigrams(text: &str) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    let quoted = |three: &[char]| format!("\"{}\"", three.iter().collect::<String>().replace('"', "\"\""));
    let all: Vec<String> = characters.windows(3).map(quoted).collect();
    let step = all.len().div_ceil(24).max(1);
    let spread: Vec<String> = all.into_iter().rev().step_by(step).collect();
    (!spread.is_empty()).then(|| spread.join(" AND "))
}
