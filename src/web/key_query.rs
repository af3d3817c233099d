//! The state of the grid is its URL: filters as `column~operator=value`, `q`, `sort`, `per_page`, `cols`, `view`, `from`.

use url::form_urlencoded::{self};

use crate::actions::keys::browse::List;
use crate::actions::keys::browse::PAGE_SIZES;
use crate::domain::key_filter::{Broken, Column, KeyFilter, MOST_CONDITIONS, Sort, is_short};
use crate::domain::paging::COUNT_LIMIT;
use crate::domain::text;
use crate::web::key_views::VIEWS;

/// The path of the grid.
pub const PATH: &str = "/admin/api-keys";
/// The longest query string, in bytes: a link of twenty filters is shorter.
const LONGEST: usize = 8 * 1024;
/// The most pairs of it: filters, and what says how the list is shown.
const MOST_PAIRS: usize = MOST_CONDITIONS + 10;
/// The sizes of pages to choose from.
pub const SIZES: [i64; 4] = [20, 50, 100, 200];

/// What a URL of the grid says.
#[derive(Debug, Clone)]
pub struct KeyQuery {
    /// The filter; without conditions while some are broken.
    pub filter: KeyFilter,
    /// What could not be read. While there is any, no key is shown.
    pub broken: Vec<Broken>,
    /// The order.
    pub sort: Sort,
    /// Rows of a page.
    pub size: i64,
    /// The columns that are shown, in their order.
    pub columns: Vec<Column>,
    /// The word or number of the view that was opened.
    pub view: Option<String>,
    /// The link of a page.
    pub cursor: Option<String>,
    /// As it came: the pairs that are filters, also broken ones, for links that take one away.
    pub(in crate::web) conditions: Vec<(String, String)>,
    pub(in crate::web) search: String,
    /// Pairs that are no condition and could not be read. They stay in the links: what is broken must not open everything.
    pub(in crate::web) unread: Vec<(String, String)>,
    /// Columns that do not exist. They stay in the links too, all in one pair: more pairs than came could be too many.
    pub(in crate::web) unknown_columns: Vec<String>,
}

impl KeyQuery {
    /// Reads the query string of a URL. None at all opens the first view.
    pub fn read(query: &str) -> Self {
        let query = if query.is_empty() {
            VIEWS[0].path().split_once('?').map_or(String::new(), |(_, q)| q.into())
        } else {
            query.into()
        };
        let mut read = Self {
            filter: KeyFilter::default(),
            broken: Vec::new(),
            sort: Sort::default(),
            size: SIZES[0],
            columns: Vec::new(),
            view: None,
            cursor: None,
            conditions: Vec::new(),
            search: String::new(),
            unread: Vec::new(),
            unknown_columns: Vec::new(),
        };
        // Each link of the page repeats the query: what nobody could have entered is not repeated at all.
        let is_long = query.len() > LONGEST || form_urlencoded::parse(query.as_bytes()).count() > MOST_PAIRS;
        if is_long {
            read.broken.push(broken(
                "filter".into(),
                String::new(),
                format!("Give {MOST_CONDITIONS} filters or fewer"),
            ));
            read.columns = Column::DEFAULT.to_vec();
            read.unread.push(("filter".into(), "too long".into()));
            return read;
        }
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            match name.as_str() {
                "q" => read.search = value,
                "sort" => match Sort::read(&value) {
                    Ok(sort) => read.sort = sort,
                    Err(field_error) => read.refuse(name, value, &field_error.text),
                },
                "per_page" => match value.parse().ok().filter(|size| (PAGE_SIZES.0..=PAGE_SIZES.1).contains(size)) {
                    Some(size) => read.size = size,
                    None => read.refuse(name, value, "A page has 20 to 200 keys"),
                },
                "cols" => read.add_columns(&value),
                "view" => read.view = Some(value),
                "from" => read.cursor = Some(value).filter(|cursor| !cursor.is_empty()),
                "add" | "edit" | "save" => {} // what is open over the page
                _ => read.conditions.push((name, value)),
            }
        }
        read.columns.sort_unstable();
        read.columns.dedup();
        if read.columns.is_empty() {
            read.columns = Column::DEFAULT.to_vec();
        }
        if !read.unknown_columns.is_empty() {
            let unknown = read.unknown_columns.join(",");
            read.broken.push(broken("cols".into(), unknown, "There is no such column".into()));
        }
        read.read_filter()
    }

    /// Notes what is no condition and cannot be read.
    fn refuse(&mut self, name: String, value: String, problem: &str) {
        self.unread.push((name.clone(), value.clone()));
        self.broken.push(broken(name, value, problem.to_owned()));
    }

    fn read_filter(mut self) -> Self {
        match KeyFilter::read(self.conditions.iter().map(|(name, value)| (name.as_str(), value.as_str()))) {
            Ok(filter) => self.filter = filter,
            Err(problems) => self.broken.extend(problems),
        }
        match std::mem::take(&mut self.filter).with_search(&self.search) {
            Ok(filter) => self.filter = filter,
            Err(field_error) => self.broken.push(broken("q".into(), self.search.clone(), field_error.text)),
        }
        if !self.broken.is_empty() {
            self.filter = KeyFilter::default();
        }
        self
    }

    fn add_columns(&mut self, value: &str) {
        for name in value.split(',').filter(|name| !name.is_empty()) {
            match name.parse::<Column>().ok().filter(|column| column.shows()) {
                Some(column) => self.columns.push(column),
                None => self.unknown_columns.push(name.to_owned()),
            }
        }
    }

    /// What to ask the list for.
    pub fn list(&self) -> List {
        List {
            filter: self.filter.clone(),
            sort: self.sort,
            size: self.size,
            cursor: self.cursor.clone(),
            count_limit: COUNT_LIMIT,
        }
    }

    /// Is anything asked that somebody could clear?
    pub fn has_filters(&self) -> bool {
        !self.conditions.is_empty() || !self.search.is_empty()
    }

    /// The search text as it came.
    pub fn search(&self) -> &str {
        &self.search
    }

    /// How the search text is looked for.
    pub fn search_verb(&self) -> &'static str {
        if is_short(&text::folded(&self.search)) { "finds words that begin with" } else { "finds" }
    }

    /// The conditions as they came, broken ones too: column and operator, value.
    pub fn conditions(&self) -> &[(String, String)] {
        &self.conditions
    }

    /// The errors that are no condition's: the order, the page, the columns, the search text.
    pub fn other_problems(&self) -> Vec<String> {
        let named = |broken: &&Broken| !self.conditions.iter().any(|(name, _)| *name == broken.name);
        self.broken.iter().filter(named).map(|broken| format!("{}: {}", broken.value, broken.problem)).collect()
    }

    /// The list without the condition at `index`.
    pub(super) fn without(&self, index: usize) -> String {
        let mut changed = Self { cursor: None, view: None, ..self.clone() };
        changed.conditions.remove(index);
        changed.path()
    }
}

