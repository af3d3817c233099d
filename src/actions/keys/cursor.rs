//! The link to the next page: signed, so that nobody can aim it, and tied to the filter and the order it was made for (docs/rules.md, Q3).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::domain::key_filter::Place;

/// Bytes of the signature that are kept.
const SIGNATURE: usize = 16;

/// What signs cursors.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// From as many bytes as a block of SHA-256 has: a key of another length cannot be made.
    pub fn new(bytes: &[u8; 64]) -> Self {
        Self(Hmac::new(bytes.into()))
    }

    fn signature(&self, list: &str, body: &str) -> Vec<u8> {
        let mut mac = self.0.clone();
        mac.update(b"claviger cursor");
        mac.update(&Sha256::digest(list.as_bytes()));
        mac.update(body.as_bytes());
        mac.finalize().into_bytes()[..SIGNATURE].to_vec()
    }
}

/// Where a page begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The page comes before this place instead of after it.
    pub backwards: bool,
    /// How many keys of the list stood before the page that made this cursor (backwards), or before the page that it leads to.
    pub position: i64,
    /// The place.
    pub place: Place,
}

impl Cursor {
    /// As text for a URL. `list` names the filter and the order.
    pub fn sign(&self, key: &SigningKey, list: &str) -> String {
        let direction = if self.backwards { "b" } else { "f" };
        let body = format!("{direction}\n{}\n{}", self.position, self.place.written());
        let mut bytes = key.signature(list, &body);
        bytes.extend_from_slice(body.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// `None` for a text that was altered, or made for another list.
    pub fn read(text: &str, key: &SigningKey, list: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signed, body) = bytes.split_at_checked(SIGNATURE)?;
        let body = std::str::from_utf8(body).ok()?;
        if !bool::from(subtle::ConstantTimeEq::ct_eq(signed, &key.signature(list, body)[..])) {
            return None;
        }
        let mut parts = body.splitn(3, '\n');
        let backwards = parts.next()? == "b";
        let position = parts.next()?.parse().ok()?;
        Some(Self { backwards, position, place: Place::read(parts.next()?)? })
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::ids::KeyId;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::key_filter::Value;

    fn places() -> impl Strategy<Value = Place> {
        let values = prop_oneof![
            any::<i64>().prop_map(|n| vec![Value::Number(n)]),
            (any::<i64>(), any::<i64>()).prop_map(|(a, b)| vec![Value::Number(a), Value::Number(b)]),
            "[a-zé ]{0,9}(\n[a-z]{1,5})?".prop_map(|text| vec![Value::Text(text)]),
        ];
        (values, any::<i64>()).prop_map(|(values, id)| Place { values, id: KeyId(id) })
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_back_and_no_altered_one_is(place in places(), backwards: bool, position in 0..i64::MAX, flip in 0_usize..4_000) {
            let cursor = Cursor { backwards, position, place };
            let (key, another) = (SigningKey::new(&[1; 64]), SigningKey::new(&[2; 64]));
            let text = cursor.sign(&key, "list");
            prop_assert_eq!(Cursor::read(&text, &key, "list"), Some(cursor));
            prop_assert_eq!(Cursor::read(&text, &key, "another list"), None);
            prop_assert_eq!(Cursor::read(&text, &another, "list"), None);
            let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(&text).unwrap();
            let bit = flip % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Cursor::read(&BASE64_URL_SAFE_NO_PAD.encode(bytes), &key, "list"), None);
        }
    }
}
