//! Counts that stop: nobody reads on after "10,000+".

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;

use crate::store::connection::Db;
use crate::store::{ReadTx, dialect};

/// `SELECT count(*)` over a query that has a limit: the database counts, and hands over one number.
struct Counted<Q>(Q);

type Any = <Db as Connection>::Backend;

impl<Q: QueryFragment<Any>> QueryFragment<Any> for Counted<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Any>) -> QueryResult<()> {
        out.push_sql("SELECT count(*) FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS limited");
        Ok(())
    }
}

impl<Q> QueryId for Counted<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> Query for Counted<Q> {
    type SqlType = BigInt;
}

impl<Q> RunQueryDsl<Db> for Counted<Q> {}

/// As [`rows_of`] of a query that is to be walked along the index of its order.
pub fn rows_walking<Q: QueryFragment<Any>>(tx: &mut ReadTx, query: Q) -> QueryResult<i64> {
    dialect::walking(tx.db(), |db| Counted(query).get_result(db))
}

/// How many rows a query gives. Its own limit bounds the work.
pub fn rows_of<Q: QueryFragment<Any>>(tx: &mut ReadTx, query: Q) -> QueryResult<i64> {
    Counted(query).get_result(tx.db())
}
