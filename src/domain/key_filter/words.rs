//! A filter in words: "Status is any of Active, Expiring and Expires at (UTC) is before 2027-01-01".

use super::{Column, Condition, DateTest, KeyFilter, Kind, Operator, Sort, Test, TextTest, is_short};

impl Operator {
    /// What people read between the column and the value.
    pub fn label(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Self::Eq, Kind::Number) => "=",
            (Self::Neq, Kind::Number) => "≠",
            (Self::Lt, Kind::Number) => "<",
            (Self::Lte, _) => "≤",
            (Self::Gt, _) => ">",
            (Self::Gte, Kind::Number) => "≥",
            (Self::Eq, _) => "is",
            (Self::Neq, _) => "is not",
            (Self::Lt, _) => "is before",
            (Self::Gte, _) => "is on or after",
            (Self::Contains, _) => "contains",
            (Self::DoesNotContain, _) => "does not contain",
            (Self::StartsWith, _) => "starts with",
            (Self::In, _) => "is any of",
            (Self::NotIn, _) => "is none of",
            (Self::IsBlank, Kind::Date) => "is never",
            (Self::IsBlank, _) => "is blank",
            (Self::IsNonBlank, _) => "is not blank",
            (Self::Between, _) => "is between",
            (Self::Next, _) => "is in the next (days)",
            (Self::Older, _) => "is more than (days) ago",
        }
    }
}

impl Condition {
    /// What stands between the column's label and the value.
    pub fn operator_words(&self) -> &'static str {
        match &self.test {
            Test::Date(DateTest::Next(_)) => "is in the next",
            Test::Date(DateTest::Older(_)) => "is more than",
            Test::Choice { wanted: true, values } if values.len() == 1 => "is",
            Test::Choice { wanted: false, values } if values.len() == 1 => "is not",
            Test::Job(..) => "number",
            _ => self.written().0.label(self.column.kind()),
        }
    }

    /// The value as people read it; empty where the operator says it all.
    pub fn value_words(&self) -> String {
        match &self.test {
            Test::Choice { values, .. } => values.iter().map(|value| value.label()).collect::<Vec<_>>().join(", "),
            Test::Text(TextTest::In { values, .. }) => values.join(", "),
            Test::Date(DateTest::Between(from, to)) => format!("{} and {}", from.day(), to.day()),
            Test::Date(DateTest::Next(1)) => "1 day".into(),
            Test::Date(DateTest::Next(days)) => format!("{days} days"),
            Test::Date(DateTest::Older(1)) => "1 day ago".into(),
            Test::Date(DateTest::Older(days)) => format!("{days} days ago"),
            Test::Number(super::NumberTest::Between(from, to)) => format!("{from} and {to}"),
            _ => self.written().1,
        }
    }

    /// The condition as a sentence without a full stop.
    pub fn words(&self) -> String {
        let sentence = format!("{} {} {}", self.column.label(), self.operator_words(), self.value_words());
        sentence.trim_end().to_owned()
    }
}

impl KeyFilter {
    /// The filter as part of a sentence; empty when it lets everything through.
    pub fn words(&self) -> String {
        let mut parts: Vec<String> = self.conditions.iter().map(Condition::words).collect();
        if let Some(search) = &self.search {
            parts.push(if is_short(search) {
                format!("A word of first 8, owner, name or note begins with {search}")
            } else {
                format!("First 8, owner, name or note contains {search}")
            });
        }
        parts.join(" and ")
    }
}

impl Sort {
    /// "sorted by expiry, soonest first".
    pub fn words(self) -> String {
        let order = match (self.column, self.descending) {
            (Column::Created, true) => "newest first",
            (Column::Created, false) => "oldest first",
            (Column::Expires, true) => "latest first",
            (Column::Expires, false) => "soonest first",
            (Column::Activity, true) => "most recent first",
            (Column::Activity, false) => "longest ago first",
            (Column::Uses, true) => "most first",
            (Column::Uses, false) => "fewest first",
            (_, true) => "descending",
            (_, false) => "ascending",
        };
        format!("sorted by {}, {order}", self.column.label())
    }
}
