//! Any bytes as the headers that carry a key: a key comes out of one of them, never of two that differ.
#![no_main]

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use claviger::web::credentials::{Presented, presented};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|headers: Vec<(u8, Vec<u8>)>| {
    let names = ["authorization", "x-api-key", "apikey", "cookie"].map(HeaderName::from_static);
    let mut request = TestRequest::default();
    let mut authorizations = 0;
    for (name, value) in headers {
        let name = names[usize::from(name) % names.len()].clone();
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            authorizations += usize::from(name == names[0]);
            request = request.append_header((name, value));
        }
    }
    match presented(&request.to_http_request()) {
        Presented::Key(key, _) => assert!(!key.is_empty() && authorizations <= 1),
        Presented::Nothing | Presented::Unreadable | Presented::Ambiguous => {}
    }
});
