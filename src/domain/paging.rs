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

    /// After or before a place, as an address names it.
    pub fn beside(after: Option<Place>, before: Option<Place>) -> Self {
        match (after, before) {
            (Some(place), _) => Self::After(place),
            (None, Some(place)) => Self::Before(place),
            (None, None) => Self::Start,
        }
    }

    /// Are there rows before and after the page, when there are `more` beyond it in the direction of reading?
    const fn around(&self, more: bool) -> (bool, bool) {
        match self {
            Self::Start => (false, more),
            Self::After(_) => (true, more),
            Self::Before(_) => (more, true),
        }
    }
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// In the order of the list.
    pub rows: Vec<T>,
    /// Are there rows before them?
    pub has_previous: bool,
    /// Are there rows after them?
    pub has_next: bool,
}

impl<T> Page<T> {
    /// The page from a place, of rows that were read in its direction: one more than the page holds, if there are more.
    pub fn read<Place>(mut rows: Vec<T>, from: &From<Place>, size: i64) -> Self {
        let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > size;
        rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        if from.is_backwards() {
            rows.reverse();
        }
        let (has_previous, has_next) = from.around(more);
        Self { rows, has_previous, has_next }
    }

    /// The same page of something else.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        let rows = self.rows.into_iter().map(change).collect();
        Page { rows, has_previous: self.has_previous, has_next: self.has_next }
    }

    /// The row before which the previous page ends, if there is one.
    pub fn previous(&self) -> Option<&T> {
        self.rows.first().filter(|_| self.has_previous)
    }

    /// The row after which the next page begins, if there is one.
    pub fn next(&self) -> Option<&T> {
        self.rows.last().filter(|_| self.has_next)
    }
}

/// Counts for people stop here: "10,000+".
pub const COUNT_LIMIT: i64 = 10_000;

/// A number that stops being exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Exactly so many.
    Exactly(i64),
    /// More than this, where counting stopped.
    Many(i64),
}

impl Count {
    /// Of a count that stopped one above the limit.
    pub fn of(counted: i64, limit: i64) -> Self {
        if counted > limit { Self::Many(limit) } else { Self::Exactly(counted) }
    }
}
