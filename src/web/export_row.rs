//! A key as a row of an export: which cells a column makes, and how a cell is written so that no spreadsheet runs it.

use serde_json::{Map, Value, json};

use crate::actions::keys::browse::ListedKey;
use crate::domain::accounts::account::OwnerView;
use crate::domain::key_filter::Column;
use crate::domain::keys::api_key::Stop;
use crate::domain::rights::{AccessView, GrantView};
use crate::domain::time::clock::Timestamp;

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A text, as it is.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A moment.
    Time(Timestamp),
    /// Nothing.
    Empty,
}

/// The heads of a column: the owner makes two, access three; who ended a key comes with the time and the reason.
pub fn heads(column: Column) -> Vec<&'static str> {
    match column {
        Column::Owner => vec!["owner", "owner_name"],
        Column::Access => vec!["access", "scopes", "resource"],
        Column::DisabledBy => vec!["disabled_by", "disabled_at", "disabled_because"],
        Column::RevokedBy => vec!["revoked_by", "revoked_at", "revoked_because"],
        column => vec![column.as_str()],
    }
}

/// The cells of a column.
pub fn cells(column: Column, row: &ListedKey, now: Timestamp) -> Vec<Cell> {
    let ListedKey { key, owner, access, made_by, disabled_by, revoked_by } = row;
    let text = |text: &str| if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) };
    let time = |at: Option<Timestamp>| at.map_or(Cell::Empty, Cell::Time);
    let who = |by: &Option<OwnerView>| text(by.as_ref().map_or("", |account| &account.username));
    let stop = |by: &Option<OwnerView>, stop: Option<&Stop>| {
        vec![who(by), time(stop.map(|stop| stop.at)), text(stop.map_or("", |stop| &stop.reason))]
    };
    let latest = key.last_use.as_ref();
    match column {
        Column::FirstEight => vec![text(key.first_eight.as_str())],
        Column::Owner => vec![text(&owner.username), text(&owner.display_name)],
        Column::OwnerEmail => vec![text(owner.email.as_deref().unwrap_or_default())],
        Column::Name => vec![text(&key.name)],
        Column::Note => vec![text(&key.note)],
        Column::Access => vec![text(key.grant.as_str()), text(&given(access)), text(&bound_to(access))],
        Column::Status => vec![text(if key.is_expiring(now) { "expiring" } else { key.status(now).as_str() })],
        Column::Created => vec![Cell::Time(key.created_at)],
        Column::Expires => vec![time(key.expires_at)],
        Column::Activity => vec![time(latest.map(|latest| latest.at))],
        Column::Address => vec![text(latest.map_or("", |latest| &latest.address))],
        Column::Uses => vec![Cell::Number(key.use_count)],
        Column::CreatedBy => vec![who(made_by)],
        Column::DisabledBy => stop(disabled_by, key.disabled.as_ref()),
        Column::RevokedBy => stop(revoked_by, key.revoked.as_ref()),
        _ => Vec::new(),
    }
}

/// The name of the policy, or the scopes with spaces between them.
fn given(access: &AccessView) -> String {
    match &access.grant {
        GrantView::Everything => String::new(),
        GrantView::Scopes(scopes) => scopes.join(" "),
        GrantView::Policy(name) => name.clone(),
    }
}

fn bound_to(access: &AccessView) -> String {
    access.resource.as_ref().map(|(name, _)| name.clone()).unwrap_or_default()
}

impl Cell {
    /// For CSV and TSV.
    pub fn plain(&self) -> String {
        match self {
            Self::Text(text) => neutral(text),
            Self::Number(number) => number.to_string(),
            Self::Time(at) => at.rfc3339(),
            Self::Empty => String::new(),
        }
    }

    /// For JSON: exact, nothing is neutralised.
    pub fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Number(number) => json!(number),
            Self::Time(at) => json!(at.rfc3339()),
            Self::Empty => Value::Null,
        }
    }
}

/// A text that no spreadsheet takes for a formula (OWASP, CSV injection): one that begins like a formula, also in full-width
/// forms, or with a tab or a line end, gets an apostrophe in front; and so does what begins like one after a character at which
/// some spreadsheet begins the next cell, whatever the quotes around it say.
pub fn neutral(text: &str) -> String {
    const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    const SEPARATORS: [char; 5] = [';', ',', '\t', '\r', '\n'];
    let mut neutral = String::with_capacity(text.len() + 1);
    let mut at_start = true;
    for (at, character) in text.char_indices() {
        let blank_start = at == 0 && matches!(character, '\t' | '\r' | '\n' | '\0');
        if blank_start || at_start && FORMULA.contains(&character) {
            neutral.push('\'');
        }
        at_start = SEPARATORS.contains(&character) || at_start && matches!(character, ' ' | '"' | '\'' | '\0');
        neutral.push(character);
    }
    neutral
}

/// A key as a JSON object.
pub fn object(columns: &[Column], row: &ListedKey, now: Timestamp) -> Value {
    let mut object = Map::new();
    for column in columns {
        for (head, cell) in heads(*column).into_iter().zip(cells(*column, row, now)) {
            object.insert(head.into(), cell.json());
        }
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::neutral;

    #[test]
    fn nothing_that_begins_like_a_formula_stays_as_it_is() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1", "=cmd|' /C calc'!A0"] {
            assert_eq!(neutral(formula), format!("'{formula}"), "docs/rules.md, Q6");
        }
        for (inside, neutralised) in [
            ("x;=1+1;y", "x;'=1+1;y"),
            ("x;  =1", "x;  '=1"),
            ("  =1", "  '=1"),
            ("x,@a", "x,'@a"),
            ("a\t-1", "a\t'-1"),
            ("a\n+1", "a\n'+1"),
            ("a;\"=1", "a;\"'=1"),
        ] {
            assert_eq!(neutral(inside), neutralised, "S19");
        }
        for plain in ["a=b", "x-1", "1", "", "ci @ home", "a; b", "2026-11-21"] {
            assert_eq!(neutral(plain), plain);
        }
    }
}
