//! Conditions on `api_keys` that are put together while the program runs.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use crate::store::connection::Db;
use crate::store::schema::api_keys;

/// A condition on `api_keys`, on either database.
pub type Predicate = Box<dyn BoxableExpression<api_keys::table, <Db as Connection>::Backend, SqlType = Bool>>;

/// The opposite. A predicate is never null: no column in one is.
pub fn not(predicate: Predicate) -> Predicate {
    Box::new(diesel::dsl::not(predicate))
}

/// Every key.
pub fn any_key() -> Predicate {
    fragment("TRUE")
}

/// All of them; true when there are none.
pub fn all(predicates: impl Iterator<Item = Predicate>) -> Predicate {
    predicates.reduce(|left, right| Box::new(left.and(right))).unwrap_or_else(|| fragment("TRUE"))
}

/// Any of them; false when there are none.
pub fn any(predicates: impl Iterator<Item = Predicate>) -> Predicate {
    predicates.reduce(|left, right| Box::new(left.or(right))).unwrap_or_else(|| fragment("FALSE"))
}

pub(super) fn fragment(text: &'static str) -> Predicate {
    Box::new(sql::<Bool>(text))
}

pub(super) fn number(written: &'static str, operator: &'static str, value: i64) -> Predicate {
    Box::new(sql::<Bool>(written).sql(" ").sql(operator).sql(" ").bind::<BigInt, _>(value))
}

pub(super) fn equal(written: &'static str, value: &str) -> Predicate {
    Box::new(sql::<Bool>(written).sql(" = ").bind::<Text, _>(value.to_owned()))
}

pub(super) fn like(written: &'static str, pattern: &str) -> Predicate {
    Box::new(sql::<Bool>(written).sql(" LIKE ").bind::<Text, _>(pattern.to_owned()).sql(" ESCAPE '\\'"))
}

/// A prefix as a range, which both databases answer from an index; from LIKE, SQLite does not.
pub(super) fn beginning(written: &'static str, prefix: &str) -> Predicate {
    let from = sql::<Bool>(written).sql(" >= ").bind::<Text, _>(prefix.to_owned());
    let to = sql::<Bool>(written).sql(" < ").bind::<Text, _>(format!("{prefix}\u{10FFFF}"));
    Box::new(from.and(to))
}

/// The LIKE pattern of a text that holds `value`.
pub fn holding(value: &str) -> String {
    format!("%{}%", escaped(value))
}

pub(super) fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
