//! The addresses of lists: what is searched for, and the place at which a page begins.

use std::fmt::Display;

use crate::domain::paging::Page;

/// The address of a list with what it is asked for, as far as that is not empty.
pub fn path(list: &str, asked: &[(&str, &str)], place: Option<(&str, &dyn Display)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in asked.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    if let Some((name, place)) = place {
        query.append_pair(name, &place.to_string());
    }
    format!("{list}?{}", query.finish())
}

/// The address of the page before this one, if there is one. `place` gives the place of a row.
pub fn previous<T, P: Display>(
    list: &str,
    asked: &[(&str, &str)],
    page: &Page<T>,
    place: impl Fn(&T) -> P,
) -> Option<String> {
    Some(path(list, asked, Some(("before", &place(page.previous()?)))))
}

/// The address of the page after this one, if there is one.
pub fn next<T, P: Display>(
    list: &str,
    asked: &[(&str, &str)],
    page: &Page<T>,
    place: impl Fn(&T) -> P,
) -> Option<String> {
    Some(path(list, asked, Some(("after", &place(page.next()?)))))
}
