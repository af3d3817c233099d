//! A filter that few keys pass: counted, and its page put in order, from one search.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable};

use super::predicate::Predicate;
use crate::domain::ids::KeyId;
use crate::store::connection::Db;
use crate::store::{Error, ReadTx, dialect};

type Any = <Db as Connection>::Backend;

/// What is searched for, and which part of it is wanted.
pub(super) struct Found {
    /// Which keys.
    pub predicate: Predicate,
    /// Where the search stops; what is found is a part then, in no order.
    pub most: i64,
    /// What the list is sorted by, in terms of `api_keys`, before the id.
    pub order: Vec<&'static str>,
    /// The last first.
    pub descending: bool,
    /// A condition on [`Found::columns`]: what lies beyond a place.
    pub beyond: Option<Predicate>,
    /// How many keys of the page.
    pub size: i64,
}

/// The names of the sort columns among what was found.
const SORTED_BY: [&str; 2] = ["found.first", "found.second"];

impl Found {
    /// What the list is sorted by among what was found, the id last.
    pub fn columns(depth: usize) -> impl Iterator<Item = &'static str> {
        SORTED_BY.into_iter().take(depth).chain(["found.id"])
    }

    /// How many keys there are, up to `most`, and the ids of the page in its order.
    pub fn load(self, tx: &mut ReadTx) -> Result<(i64, Vec<KeyId>), Error> {
        let rows: Vec<(i64, Option<KeyId>)> = dialect::walking(tx.db(), |db| RunQueryDsl::load(self, db))?;
        let count = rows.first().map_or(0, |(count, _)| *count);
        Ok((count, rows.into_iter().filter_map(|(_, id)| id).collect()))
    }
}

impl QueryFragment<Any> for Found {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Any>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("WITH found AS MATERIALIZED (SELECT api_keys.id AS id");
        for (column, name) in self.order.iter().zip(SORTED_BY) {
            out.push_sql(&format!(", {column} AS {}", name.trim_start_matches("found.")));
        }
        out.push_sql(" FROM api_keys WHERE ");
        self.predicate.walk_ast(out.reborrow())?;
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.most)?;
        out.push_sql(
            ") SELECT counted.keys, page.id FROM (SELECT count(*) AS keys FROM found) AS counted LEFT JOIN (SELECT ",
        );
        let direction = if self.descending { " DESC" } else { " ASC" };
        let columns: Vec<&str> = Self::columns(self.order.len()).collect();
        let ordered: Vec<String> = columns.iter().map(|column| format!("{column}{direction}")).collect();
        out.push_sql(&format!(
            "found.id AS id, row_number() OVER (ORDER BY {}) AS place FROM found",
            ordered.join(", ")
        ));
        if let Some(beyond) = &self.beyond {
            out.push_sql(" WHERE ");
            beyond.walk_ast(out.reborrow())?;
        }
        out.push_sql(" ORDER BY place LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.size)?;
        out.push_sql(") AS page ON TRUE ORDER BY page.place");
        Ok(())
    }
}

impl QueryId for Found {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false; // its text differs from one to the next
}

impl Query for Found {
    type SqlType = (BigInt, Nullable<BigInt>);
}

impl RunQueryDsl<Db> for Found {}
