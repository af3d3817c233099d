//! Substrings: an index over three characters in a row, which each database has in its own way.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use super::IntegerValue;
use crate::domain::key_filter::is_short;
use crate::store::connection::Db;
use crate::store::keys::predicate::{Predicate, escaped, holding};

/// What stands before a word, beside the beginning of a text.
const BEFORE_WORDS: &str = " \n_.,:/(@+#'\"-";

/// The keys that may fit `text`, from an index over three characters in a row; `None` when no index knows. It lets through all that
/// do fit and some that do not: the caller checks. A text of two characters fits where a word begins with it.
///
/// SQLite: a full-text table with the trigram tokenizer, asked for some trigrams at once. Postgres: `pg_trgm`, whose index takes the
/// pattern itself.
pub fn may_hold(db: &Db, text: &str, limit: Option<i64>) -> Option<Predicate> {
    let proposed = proposed(text)?;
    Some(match db {
        Db::Sqlite(_) => {
            let found = sql::<Bool>("(api_keys.id IN (SELECT key_search.rowid FROM key_search WHERE key_search MATCH ")
                .bind::<Text, _>(proposed)
                .sql(" LIMIT ")
                .bind::<BigInt, _>(limit.unwrap_or(-1))
                .sql(")");
            if is_short(text) {
                let first = found.sql(" OR (lower(api_keys.first_eight) >= ").bind::<Text, _>(text.to_owned());
                Box::new(
                    first
                        .sql(" AND lower(api_keys.first_eight) < ")
                        .bind::<Text, _>(format!("{text}\u{10FFFF}"))
                        .sql("))"),
                )
            } else {
                Box::new(found.sql(")"))
            }
        }
        Db::Postgres(_) => {
            let found = sql::<Bool>("api_keys.id IN (SELECT key_search.key FROM key_search WHERE key_search.document ");
            if is_short(text) {
                let first = found.sql("LIKE ").bind::<Text, _>(format!("{text}%"));
                Box::new(first.sql(" OR key_search.document ~ ").bind::<Text, _>(word(text)).sql(")"))
            } else {
                let found = found.sql("LIKE ").bind::<Text, _>(holding(text));
                match limit {
                    Some(limit) => Box::new(found.sql(" LIMIT ").bind::<BigInt, _>(limit).sql(")")),
                    None => Box::new(found.sql(")")),
                }
            }
        }
    })
}

/// A word of the text in this column begins with `text`, which [`is_short`].
///
/// SQLite: `GLOB`. Postgres: a regular expression. Letters and digits alone mean themselves in both.
pub fn begins_word(db: &Db, written: &'static str, text: &str) -> Predicate {
    let (before, pattern) = match db {
        Db::Sqlite(_) => ("(char(10) || ", format!("*{}*", word(text))),
        Db::Postgres(_) => ("(E'\\n' || ", word(text)),
    };
    let operator = if matches!(db, Db::Sqlite(_)) { ") GLOB " } else { ") ~ " };
    Box::new(sql::<Bool>(before).sql(written).sql(operator).bind::<Text, _>(pattern))
}

/// The beginning of a word, as `GLOB` and as a regular expression.
fn word(text: &str) -> String {
    format!("[{BEFORE_WORDS}]{text}")
}

/// Would the index over trigrams propose more than `limit` keys for `text`?
///
/// SQLite takes in all that it proposes before it looks at the first, so a text that occurs everywhere is better looked
/// for in the rows. Postgres goes through them one by one and needs no such question.
pub fn is_frequent(db: &mut Db, text: &str, limit: i64) -> QueryResult<bool> {
    let (Db::Sqlite(connection), Some(proposed)) = (db, proposed(text)) else { return Ok(false) };
    let row: IntegerValue = diesel::sql_query(
        "SELECT count(*) AS value FROM (SELECT rowid FROM key_search WHERE key_search MATCH $1 LIMIT $2)",
    )
    .bind::<Text, _>(proposed)
    .bind::<BigInt, _>(limit + 1)
    .get_result(connection)?;
    Ok(i64::from(row.value) > limit)
}

/// Trigrams of a longer text that are asked for: each costs the reading of all keys that have it, and few tell nearly as much as all.
const MOST_TRIGRAMS: usize = 8;

/// A text as a full-text query; `None` when no trigram tells of it. Of a long text, some trigrams spread over it; of two letters or
/// digits, those of the beginnings of words.
fn proposed(text: &str) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    let quoted = |three: &str| format!("\"{}\"", three.replace('"', "\"\""));
    match characters.len() {
        2 if is_short(text) => {
            let words: Vec<String> = BEFORE_WORDS.chars().map(|before| quoted(&format!("{before}{text}"))).collect();
            Some(words.join(" OR "))
        }
        0..=2 => None,
        _ => {
            let all: Vec<String> =
                characters.windows(3).map(|three| quoted(&three.iter().collect::<String>())).collect();
            let step = all.len().div_ceil(MOST_TRIGRAMS);
            let spread: Vec<String> = all.into_iter().rev().step_by(step).collect();
            Some(spread.join(" AND "))
        }
    }
}

/// A condition that only keys whose first eight begins with a text fulfil, where that column has no index of its own.
///
/// SQLite: none, since an index costs it nothing unless the text changes. Postgres: each index of a table costs each change of a row,
/// and the texts of a key begin with its first eight, so their trigrams tell.
pub fn may_begin_with(db: &Db, text: &str) -> Option<Predicate> {
    if matches!(db, Db::Sqlite(_)) || text.chars().count() < 2 {
        return None;
    }
    let found = sql::<Bool>("api_keys.id IN (SELECT key_search.key FROM key_search WHERE key_search.document LIKE ");
    Some(Box::new(found.bind::<Text, _>(format!("{}%", escaped(text))).sql(")")))
}

/// How to say that a number is among the few that a query gives: opened, and closed.
///
/// SQLite: `IN`, which makes a list first. Postgres: an array, made first; of `IN` it may make a join that reads an index from its
/// beginning.
pub fn among_few(db: &Db) -> (&'static str, &'static str) {
    match db {
        Db::Sqlite(_) => ("IN (", ")"),
        Db::Postgres(_) => ("= ANY (ARRAY(", "))"),
    }
}
