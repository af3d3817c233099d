//! Which keys an administrator asks for: read from a query string, written to one, described in words.
//!
//! The same filter serves the page, the count, the export and bulk work. What cannot be read is kept as it came, so that
//! a page shows it as broken and no rows: a filter that was mistyped must not widen a deletion.

mod column;
mod operators;
mod place;
mod read;
mod words;

/// A view that somebody saved.
#[derive(Debug, Clone)]
pub struct SavedView {
    /// To delete it by.
    pub id: SavedViewId,
    /// What its owner called it.
    pub name: String,
    /// The query string of the grid.
    pub query: String,
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

pub use column::{Column, Kind};
pub use operators::{Choice, DateTest, NumberTest, Operator, TextTest};
pub use place::{Place, Value, owner_folded};

use crate::domain::field_error::FieldError;
use crate::domain::ids::JobId;
use crate::domain::ids::SavedViewId;
use crate::domain::text::{self, Limits};
use crate::domain::time::clock::Timestamp;

/// One condition on one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// On what.
    pub column: Column,
    /// What must hold.
    pub test: Test,
}

/// What must hold of a column's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Of a text; compared without regard to case.
    Text(TextTest),
    /// Of a value out of a few.
    Choice {
        /// One of these, or none of these.
        wanted: bool,
        /// The values, in the column's order, each once. Never empty.
        values: Vec<Choice>,
    },
    /// Of a moment.
    Date(DateTest),
    /// Of a number.
    Number(NumberTest),
    /// Of a bulk job: among the keys that it holds, did, or left.
    Job(JobId, JobPart),
}

/// Which of a job's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobPart {
    /// All that it was given.
    All,
    /// Those that it left as they were.
    Skipped,
}

/// A condition that could not be read, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The name, with its operator.
    pub name: String,
    /// The value.
    pub value: String,
    /// What is wrong, as a sentence without a full stop.
    pub problem: String,
}

/// A filter: all of its conditions hold, and the search text occurs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// In the order in which they came.
    pub conditions: Vec<Condition>,
    /// Text that occurs in the first eight, the name, the note or the owner, or, when it [`is_short`], with which a word of them
    /// begins; folded, never empty.
    pub search: Option<String>,
}

/// Is a search text so short that it is looked for at the beginnings of words alone? One or two letters or digits occur nearly
/// everywhere, and no index knows where.
pub fn is_short(search: &str) -> bool {
    search.chars().count() < 3 && search.chars().all(char::is_alphanumeric)
}

impl KeyFilter {
    /// Reads the conditions of a query string. `pairs` that are no condition (sort, page, columns) are not for here.
    pub fn read<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, Vec<Broken>> {
        let (mut filter, mut broken) = (Self::default(), Vec::new());
        let pairs: Vec<(&str, &str)> = pairs.take(MOST_CONDITIONS + 1).collect();
        if pairs.len() > MOST_CONDITIONS {
            let problem = format!("Give {MOST_CONDITIONS} filters or fewer");
            return Err(vec![Broken { name: String::new(), value: String::new(), problem }]);
        }
        for (name, value) in pairs {
            match read::condition(name, value) {
                Ok(condition) => filter.conditions.push(condition),
                Err(problem) => {
                    broken.push(Broken { name: text::excerpt(name, 60), value: text::excerpt(value, 200), problem });
                }
            }
        }
        if filter.conditions.iter().map(Condition::values).sum::<usize>() > MOST_VALUES {
            let problem = format!("Give {MOST_VALUES} values or fewer in all filters together");
            broken.push(Broken { name: String::new(), value: String::new(), problem });
        }
        if broken.is_empty() { Ok(filter) } else { Err(broken) }
    }

    /// The same filter with a search text; blank is none.
    pub fn with_search(self, search: &str) -> Result<Self, FieldError> {
        let limits = Limits { field: "q", label: "Search text", longest: 100 };
        let search = text::line(limits, &text::folded(search))?;
        Ok(Self { search: (!search.is_empty()).then_some(search), ..self })
    }

    /// The filter as the pairs of a query string.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = self.conditions.iter().map(Condition::pair).collect();
        if let Some(search) = &self.search {
            pairs.push(("q".into(), search.clone()));
        }
        pairs
    }

    /// The filter as a query string, the form in which jobs keep it.
    pub fn query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(self.pairs()).finish()
    }

    /// From [`Self::query`].
    pub fn from_query(query: &str) -> Option<Self> {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let conditions = pairs.iter().filter(|(name, _)| name != "q").map(|(n, v)| (n.as_str(), v.as_str()));
        let search = pairs.iter().find(|(name, _)| name == "q").map_or("", |(_, value)| value.as_str());
        Self::read(conditions).ok()?.with_search(search).ok()
    }

    /// Does it let every key through?
    pub fn is_everything(&self) -> bool {
        self.conditions.is_empty() && self.search.is_none()
    }
}

/// More conditions than anybody reads.
pub const MOST_CONDITIONS: usize = 20;
/// Values of all conditions together.
const MOST_VALUES: usize = 200;

/// What the grid sorts by. Every order ends with the id, so that no two keys stand in the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub column: Column,
    /// Largest first?
    pub descending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self { column: Column::Created, descending: true }
    }
}

impl Sort {
    /// Reads `created_at` or `-created_at`; a column that cannot be sorted by is refused.
    pub fn read(text: &str) -> Result<Self, FieldError> {
        let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        let column = name.parse::<Column>().ok().filter(|column| column.sorts());
        let column =
            column.ok_or_else(|| FieldError::new("sort", "The list cannot be sorted by this. Choose a column"))?;
        Ok(Self { column, descending })
    }

    /// As in the query string.
    pub fn query(self) -> String {
        format!("{}{}", if self.descending { "-" } else { "" }, self.column.as_str())
    }

    /// The other way round.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { descending: !self.descending, ..self }
    }
}

/// The limits of a day: its start, and the start of the next.
fn day(text: &str) -> Option<Timestamp> {
    Timestamp::parse_day(text)
}
