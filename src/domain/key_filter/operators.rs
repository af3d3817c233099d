//! What can be asked of a value: the operators with their suffixes in URLs, and the tests that they make.

use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::{self, DAY, MICROSECOND};

/// An operator, as in `column~operator=value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[expect(missing_docs, reason = "each name says what its suffix says")]
#[strum(serialize_all = "lowercase")]
pub enum Operator {
    Eq,
    Neq,
    Contains,
    DoesNotContain,
    StartsWith,
    In,
    NotIn,
    IsBlank,
    IsNonBlank,
    Lt,
    Lte,
    Gt,
    Gte,
    Between,
    Next,
    Older,
}

impl Operator {
    /// How many values it takes: none, one (or several with semicolons), or two.
    pub fn values(self) -> usize {
        match self {
            Self::Between => 2,
            operator if operator.is_alone() => 0,
            _ => 1,
        }
    }

    /// The suffix in URLs.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Does it stand alone, without a value?
    pub fn is_alone(self) -> bool {
        matches!(self, Self::IsBlank | Self::IsNonBlank)
    }
}

/// A test of a text. The texts are folded: comparisons have no regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// Equals one of these (`wanted`), or none of these. Never empty.
    In {
        /// One of these, or none of these.
        wanted: bool,
        /// The texts.
        values: Vec<String>,
    },
    /// Holds this (`wanted`), or does not.
    Contains {
        /// Holds it, or does not.
        wanted: bool,
        /// The text.
        value: String,
    },
    /// Begins with this.
    StartsWith(String),
    /// Is empty, or is not.
    Blank(bool),
}

/// A value of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[expect(missing_docs, reason = "each name says what its word says")]
#[strum(serialize_all = "snake_case")]
pub enum Choice {
    Active,
    Expiring,
    Expired,
    Disabled,
    Revoked,
    Inherit,
    Scopes,
    Policy,
    User,
    Service,
}

impl Choice {
    /// The word in URLs and exports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Expiring => "Expiring",
            Self::Expired => "Expired",
            Self::Disabled => "Disabled",
            Self::Revoked => "Revoked",
            Self::Inherit => "Same as the owner",
            Self::Scopes => "Scopes",
            Self::Policy => "Policy",
            Self::User => "Person",
            Self::Service => "Service account",
        }
    }
}

/// A test of a moment. Days begin at 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateTest {
    /// Before the day begins.
    Before(Timestamp),
    /// When the day begins, or after it.
    From(Timestamp),
    /// From the beginning of the first day to the end of the second.
    Between(Timestamp, Timestamp),
    /// Within the next so many days.
    Next(i64),
    /// More than so many days ago.
    Older(i64),
    /// Never, or at some time.
    Never(bool),
}

impl DateTest {
    /// The moments that pass at `now`: from the first, before the second. `None` for [`Self::Never`].
    pub fn range(self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let (first, last) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
        Some(match self {
            Self::Before(day) => (first, day),
            Self::From(day) => (day, last),
            Self::Between(from, to) => (from, to.plus(DAY)),
            Self::Next(days) => (now.plus(MICROSECOND), now.plus(span::days(days) + MICROSECOND)),
            Self::Older(days) => (first, now.plus(-span::days(days))),
            Self::Never(_) => return None,
        })
    }
}

/// A test of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name says what its suffix says")]
pub enum NumberTest {
    Eq(i64),
    Neq(i64),
    Lt(i64),
    Lte(i64),
    Gt(i64),
    Gte(i64),
    Between(i64, i64),
}
