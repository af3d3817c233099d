//! Any text as the place of a cursor: read without a panic, and written as it is read.
#![no_main]

use claviger::domain::key_filter::Place;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(place) = Place::read(text) {
        assert_eq!(Place::read(&place.written()), Some(place));
    }
});
