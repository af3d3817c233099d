//! Verify: decide whether a presented secret is good. Reads, never writes; what was used is noted in memory.

use super::{App, Error};
use crate::domain::api_key::{ApiKey, Use};
use crate::domain::clock::Moment;
use crate::domain::secret::Secret;
use crate::domain::text;
use crate::domain::user::Account;
use crate::domain::verdict::{Facts, Refusal, decide};
use crate::store::{keys, settings};

/// The answer.
pub enum Verdict {
    /// Good.
    Good(Box<GoodKey>),
    /// Not good. The reason is not for the one who asked.
    Refused(Refusal),
}

/// A key whose presented secret is good.
pub struct GoodKey {
    /// The key.
    pub key: ApiKey,
    /// Its owner.
    pub owner: Account,
    /// When the presented secret ends: with the key, or before it when a rotation replaced it.
    pub expires_at: Option<Moment>,
}

/// Who presents the secret.
pub struct Presenter<'a> {
    /// The client's address.
    pub address: String,
    /// The client's `User-Agent`.
    pub agent: &'a str,
}

impl App {
    /// Decides about a presented text. `Unavailable` means "cannot know": neither yes nor no.
    pub async fn verify_key(&self, presented: &str, client: Presenter<'_>) -> Result<Verdict, Error> {
        let Some(secret) = Secret::parse(&self.config.prefixes, presented) else {
            return Ok(self.refused(None, Refusal::Unknown, &client));
        };
        let hash = secret.hash();
        let found = self
            .store
            .look_up(move |db| {
                let found = keys::find_by_secret(db, &hash)?;
                Ok::<_, Error>(match found {
                    Some(found) => Some((found, settings::load(db)?)),
                    None => None,
                })
            })
            .await?;
        let Some((found, settings)) = found else { return Ok(self.refused(None, Refusal::Unknown, &client)) };
        let now = self.now();
        let facts = Facts {
            key: &found.key,
            owner_active: found.owner.active,
            replaced_until: found.replaced_until,
            accept_keys: settings.accept_keys,
        };
        if let Err(refusal) = decide(&facts, now) {
            return Ok(self.refused(Some(&found.key), refusal, &client));
        }
        let agent = text::excerpt(client.agent, 200);
        self.use_log.note(found.key.id, Use { at: now, address: client.address, agent });
        let ends = [found.key.expires_at, found.replaced_until];
        let expires_at = ends.into_iter().flatten().min();
        Ok(Verdict::Good(Box::new(GoodKey { key: found.key, owner: found.owner, expires_at })))
    }

    /// Notes the refusal in memory; it is written down with the next flush.
    fn refused(&self, key: Option<&ApiKey>, refusal: Refusal, client: &Presenter<'_>) -> Verdict {
        let shown = key.map_or("unknown", |key| key.first_eight.as_str());
        tracing::debug!(key = shown, reason = refusal.word(), "A key was refused.");
        let agent = text::excerpt(client.agent, 200);
        let key = key.map(|key| (key.id, &key.first_eight));
        self.refusals.note(key, refusal, &client.address, &agent, self.now());
        Verdict::Refused(refusal)
    }
}
