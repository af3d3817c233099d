//! Any text as a presented key: read without a panic, and what is read is the whole text.
#![no_main]

use claviger::domain::keys::secret::{FirstEight, Prefix, Secret, appears_in};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let prefixes = ["clv", "lab2"].map(|prefix| Prefix::parse(prefix).expect("a prefix"));
    if let Some(secret) = Secret::parse(&prefixes, text) {
        assert_eq!(secret.reveal(), text);
        assert!(appears_in(&prefixes, text), "what is a key is found as one");
    }
    let _first_eight = FirstEight::parse(text);
    let _found = appears_in(&prefixes, text);
});
