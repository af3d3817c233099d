//! Pages of lists in the order of a text and an id: by keyset, never by offset, so that the last page costs what the first one does.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use crate::domain::paging::From;
use crate::store::connection::Db;

/// A condition on the rows of a table, on either database.
pub type Beyond<Table> = Box<dyn BoxableExpression<Table, <Db as Connection>::Backend, SqlType = Bool>>;

/// What lies beyond a row in the direction of a page: a comparison of rows, which both databases answer from the index of the
/// order. `columns` are those of the order, such as `resources.title_folded, resources.id`.
pub fn beyond<Table: 'static, Place>(
    columns: &'static str,
    from: &From<Place>,
    (text, id): (String, i64),
) -> Beyond<Table> {
    let operator = if from.is_backwards() { ") < (" } else { ") > (" };
    let open = sql::<Bool>("(").sql(columns).sql(operator);
    Box::new(open.bind::<Text, _>(text).sql(", ").bind::<BigInt, _>(id).sql(")"))
}