fn broken(name: String, value: String, problem: String) -> Broken {
    Broken { name, value, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_read_and_written() {
        let query =
            "status~in=active;expiring&expires_at~lt=2027-01-01&q=plate&sort=-uses&per_page=50&cols=first_eight,owner";
        let read = KeyQuery::read(query);
        assert!(read.broken.is_empty(), "{:?}", read.broken);
        assert_eq!(read.query_string(), query);
        assert_eq!(read.chips()[0].words(), "Status is any of Active, Expiring");
        assert!(!read.chips()[1].drop.contains("2027"));
    }

    #[test]
    fn a_broken_filter_lets_nothing_through_and_stays_in_the_links() {
        let read = KeyQuery::read("expires_at~lt=tomorow&status~in=active");
        assert_eq!(read.broken.len(), 1);
        assert_eq!(read.chips()[0].problem, "‘tomorow’ is not a date");
        assert_eq!(read.chips()[1].drop, "/admin/api-keys?expires_at~lt=tomorow");
        let many = "name~eq=x&".repeat(31);
        let long = format!("name~in={}", "x;".repeat(5_000));
        for huge in [many.as_str(), long.as_str()] {
            let read = KeyQuery::read(huge);
            assert_eq!(
                (read.broken.len(), read.conditions().len(), read.path().as_str()),
                (1, 0, "/admin/api-keys?filter=too+long")
            );
        }
        let values = |count: usize| {
            format!("name~in={}&owner~in={}", "a", (0..count).map(|n| format!("o{n}")).collect::<Vec<_>>().join(";"))
        };
        assert!(KeyQuery::read(&values(199)).broken.is_empty() && !KeyQuery::read(&values(200)).broken.is_empty());
        for bad in ["sort", "sort=secret_hash", "per_page=100000", "cols=secret_hash", "nonsense=1", "q=a%0Ab"] {
            let read = KeyQuery::read(bad);
            assert!(!read.broken.is_empty(), "{bad}");
            assert!(!KeyQuery::read(&read.query_string()).broken.is_empty(), "{bad}: its links open nothing either");
            assert!(KeyQuery::read(&read.cleared()["/admin/api-keys?".len()..]).broken.is_empty(), "{bad}: but one");
        }
    }

    #[test]
    fn unknown_columns_stay_in_one_pair() {
        let many = (0..40).map(|n| format!("x{n}")).collect::<Vec<_>>().join(",");
        let read = KeyQuery::read(&format!("cols={many},name&cols=y"));
        assert_eq!(read.other_problems(), [format!("{many},y: There is no such column")]);
        let written = read.query_string();
        assert_eq!(written, format!("cols={many},y,name"));
        assert_eq!(KeyQuery::read(&written).query_string(), written);
    }

    #[test]
    fn every_view_can_be_read() {
        for view in VIEWS {
            let (_, query) = view.path().split_once('?').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
            let read = KeyQuery::read(&query);
            assert!(read.broken.is_empty(), "{}: {:?}", view.name, read.broken);
            assert_eq!(read.view.as_deref(), Some(view.word));
        }
        assert_eq!(KeyQuery::read("").chips()[0].words(), "Status is any of Active, Expiring, Disabled");
    }
}
