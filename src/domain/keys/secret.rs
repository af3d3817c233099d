//! The secret's form, and the two things that stand in for it: the hash that is stored and the first eight that are shown.
//!
//! `clv_` + 8 base62 (first eight) + `_` + 43 base62 (256 bits) + 6 base62 (CRC-32 of all before it).
//! A [`Secret`] has no `Debug`, no `Serialize` and no way into the database; a [`SecretHash`] has no way onto a page.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use percent_encoding::percent_decode_str;
use rand::Rng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const FIRST_EIGHT: usize = 8;
const RANDOM: usize = 43;
const CHECKSUM: usize = 6;

/// What a secret starts with: 2 to 12 characters of `[a-z0-9]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    /// `None` unless the text is 2 to 12 characters of `[a-z0-9]`.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (2..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        fits.then(|| Self(text.to_owned()))
    }

    /// The text, without the underscore.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The pattern for secret scanners: matches every secret with this prefix.
    pub fn scanner_pattern(&self) -> String {
        format!(r"\b{}_[0-9A-Za-z]{{8}}_[0-9A-Za-z]{{49}}\b", self.0)
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self("clv".to_owned())
    }
}

/// A key's public identifier: the eight base62 characters after the prefix. Case matters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FirstEight(String);

impl FirstEight {
    /// Eight base62 characters, or a whole secret (of which the eight are taken). `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let eight = match text.split('_').collect::<Vec<_>>()[..] {
            [eight] => eight,
            [_, eight, rest] if rest.len() == RANDOM + CHECKSUM => eight,
            _ => return None,
        };
        (eight.len() == FIRST_EIGHT && is_base62(eight)).then(|| Self(eight.to_owned()))
    }

    /// A fresh one.
    pub fn generate(rng: &mut dyn Rng) -> Self {
        Self(base62(rng, FIRST_EIGHT).to_string())
    }

    /// The eight characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FirstEight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text a person copies. Wiped from memory when dropped.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A new secret for the key `first_eight`, with 256 bits from `rng`.
    pub fn generate(prefix: &Prefix, first_eight: &FirstEight, rng: &mut dyn Rng) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(prefix.0.len() + 2 + FIRST_EIGHT + RANDOM + CHECKSUM));
        text.push_str(&prefix.0);
        text.push('_');
        text.push_str(&first_eight.0);
        text.push('_');
        text.push_str(&base62(rng, RANDOM));
        let check = checksum(&text);
        text.extend(check.map(char::from));
        Self(text)
    }

    /// Reads a presented secret exactly as it is: no trimming. `None` when prefix, length, alphabet or checksum is wrong.
    pub fn parse(prefixes: &[Prefix], text: &str) -> Option<Self> {
        is_well_formed(prefixes, text).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The whole text, for the one page or line that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What may be stored of it.
    pub fn hash(&self) -> SecretHash {
        hash_of(&self.0)
    }
}

fn hash_of(text: &str) -> SecretHash {
    SecretHash(Sha256::digest(text.as_bytes()).into())
}

fn is_well_formed(prefixes: &[Prefix], text: &str) -> bool {
    let is_signed = || {
        let rest = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix.as_str())?.strip_prefix('_'))?;
        let (eight, tail) = rest.split_once('_')?;
        if eight.len() != FIRST_EIGHT || tail.len() != RANDOM + CHECKSUM || !is_base62(eight) || !is_base62(tail) {
            return None;
        }
        let (signed, check) = text.split_at_checked(text.len() - CHECKSUM)?;
        Some(checksum(signed) == check.as_bytes())
    };
    is_signed().unwrap_or(false)
}

/// SHA-256 of the whole secret. A fast hash is right for 256 random bits; passwords get argon2id.
#[derive(Clone, Copy, Eq)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The bytes, for the database.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Of a presented text, as [`Secret::parse`] reads it; nothing is copied.
    pub fn of_presented(prefixes: &[Prefix], text: &str) -> Option<Self> {
        is_well_formed(prefixes, text).then(|| hash_of(text))
    }

    /// From the database. `None` unless there are 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// All of its bytes are random: eight of them are enough.
impl Hash for SecretHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0[..8]);
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Does `text` hold something that looks like a secret with one of these prefixes, or a part of one that gives much of it away?
/// Also percent-encoded, up to twice, and in base64, as `Authorization: Basic` has it. Used to keep secrets out of all that is
/// kept or shown.
pub fn appears_in(prefixes: &[Prefix], text: &str) -> bool {
    if text.len() < FIRST_EIGHT + TELLING {
        return false; // too short, however it is written
    }
    let mut decoded = Cow::Borrowed(text);
    for _ in 0..=ENCODED_AT_MOST {
        if stands_in(prefixes, &decoded) || in_base64(prefixes, &decoded) {
            return true;
        }
        if !decoded.contains('%') {
            break;
        }
        decoded = Cow::Owned(percent_decode_str(&decoded).decode_utf8_lossy().into_owned());
    }
    false
}

/// How often a text may have been percent-encoded for a secret in it to be found.
const ENCODED_AT_MOST: usize = 2;
/// So many characters of the random part are much of it.
const TELLING: usize = 16;

/// As it is: `clv_`, eight characters, `_`, and at least [`TELLING`] more.
fn stands_in(prefixes: &[Prefix], text: &str) -> bool {
    let fits = |rest: &str| {
        let run = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let tail = rest.get(FIRST_EIGHT..).and_then(|tail| tail.strip_prefix('_')).filter(|_| run == FIRST_EIGHT);
        tail.is_some_and(|tail| tail.bytes().take(TELLING).filter(u8::is_ascii_alphanumeric).count() == TELLING)
    };
    prefixes.iter().any(|prefix| {
        let head = format!("{}_", prefix.as_str());
        text.match_indices(&head).any(|(at, head)| fits(&text[at + head.len()..]))
    })
}

/// In a run of base64, of either alphabet, wherever in the run it begins.
fn in_base64(prefixes: &[Prefix], text: &str) -> bool {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
    let least = (FIRST_EIGHT + TELLING) * 4 / 3;
    let runs = text.split(|c| !is_base64(c)).filter(|run| run.len() >= least);
    runs.into_iter().any(|run| {
        let standard = run.replace('-', "+").replace('_', "/");
        (0..4).any(|start| {
            let whole = &standard[start..start + (standard.len() - start) / 4 * 4];
            let decoded = BASE64_STANDARD_NO_PAD.decode(whole).map(Zeroizing::new);
            decoded.is_ok_and(|bytes| stands_in(prefixes, &String::from_utf8_lossy(&bytes)))
        })
    })
}

/// `length` base62 characters without modulo bias: bytes from 248 up are thrown away.
pub fn base62(rng: &mut dyn Rng, length: usize) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(length));
    let mut bytes = Zeroizing::new([0_u8; 64]);
    while text.len() < length {
        rng.fill_bytes(&mut *bytes);
        let usable = bytes.iter().filter(|byte| **byte < 248);
        let missing = length - text.len();
        text.extend(usable.map(|byte| char::from(BASE62[usize::from(byte % 62)])).take(missing));
    }
    text
}

fn is_base62(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// CRC-32 (IEEE) of `text` as six base62 digits, most significant first. Finds typing errors; proves nothing.
fn checksum(text: &str) -> [u8; CHECKSUM] {
    let mut value = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(value % 62) as usize];
        value /= 62;
    }
    digits
}

#[cfg(test)]
#[path = "secret_tests.rs"]
mod tests;
