//! Any query string of the grid: read without a panic; what it is written as again reads as the same list.
#![no_main]

use claviger::web::key_query::KeyQuery;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    let read = KeyQuery::read(query);
    let written = read.query_string();
    let again = KeyQuery::read(&written);
    assert_eq!(again.query_string(), written);
    assert_eq!(again.broken.is_empty(), read.broken.is_empty(), "{written}");
    assert!(written.len() <= 4 * query.len() + 200, "{} became {}", query.len(), written.len());
});
