//! Lists of any length as one value, so that a statement with one is prepared once and not for each length.

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Bool, Text};

use crate::domain::keys::secret::SecretHash;
use crate::store::connection::Db;

type Any = <Db as Connection>::Backend;

/// A column whose value is in a list, which is passed as JSON.
pub struct Listed {
    column: &'static str,
    before: &'static str,
    list: String,
    after: &'static str,
}

/// A column with ids that has one of these.
///
/// SQLite: `json_each`. Postgres: `json_array_elements_text`, as an array that is made first.
pub fn one_of_ids(db: &Db, column: &'static str, ids: impl Iterator<Item = i64>) -> Listed {
    let (before, after) = match db {
        Db::Sqlite(_) => (" IN (SELECT value FROM json_each(", "))"),
        Db::Postgres(_) => (" = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(", "::json)))"),
    };
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    Listed { column, before, list: format!("[{}]", ids.join(",")), after }
}

/// A column with hashes of secrets that has one of these.
///
/// SQLite: `json_each` and `unhex`. Postgres: `json_array_elements_text` and `decode`.
pub fn one_of_hashes<'a>(db: &Db, column: &'static str, hashes: impl Iterator<Item = &'a SecretHash>) -> Listed {
    let (before, after) = match db {
        Db::Sqlite(_) => (" IN (SELECT unhex(value) FROM json_each(", "))"),
        Db::Postgres(_) => (" = ANY (ARRAY(SELECT decode(value, 'hex') FROM json_array_elements_text(", "::json)))"),
    };
    let hashes: Vec<String> = hashes.map(|hash| format!("\"{}\"", hex::encode(hash.as_bytes()))).collect();
    Listed { column, before, list: format!("[{}]", hashes.join(",")), after }
}

impl QueryFragment<Any> for Listed {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Any>) -> QueryResult<()> {
        out.push_sql(self.column);
        out.push_sql(self.before);
        out.push_bind_param::<Text, _>(&self.list)?;
        out.push_sql(self.after);
        Ok(())
    }
}

impl QueryId for Listed {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false; // the column differs; the text of the statement tells it apart
}

impl Expression for Listed {
    type SqlType = Bool;
}

impl<Q> AppearsOnTable<Q> for Listed {}
impl<Q> SelectableExpression<Q> for Listed {}
impl<G> ValidGrouping<G> for Listed {
    type IsAggregate = is_aggregate::Never;
}
