//! Where a page of a list begins, and what lies around it.

/// Where a page begins: at the start of its list, or beside a place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From<Place> {
    /// At the first row of the list.
    Start,
    /// After this place.
    After(Place),
    /// Before this place: the page ends where it is, and is read backwards.
    Before(Place),
}

impl<Place> From<Place> {
    /// Is the page read from its end?
    pub const fn is_backwards(&self) -> bool {
        matches!(self, Self::Before(_))
    }

    /// Are there rows before and after the page, when there are `more` beyond it in the direction of reading?
    pub const fn around(&self, more: bool) -> (bool, bool) {
        match self {
            Self::Start => (false, more),
            Self::After(_) => (true, more),
            Self::Before(_) => (more, true),
        }
    }
}

/// Counts for people stop here: "10,000+".
pub const COUNT_LIMIT: i64 = 10_000;

/// A number that stops being exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Exactly so many.
    Exactly(i64),
    /// More than the limit.
    Many,
}

impl Count {
    /// Of a count that stopped one above the limit.
    pub fn of(counted: i64, limit: i64) -> Self {
        if counted > limit { Self::Many } else { Self::Exactly(counted) }
    }
}
