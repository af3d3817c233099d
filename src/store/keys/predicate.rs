//! Conditions on `api_keys` that are put together while the program runs.

use diesel::dsl::sql;
use diesel::expression::ValidGrouping;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
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

/// One of these texts: one list, however many there are. Of as many conditions joined by OR, SQLite's planner takes a time that
/// grows faster than their square.
pub(super) fn one_of(written: &str, values: &[String]) -> Predicate {
    Composed::default().sql(written).one_of(values).boxed()
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

pub(in crate::store) fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// A condition in pieces of SQL with bound texts between them, as many as there are.
#[derive(Debug, Clone, Default, ValidGrouping)]
pub(super) struct Composed {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
enum Piece {
    Sql(String),
    Text(String),
}

impl Composed {
    /// Goes on with a piece of SQL, never with what somebody typed.
    pub(super) fn sql(mut self, sql: &str) -> Self {
        self.pieces.push(Piece::Sql(sql.to_owned()));
        self
    }

    /// Goes on with a text that is bound.
    pub(super) fn text(mut self, text: &str) -> Self {
        self.pieces.push(Piece::Text(text.to_owned()));
        self
    }

    /// Goes on with a list of texts in parentheses.
    pub(super) fn one_of(self, values: &[String]) -> Self {
        let listed = values.iter().enumerate().fold(self.sql(" IN ("), |composed, (index, value)| {
            let composed = if index == 0 { composed } else { composed.sql(", ") };
            composed.text(value)
        });
        listed.sql(")")
    }

    pub(super) fn boxed(self) -> Predicate {
        Box::new(self)
    }
}

impl QueryId for Composed {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false; // its text differs from one to the next
}

impl Expression for Composed {
    type SqlType = Bool;
}

impl AppearsOnTable<api_keys::table> for Composed {}
impl SelectableExpression<api_keys::table> for Composed {}

impl QueryFragment<<Db as Connection>::Backend> for Composed {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, <Db as Connection>::Backend>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        for piece in &self.pieces {
            match piece {
                Piece::Sql(sql) => out.push_sql(sql),
                Piece::Text(text) => out.push_bind_param::<Text, _>(text)?,
            }
        }
        Ok(())
    }
}
