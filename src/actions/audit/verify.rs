//! Follows the chain of the audit log from end to end, and says where it is broken.

use crate::actions::{App, Error};
use crate::domain::audit::chain::{BEGINNING, Break, Follower, Hash};
use crate::store::audit;

/// Events that are looked at in one go.
const BATCH: i64 = 5_000;

/// A log whose chain is whole.
#[derive(Debug, Clone)]
pub struct Whole {
    /// How many events there are.
    pub events: i64,
    /// The number of the latest.
    pub last: i64,
    /// Its hash. Kept elsewhere, it proves later that nothing up to here was rewritten.
    pub hash: Hash,
    /// The number of the latest event that the retention purge removed; 0 when none was.
    pub purged: i64,
}

impl App {
    /// Checks every event; `noted` is the number and hash of an event that were written down elsewhere.
    pub async fn verify_audit(&self, noted: Option<(i64, Hash)>) -> Result<Result<Whole, Break>, Error> {
        let ends = self.store.read(audit::ends).await?;
        let (purged, beginning) = ends.purged;
        let mut follower = Follower { sequence: purged, hash: if purged == 0 { BEGINNING } else { beginning } };
        let mut events = 0;
        loop {
            let after = follower.sequence;
            let batch = self.store.query(move |tx| audit::read_chain(tx, after, BATCH)).await?;
            if batch.is_empty() {
                break;
            }
            for (entry, hash) in &batch {
                if let Err(broken) = follower.follow(entry, hash) {
                    return Ok(Err(broken));
                }
                events += 1;
                if noted.is_some_and(|(sequence, noted)| sequence == follower.sequence && noted != follower.hash) {
                    return Ok(Err(Break::NotAsNoted(follower.sequence)));
                }
            }
        }
        // Events that were appended since the ends were read are part of the log; the end must not lie behind it.
        if follower.sequence < ends.last.0 {
            return Ok(Err(Break::CutOff(follower.sequence, ends.last.0)));
        }
        if noted.is_some_and(|(sequence, _)| sequence > follower.sequence) {
            let (sequence, _) = noted.unwrap_or_default();
            return Ok(Err(Break::CutOff(follower.sequence, sequence)));
        }
        Ok(Ok(Whole { events, last: follower.sequence, hash: follower.hash, purged }))
    }
}
