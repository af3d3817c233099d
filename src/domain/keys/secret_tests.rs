//! Properties of the secret's form.

use std::collections::HashSet;

use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};

use super::*;

fn secret(seed: u64) -> Secret {
    let mut rng = StdRng::seed_from_u64(seed);
    let first_eight = FirstEight::generate(&mut rng);
    Secret::generate(&Prefix::default(), &first_eight, &mut rng)
}

fn prefixes() -> Vec<Prefix> {
    vec![Prefix::default()]
}

proptest! {
    #[test]
    fn what_is_generated_is_read_back(seed in any::<u64>()) {
        let made = secret(seed);
        let read = Secret::parse(&prefixes(), made.reveal()).expect("own secrets parse");
        prop_assert!(read.hash() == made.hash());
        prop_assert_eq!(made.reveal().len(), 62);
        let eight = FirstEight::parse(made.reveal()).expect("a whole secret is accepted for its first eight");
        prop_assert_eq!(eight.as_str(), &made.reveal()[4..12]);
    }

    #[test]
    fn any_edit_of_one_character_is_refused(seed in any::<u64>(), at in 0_usize..62, to in any::<char>()) {
        let made = secret(seed);
        let mut edited: Vec<char> = made.reveal().chars().collect();
        prop_assume!(edited[at] != to);
        edited[at] = to;
        let edited: String = edited.into_iter().collect();
        prop_assert!(Secret::parse(&prefixes(), &edited).is_none(), "{}", edited);
    }

    #[test]
    fn arbitrary_text_never_panics(text in ".*") {
        let _parsed = Secret::parse(&prefixes(), &text);
        let _eight = FirstEight::parse(&text);
        let _found = appears_in(&prefixes(), &text);
    }

    #[test]
    fn the_scanner_pattern_finds_every_secret(seed in any::<u64>()) {
        let pattern = regex::Regex::new(&Prefix::default().scanner_pattern()).expect("a valid pattern");
        let made = secret(seed);
        let line = format!("KEY={}\n", made.reveal());
        let found = pattern.find(&line).expect("found");
        prop_assert_eq!(found.as_str(), made.reveal());
        prop_assert!(appears_in(&prefixes(), &line));
    }
}

#[test]
fn truncated_extended_and_decorated_secrets_are_refused() {
    let made = secret(1);
    let text = made.reveal();
    let edits = [
        text[..61].to_owned(),
        format!("{text}0"),
        format!(" {text}"),
        format!("{text}\n"),
        format!("apikey|{text}"),
        text.replace("clv_", "CLV_"),
        text.to_lowercase(),
        text.replace('_', "%5F"),
        format!("{text}\0"),
        String::new(),
        "clv_".to_owned(),
    ];
    for edit in edits {
        assert!(Secret::parse(&prefixes(), &edit).is_none(), "{edit:?}");
    }
}

#[test]
fn ten_thousand_secrets_differ_and_use_the_alphabet_evenly() {
    let mut seen = HashSet::new();
    let mut counts = [0_u32; 256];
    for seed in 0..10_000 {
        let made = secret(seed);
        for byte in made.reveal()[13..56].bytes() {
            counts[usize::from(byte)] += 1;
        }
        assert!(seen.insert(made.reveal().to_owned()));
    }
    // Chi squared with 61 degrees of freedom; 136 is the 1e-6 quantile's neighbourhood. The seeds are fixed, so is the outcome.
    let expected = f64::from(10_000 * 43) / 62.0;
    let chi: f64 = BASE62.iter().map(|b| (f64::from(counts[usize::from(*b)]) - expected).powi(2) / expected).sum();
    assert!(chi < 136.0, "chi squared {chi}");
}

#[test]
fn a_prefix_is_short_and_plain() {
    for good in ["clv", "a1", "abcdefghijkl"] {
        assert!(Prefix::parse(good).is_some(), "{good}");
    }
    for bad in ["", "a", "Clv", "a_b", "abcdefghijklm", "ä1"] {
        assert!(Prefix::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn a_secret_is_found_however_it_is_written() {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    let made = secret(1);
    let text = made.reveal();
    let twice = text.replace('_', "%255F");
    let hex_digits = hex::encode(text);
    let every: Vec<&str> = (0..hex_digits.len()).step_by(2).map(|at| &hex_digits[at..at + 2]).collect();
    for (why, hidden) in [
        ("whole", text.to_owned()),
        ("among words", format!("the key {text}, for Monday")),
        ("without its last eight", text[..54].to_owned()),
        ("little more than a third of it", text[..29].to_owned()),
        ("percent-encoded", text.replace('_', "%5f")),
        ("each byte", format!("%{}", every.join("%"))),
        ("percent-encoded twice", twice),
        ("Basic", format!("Basic {}", BASE64_STANDARD.encode(format!("apikey:{text}")))),
        ("Basic of the key alone", BASE64_STANDARD.encode(text)),
        ("URL-safe, in the middle of a word", format!("x{}", BASE64_URL_SAFE_NO_PAD.encode(format!("apikey:{text}")))),
        ("two keys", format!("{text}{text}")),
    ] {
        assert!(appears_in(&prefixes(), &hidden), "{why}: {hidden}");
    }
    for harmless in [
        "",
        "clv_",
        &text[..12],
        "clv_ba9af604",
        "clv_ba9af604_tests",
        "ba9af604",
        "a clv_key_with_a_name",
        "https://example.org/%41%42?x=%zz%",
        "aGVsbG8gd29ybGQsIHRoaXMgaXMgYSBsb25nIHRleHQgaW4gYmFzZTY0",
        "clv_ääää_ääääääääääääääääääääääääääääää",
    ] {
        assert!(!appears_in(&prefixes(), harmless), "{harmless}");
    }
}
