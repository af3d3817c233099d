//! The chain of the audit log: each event's hash covers its own fields and the hash before it, so that nobody can change,
//! remove, insert or swap an event without breaking every hash after it.
//!
//! The hash is SHA-256 over the predecessor's hash and the fields in the order of [`Entry`]. A number is 8 bytes, big end
//! first; a text is its length in bytes as such a number, and its UTF-8; what is absent is the number -1.

use sha2::{Digest, Sha256};

use crate::domain::ids::AccountId;

/// SHA-256 of an event and all before it.
pub type Hash = [u8; 32];

/// What stands before the first event.
pub const BEGINNING: Hash = [0; 32];

/// An event as the database keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// 1, 2, 3 … without a gap.
    pub sequence: i64,
    /// Microseconds since 1970 UTC.
    pub at: i64,
    /// The account that acted.
    pub actor: Option<AccountId>,
    /// Its name.
    pub actor_name: String,
    /// The channel.
    pub via: String,
    /// What was done or tried.
    pub action: String,
    /// To what.
    pub target: String,
    /// How it ended.
    pub outcome: String,
    /// The rest, as the text of a JSON object.
    pub details: String,
    /// The client's address.
    pub address: Option<String>,
    /// The reference of the request.
    pub request: Option<String>,
}

impl Entry {
    /// The hash of this event after one with the hash `previous`.
    pub fn hash(&self, previous: &Hash) -> Hash {
        let mut hash = Sha256::new();
        hash.update(previous);
        let mut number = |number: i64| hash.update(number.to_be_bytes());
        number(self.sequence);
        number(self.at);
        number(self.actor.map_or(-1, |actor| actor.0));
        let mut text = |text: Option<&str>| {
            hash.update(text.map_or(-1, |text| i64::try_from(text.len()).unwrap_or(i64::MAX)).to_be_bytes());
            hash.update(text.unwrap_or_default());
        };
        for field in [&self.actor_name, &self.via, &self.action, &self.target, &self.outcome, &self.details] {
            text(Some(field));
        }
        text(self.address.as_deref());
        text(self.request.as_deref());
        hash.finalize().into()
    }
}

/// Where a chain is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Break {
    /// Events are missing: after the first number comes the second.
    Gap(i64, i64),
    /// This event is not what it was, or not where it was.
    Changed(i64),
    /// The log ends at the first number; the chain's end says that there were events up to the second.
    CutOff(i64, i64),
    /// The event with this number has another hash than the one that was noted elsewhere.
    NotAsNoted(i64),
}

impl std::fmt::Display for Break {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gap(last, next) if next > last => {
                write!(f, "Events are missing: after number {last} comes number {next}.")
            }
            Self::Gap(last, next) => {
                write!(f, "An event stands where none belongs: after number {last} comes number {next}.")
            }
            Self::Changed(sequence) => {
                write!(f, "Event number {sequence} is not what was written: it was changed, inserted or swapped.")
            }
            Self::CutOff(last, end) => {
                write!(
                    f,
                    "The end is missing: the last event is number {last}, and there were events up to number {end}."
                )
            }
            Self::NotAsNoted(sequence) => {
                write!(f, "Event number {sequence} is not the one whose hash was noted: the log was rewritten.")
            }
        }
    }
}

/// Follows a chain from its beginning, or from what was purged.
#[derive(Debug, Clone)]
pub struct Follower {
    /// The number of the event before.
    pub sequence: i64,
    /// Its hash.
    pub hash: Hash,
}

impl Follower {
    /// Takes the next event with the hash that stands beside it.
    pub fn follow(&mut self, entry: &Entry, stored: &[u8]) -> Result<(), Break> {
        if entry.sequence != self.sequence + 1 {
            return Err(Break::Gap(self.sequence, entry.sequence));
        }
        let hash = entry.hash(&self.hash);
        if hash.as_slice() != stored {
            return Err(Break::Changed(entry.sequence));
        }
        (self.sequence, self.hash) = (entry.sequence, hash);
        Ok(())
    }
}
