//! Conditions on what stands in other tables: the owner of a key, its policy, the permissions in its list, its resource.

use diesel::dsl::sql;
use diesel::sql_types::Bool;

use super::columns::{AccessPath, written};
use super::predicate::{Composed, Predicate, all, escaped, fragment, holding, not};
use crate::domain::key_filter::{Column, TextTest};
use crate::store::{ReadTx, dialect};

/// Is the text of this column in another table?
pub fn is_related(column: Column) -> bool {
    matches!(column, Column::Owner | Column::Policy | Column::Scope | Column::Resource)
}

/// A test of the text of a related row. A key without one passes what is not wanted, and "is blank".
pub fn text(tx: &ReadTx, column: Column, test: &TextTest, reach: &AccessPath) -> Predicate {
    let among = |wanted: bool, compare: &Compare| {
        // Of a permission that a key has in its list, nobody need ask whether it has a list; and no list is null.
        let present = present(column, reach).filter(|_| column != Column::Scope);
        let found = all(present.into_iter().chain([having(tx, column, compare, reach)]));
        if wanted { found } else { not(found) }
    };
    match test {
        TextTest::In { wanted, values } => among(*wanted, &Compare::In(values)),
        TextTest::Contains { wanted, value } => among(*wanted, &Compare::Like(holding(value))),
        TextTest::StartsWith(value) => among(true, &Compare::Like(format!("{}%", escaped(value)))),
        TextTest::Blank(blank) if *blank => not(all(present(column, reach).into_iter())),
        TextTest::Blank(_) => all(present(column, reach).into_iter()),
    }
}

/// How a text of a related row is compared.
enum Compare<'a> {
    /// It is one of these.
    In(&'a [String]),
    /// It is like this pattern.
    Like(String),
}

/// That a key has a related row at all; an owner it always has. Null stays out of a condition that may be negated.
fn present(column: Column, reach: &AccessPath) -> Option<Predicate> {
    match column {
        Column::Policy | Column::Resource => {
            Some(Box::new(sql::<Bool>("(").sql(written(column, reach)).sql(") IS NOT NULL")))
        }
        Column::Scope => Some(fragment("EXISTS (SELECT 1 FROM key_scopes WHERE key_scopes.key = api_keys.id)")),
        _ => None,
    }
}

/// That the related row of a key has such a text. Owners and resources have two.
fn having(tx: &ReadTx, column: Column, compare: &Compare<'_>, reach: &AccessPath) -> Predicate {
    let key = written(column, reach);
    let walked = matches!(reach, AccessPath::Row(_));
    let (open, close) = dialect::among_few(tx.kind());
    let (open, texts, close): (String, &[&str], String) = match column {
        Column::Owner => (
            format!("{key} {open}SELECT accounts.id FROM accounts WHERE "),
            &["accounts.username", "accounts.name_folded"],
            close.to_owned(),
        ),
        Column::Policy => (
            format!("{key} {open}SELECT policies.id FROM policies WHERE "),
            &["policies.name_folded"],
            close.to_owned(),
        ),
        Column::Resource => (
            format!("{key} {open}SELECT resources.id FROM resources WHERE "),
            &["resources.name_folded", "resources.title_folded"],
            close.to_owned(),
        ),
        // Row by row each key is looked up; by an index, the keys of the permission are.
        _ if walked => (
            format!(
                "EXISTS (SELECT 1 FROM key_scopes WHERE key_scopes.key = api_keys.id \
                 AND key_scopes.permission {open}SELECT permissions.id FROM permissions WHERE "
            ),
            &["permissions.name"],
            format!("{close})"),
        ),
        _ => (
            format!(
                "{key} IN (SELECT key_scopes.key FROM key_scopes \
                 WHERE key_scopes.permission IN (SELECT permissions.id FROM permissions WHERE "
            ),
            &["permissions.name"],
            match reach {
                AccessPath::Sample(None, most) => format!(") LIMIT {most})"),
                _ => "))".to_owned(),
            },
        ),
    };
    let compared = texts.iter().enumerate().fold(Composed::default().sql(&open), |composed, (index, text)| {
        let composed = if index == 0 { composed } else { composed.sql(" OR ") };
        match compare {
            Compare::In(values) => composed.sql(text).one_of(values),
            Compare::Like(pattern) => composed.sql(text).sql(" LIKE ").text(pattern).sql(" ESCAPE '\\'"),
        }
    });
    compared.sql(&close).boxed()
}
