//! A place in the order of the list: where a page begins or ends. The next page is what comes after it.

use super::{Column, Sort};
use crate::domain::ids::KeyId;
use crate::domain::text;

/// The values that the list is ordered by, of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As many as [`Sort::depth`] says.
    pub values: Vec<Value>,
    /// The key's id, which decides between equals.
    pub id: KeyId,
}

/// A value that orders the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number or a moment.
    Number(i64),
    /// A folded text.
    Text(String),
}

impl Sort {
    /// By how many values, besides the id, the list is ordered.
    pub fn depth(self) -> usize {
        if self.column == Column::Status { 2 } else { 1 }
    }
}

impl Place {
    /// One line of text for a cursor: the id and the values, each with its kind.
    pub fn written(&self) -> String {
        let value = |value: &Value| match value {
            Value::Number(number) => format!("n{number}"),
            Value::Text(text) => format!("t{text}"),
        };
        let values: Vec<String> = self.values.iter().map(value).collect();
        format!("{}\n{}", self.id, values.join("\n"))
    }

    /// From [`Self::written`].
    pub fn read(text: &str) -> Option<Self> {
        // A folded text never holds a line end but the owner's, whose name and user name one separates.
        let (id, rest) = text.split_once('\n')?;
        let values = if let Some(text) = rest.strip_prefix('t') {
            vec![Value::Text(text.to_owned())]
        } else {
            let number = |line: &str| line.strip_prefix('n')?.parse().ok().map(Value::Number);
            rest.lines().map(number).collect::<Option<Vec<_>>>()?
        };
        Some(Self { values, id: id.parse().ok()? })
    }
}

/// How an owner is ordered and searched: display name, line end, user name; folded.
pub fn owner_folded(display_name: &str, username: &str) -> String {
    format!("{}\n{username}", text::folded(display_name))
}
