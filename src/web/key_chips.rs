//! The conditions of a list of keys as chips that read as sentences.

use crate::domain::key_filter::{Column, Condition, KeyFilter, Operator};
use crate::web::key_query::KeyQuery;

/// A condition as a chip.
#[derive(Debug, Clone, Default)]
pub struct Chip {
    /// Its place among the conditions.
    pub index: usize,
    /// The column.
    pub column: String,
    /// The operator.
    pub operator: String,
    /// The value.
    pub value: String,
    /// What is wrong; empty when nothing is.
    pub problem: String,
    /// The link that edits it.
    pub edit: String,
    /// The link that removes it.
    pub drop: String,
}

impl Chip {
    fn of(self, condition: &Condition) -> Self {
        Self {
            column: condition.column.label().into(),
            operator: condition.operator_words().into(),
            value: condition.value_words(),
            ..self
        }
    }

    fn broken(self, name: &str, value: &str, problem: &str) -> Self {
        let (column, operator) = name.split_once('~').unwrap_or((name, ""));
        let known = column.parse::<Column>().ok();
        let said = known.zip(operator.parse::<Operator>().ok()).map(|(column, operator)| operator.label(column.kind()));
        Self {
            column: known.map_or_else(|| column.to_owned(), |column| column.label().to_owned()),
            operator: said.unwrap_or(operator).into(),
            value: value.into(),
            problem: problem.into(),
            ..self
        }
    }

    /// The chip as a sentence.
    pub fn words(&self) -> String {
        format!("{} {} {}", self.column, self.operator, self.value).trim_end().to_owned()
    }
}

impl KeyQuery {
    /// The conditions as chips: as they read, or as what is wrong with them.
    pub fn chips(&self) -> Vec<Chip> {
        let chip = |(index, (name, value)): (usize, &(String, String))| {
            let read = KeyFilter::read([(name.as_str(), value.as_str())].into_iter());
            let base = Chip {
                index,
                edit: self.path_with("edit", &index.to_string()),
                drop: self.without(index),
                ..Chip::default()
            };
            match read {
                Ok(filter) => filter.conditions.first().map_or(base.clone(), |condition| base.of(condition)),
                Err(broken) => base.broken(name, value, broken.first().map_or("", |broken| &broken.problem)),
            }
        };
        self.conditions().iter().enumerate().map(chip).collect()
    }
}
