//! The secret's form, and the two things that stand in for it: the hash that is stored and the first eight that are shown.
//!
//! `clv_` + 8 base62 (first eight) + `_` + 43 base62 (256 bits) + 6 base62 (CRC-32 of all before it).
//! A [`Secret`] has no `Debug`, no `Serialize` and no way into the database; a [`SecretHash`] has no way onto a page.

use std::fmt;

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
        text.push_str(&check);
        Self(text)
    }

    /// Reads a presented secret exactly as it is: no trimming. `None` when prefix, length, alphabet or checksum is wrong.
    pub fn parse(prefixes: &[Prefix], text: &str) -> Option<Self> {
        let rest = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix.as_str())?.strip_prefix('_'))?;
        let (eight, tail) = rest.split_once('_')?;
        if eight.len() != FIRST_EIGHT || tail.len() != RANDOM + CHECKSUM || !is_base62(eight) || !is_base62(tail) {
            return None;
        }
        let (signed, check) = text.split_at_checked(text.len() - CHECKSUM)?;
        (checksum(signed) == check).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The whole text, for the one page or line that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What may be stored of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

/// SHA-256 of the whole secret. A fast hash is right for 256 random bits; passwords get argon2id.
#[derive(Clone, Copy, Eq)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The bytes, for the database.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// From the database. `None` unless there are 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Does `text` hold something that looks like a secret with one of these prefixes? Used to keep secrets out of URLs.
pub fn appears_in(prefixes: &[Prefix], text: &str) -> bool {
    prefixes.iter().any(|prefix| {
        let head = format!("{}_", prefix.as_str());
        text.match_indices(&head).any(|(at, _)| {
            let run = text[at..].bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
            run >= head.len() + FIRST_EIGHT + 1 + RANDOM
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

/// CRC-32 (IEEE) of `text` as six base62 digits, most significant first. Finds typing mistakes; proves nothing.
fn checksum(text: &str) -> String {
    let mut value = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(value % 62) as usize];
        value /= 62;
    }
    digits.iter().map(|b| char::from(*b)).collect()
}

#[cfg(test)]
#[path = "secret_tests.rs"]
mod tests;
