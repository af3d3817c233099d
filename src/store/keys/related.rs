//! Conditions on what stands in other tables: the owner of a key, its policy, the permissions in its list, its resource.

use diesel::dsl::sql;
use diesel::sql_types::{Bool, Text};

use super::matching::{Reach, written};
use super::predicate::{Predicate, all, any, escaped, fragment, holding, not};
use crate::domain::key_filter::{Column, TextTest};

/// Is the text of this column in another table?
pub fn is_related(column: Column) -> bool {
    matches!(column, Column::Owner | Column::Policy | Column::Scope | Column::Resource)
}

/// A test of the text of a related row. A key without one passes what is not wanted, and "is blank".
pub fn text(column: Column, test: &TextTest, reach: &Reach) -> Predicate {
    let among = |wanted: bool, operator: Operator, values: &[String]| {
        let found = any(values.iter().map(|value| having(column, operator, value, reach)));
        let found = all(present(column, reach).into_iter().chain([found]));
        if wanted { found } else { not(found) }
    };
    match test {
        TextTest::In { wanted, values } => among(*wanted, Operator::Equals, values),
        TextTest::Contains { wanted, value } => among(*wanted, Operator::Like, &[holding(value)]),
        TextTest::StartsWith(value) => among(true, Operator::Like, &[format!("{}%", escaped(value))]),
        TextTest::Blank(blank) if *blank => not(all(present(column, reach).into_iter())),
        TextTest::Blank(_) => all(present(column, reach).into_iter()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equals,
    Like,
}

/// That a key has a related row at all; an owner it always has. Null stays out of a condition that may be negated.
fn present(column: Column, reach: &Reach) -> Option<Predicate> {
    match column {
        Column::Policy | Column::Resource => {
            Some(Box::new(sql::<Bool>("(").sql(written(column, reach)).sql(") IS NOT NULL")))
        }
        Column::Scope => Some(fragment("EXISTS (SELECT 1 FROM key_scopes WHERE key_scopes.key = api_keys.id)")),
        _ => None,
    }
}

/// That the related row of a key has such a text. Owners and resources have two.
fn having(column: Column, operator: Operator, value: &str, reach: &Reach) -> Predicate {
    let key = written(column, reach);
    let walked = matches!(reach, Reach::Row(_));
    let (open, first, second) = match column {
        Column::Owner => (
            format!("{key} IN (SELECT accounts.id FROM accounts WHERE "),
            "accounts.username",
            Some("accounts.name_folded"),
        ),
        Column::Policy => (format!("{key} IN (SELECT policies.id FROM policies WHERE "), "policies.name_folded", None),
        Column::Resource => (
            format!("{key} IN (SELECT resources.id FROM resources WHERE "),
            "resources.name_folded",
            Some("resources.title_folded"),
        ),
        // Row by row each key is looked up; by an index, the keys of the permission are.
        _ if walked => (
            "EXISTS (SELECT 1 FROM key_scopes JOIN permissions ON permissions.id = key_scopes.permission \
             WHERE key_scopes.key = api_keys.id AND "
                .to_owned(),
            "permissions.name",
            None,
        ),
        _ => (
            format!(
                "{key} IN (SELECT key_scopes.key FROM key_scopes JOIN permissions \
                 ON permissions.id = key_scopes.permission WHERE "
            ),
            "permissions.name",
            None,
        ),
    };
    let (compared, escape) = match operator {
        Operator::Equals => (" = ", ""),
        Operator::Like => (" LIKE ", " ESCAPE '\\'"),
    };
    let first = sql::<Bool>(&open).sql(first).sql(compared).bind::<Text, _>(value.to_owned());
    match second {
        Some(second) => {
            let or = format!("{escape} OR {second}{compared}");
            Box::new(first.sql(&or).bind::<Text, _>(value.to_owned()).sql(escape).sql(")"))
        }
        None => Box::new(first.sql(escape).sql(")")),
    }
}
