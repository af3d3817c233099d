//! Links from a list of keys to itself: sorted, filtered, searched, turned over.

use url::form_urlencoded::Serializer;

use crate::domain::key_filter::{Column, Sort};
use crate::web::key_query::KeyQuery;
use crate::web::key_query::SIZES;
use crate::web::paths::KEYS;

impl KeyQuery {
    /// The path of the same list with another order.
    pub fn sorted(&self, sort: Sort) -> String {
        let mut sorted = Self { sort, cursor: None, ..self.clone() };
        sorted.unread.retain(|(name, _)| name != "sort");
        sorted.path()
    }

    /// The path of a page of this list.
    pub fn page(&self, cursor: &str) -> String {
        Self { cursor: Some(cursor.to_owned()), ..self.clone() }.path()
    }

    /// The path of the first page of this list.
    pub fn first_page(&self) -> String {
        Self { cursor: None, ..self.clone() }.path()
    }

    /// The path with one pair more, for what opens over the page.
    pub fn path_with(&self, name: &str, value: &str) -> String {
        format!("{KEYS}?{}&{name}={value}", self.query_string())
    }

    /// The list with one condition more, or in the place of the one at `index`.
    pub fn with_condition(&self, index: Option<usize>, name: String, value: String) -> String {
        let mut changed = Self { cursor: None, view: None, ..self.clone() };
        match index.filter(|index| *index < changed.conditions.len()) {
            Some(index) => changed.conditions[index] = (name, value),
            None => changed.conditions.push((name, value)),
        }
        changed.path()
    }

    /// The list searched for another text.
    pub fn searched(&self, text: &str) -> String {
        Self { search: text.trim().to_owned(), cursor: None, view: None, ..self.clone() }.path()
    }

    /// All keys, with the same columns and order.
    pub fn cleared(&self) -> String {
        let all = Self {
            conditions: Vec::new(),
            search: String::new(),
            unread: Vec::new(),
            unknown_columns: Vec::new(),
            cursor: None,
            view: Some("all".into()),
            ..self.clone()
        };
        all.path()
    }

    /// The path of this list.
    pub fn path(&self) -> String {
        format!("{KEYS}?{}", self.query_string())
    }

    /// The query string of this list, everything that differs from the default in it.
    pub fn query_string(&self) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(&self.conditions);
        query.extend_pairs(&self.unread);
        if !self.search.is_empty() {
            query.append_pair("q", &self.search);
        }
        if self.sort != Sort::default() {
            query.append_pair("sort", &self.sort.query());
        }
        if self.size != SIZES[0] {
            query.append_pair("per_page", &self.size.to_string());
        }
        let mut columns: Vec<&str> = self.unknown_columns.iter().map(String::as_str).collect();
        if self.columns != Column::DEFAULT {
            columns.extend(self.columns.iter().map(|column| column.as_str()));
        }
        if !columns.is_empty() {
            query.append_pair("cols", &columns.join(","));
        }
        if let Some(view) = &self.view {
            query.append_pair("view", view);
        }
        if let Some(cursor) = &self.cursor {
            query.append_pair("from", cursor);
        }
        let query = query.finish();
        // An empty query opens the first view; a list of everything says so.
        let query = if query.is_empty() { "view=all".to_owned() } else { query };
        query.replace("%7E", "~").replace("%3B", ";").replace("%2C", ",")
    }
}
