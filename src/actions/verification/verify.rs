//! Verify: decide whether a presented secret is good. Reads, never writes; what was used is noted in memory.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::actions::rights::grants::ActingKey;
use crate::actions::site::metrics::Verified;
use crate::actions::verification::KeyFacts;
use crate::actions::verification::cache::Remembered;
use crate::actions::verification::cache::facts::{No, RightsFacts};
use crate::actions::verification::look_up::{asked_resource, look_up};
use crate::actions::verification::refusals::Refused;
use crate::actions::verification::together::Answer;
use crate::actions::{App, Error};
use crate::domain::accounts::account::Account;
use crate::domain::ids::KeyId;
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::presented::{Form, Forms};
use crate::domain::keys::secret::{FirstEight, SecretHash};
use crate::domain::rights::permission::Rights;
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{Insufficient, Required};
use crate::domain::text;
use crate::domain::time::clock::{Timestamp, Uptime};
use crate::domain::verdict::Refusal;
use crate::store::{ReadTx, settings};

/// The answer.
pub enum Verdict<G> {
    /// Good, and enough for what was asked.
    Good(G),
    /// Good, and not enough.
    Insufficient(Insufficient),
    /// Not good. The reason is not for the one who asked.
    Refused(Refusal),
    /// Not good, and one of very many that came from this address: it may try again after so many seconds.
    TooMany(u64),
    /// It stood in the URL, which this site does not accept, whatever key it may be.
    InUrl,
}

/// A key whose presented secret is good, as the database has it.
pub struct GoodKey {
    /// The key.
    pub key: ApiKey,
    /// Its owner.
    pub owner: Account,
    /// What it may do now.
    pub rights: Rights,
    /// The resource that it is bound to.
    pub bound: Option<ResourceName>,
    /// When the presented secret ends: with the key, or before it when a rotation replaced it.
    pub expires_at: Option<Timestamp>,
    /// The hash of the presented secret.
    pub secret: SecretHash,
}

impl GoodKey {
    /// The key as one that asks for another.
    pub fn asking(&self) -> ActingKey {
        let key = &self.key;
        ActingKey { first_eight: key.first_eight.clone(), expires_at: self.expires_at, rotated_at: key.rotated_at }
    }
}

/// Who presents the secret.
#[derive(Clone, Copy)]
pub struct Presenter<'a> {
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The client's `User-Agent`.
    pub agent: &'a str,
    /// The forms in which the request carries the key.
    pub forms: Forms,
}

impl App {
    /// Decides for a gateway, from memory where that can be trusted: whether a presented text is a good key, and enough for what
    /// is asked of it. `Unavailable` means "cannot know": neither yes nor no.
    pub async fn verify(
        &self,
        presented: &str,
        demand: &Required,
        client: Presenter<'_>,
    ) -> Result<Verdict<Arc<KeyFacts>>, Error> {
        let began = Instant::now();
        let verdict = self.verify_from_memory(presented, demand, client).await;
        let verified = match &verdict {
            Ok(Verdict::Good(_)) => Verified::Good,
            Ok(Verdict::Insufficient(_)) => Verified::Insufficient,
            Ok(Verdict::Refused(_) | Verdict::InUrl) => Verified::Refused,
            Ok(Verdict::TooMany(_)) => Verified::TooMany,
            Err(_) => Verified::Unavailable,
        };
        self.metrics.note(verified, began);
        verdict
    }

    async fn verify_from_memory(
        &self,
        presented: &str,
        demand: &Required,
        client: Presenter<'_>,
    ) -> Result<Verdict<Arc<KeyFacts>>, Error> {
        let hash = match self.read_secret(presented, &client).await? {
            Ok(hash) => hash,
            Err(refused) => return Ok(refused.into()),
        };
        let now = self.now();
        let resource = demand.resource.as_ref();
        let remembered = match self.cache.find(&hash, resource, (now, Uptime::now())) {
            Some(remembered) => remembered,
            None => self.read_and_keep(hash, resource, now).await?,
        };
        let Remembered::Key(facts, of_kind) = remembered else { return Ok(self.refuse_unknown_key(&client).into()) };
        Ok(match self.judge(&facts, demand, &client, of_kind.as_deref(), now) {
            Ok(()) => Verdict::Good(facts),
            Err(refused) => refused.into(),
        })
    }

    /// The same for who acts with the key, as the database has it at this moment.
    pub async fn verify_key(
        &self,
        presented: &str,
        demand: &Required,
        client: Presenter<'_>,
    ) -> Result<Verdict<Box<GoodKey>>, Error> {
        let hash = match self.read_secret(presented, &client).await? {
            Ok(hash) => hash,
            Err(refused) => return Ok(refused.into()),
        };
        let (now, resource) = (self.now(), demand.resource.clone());
        let read_at = (self.cache.begin(), now);
        let read = move |tx: &mut ReadTx| {
            let known = look_up(tx, &hash, now)?;
            let of_kind = match &resource {
                Some(name) => asked_resource(tx, name)?,
                None => None,
            };
            Ok::<_, Error>((known, of_kind))
        };
        let (Some(known), of_kind) = self.store.read_to_verify(read).await? else {
            return Ok(self.refuse_unknown_key(&client).into());
        };
        let facts = known.to_facts(&self.cache, Vec::new(), read_at);
        let of_kind = of_kind.map(RightsFacts::of);
        if let Err(refused) = self.judge(&facts, demand, &client, of_kind.as_ref(), now) {
            return Ok(refused.into());
        }
        Ok(Verdict::Good(Box::new(GoodKey {
            key: known.found.key,
            owner: known.found.owner,
            rights: facts.rights.rights.clone(),
            bound: facts.bound.as_ref().map(|bound| bound.name.clone()),
            expires_at: facts.facts.ends_at(),
            secret: hash,
        })))
    }

    /// The hash of the secret in a presented text, or why there is none.
    async fn read_secret(&self, presented: &str, client: &Presenter<'_>) -> Result<Result<SecretHash, NotGood>, Error> {
        if client.forms.has(Form::Query) && !self.accepted_forms().await?.has(Form::Query) {
            return Ok(Err(NotGood::InUrl));
        }
        let parsed = SecretHash::of_presented(&self.config.prefixes, presented);
        Ok(parsed.ok_or_else(|| self.refuse_key(None, Refusal::Unknown, String::new(), client)))
    }

    async fn accepted_forms(&self) -> Result<Forms, Error> {
        if let Some(forms) = self.cache.accepted_forms(Uptime::now()) {
            return Ok(forms);
        }
        let era = self.cache.begin();
        let forms = self.store.read_to_verify(settings::load).await?.accepted_forms;
        self.cache.keep_accepted_forms(era, forms);
        Ok(forms)
    }

    /// Asks the database, and keeps what it says.
    async fn read_and_keep(
        &self,
        hash: SecretHash,
        resource: Option<&ResourceName>,
        now: Timestamp,
    ) -> Result<Remembered, Error> {
        self.metrics.note_look_up();
        let era = self.cache.begin();
        let Answer { facts, of_kind } = self.look_up_together(hash, resource.cloned(), now).await?;
        let Some(facts) = facts else { return Ok(Remembered::Unknown) };
        let is_good = facts.is_good(now);
        let of_kind = match resource.filter(|_| is_good) {
            Some(name) => self.cache.keep_of_kind(name.clone(), era, of_kind),
            None => of_kind.map(RightsFacts::of).map(Arc::new),
        };
        Ok(Remembered::Key(facts, of_kind))
    }

    /// Decides, and notes the use or the refusal.
    fn judge(
        &self,
        facts: &KeyFacts,
        demand: &Required,
        client: &Presenter<'_>,
        of_kind: Option<&RightsFacts>,
        now: Timestamp,
    ) -> Result<(), NotGood> {
        // A session key leaves nothing behind, its uses neither.
        let noted = (!facts.is_of_session).then_some(facts);
        match facts.judge(demand, client.forms, of_kind, now) {
            Ok(()) => {}
            Err(No::Refused(reason)) => return Err(self.refuse_key(noted, reason, String::new(), client)),
            Err(No::Insufficient(lacking)) => {
                self.refuse_key(noted, lacking.into(), text::excerpt(&demand.words(), 200), client);
                return Err(NotGood::Insufficient(lacking));
            }
        }
        if noted.is_some() {
            let asked = demand.all.iter().chain(&demand.any).filter(|name| facts.rights.rights.contains(*name));
            self.use_log.note(facts.key, now, client.address, client.agent, asked);
        }
        Ok(())
    }

    /// Notes that no key has this secret. Counted after the look-up: a good key is never refused because bad ones came from its
    /// address.
    fn refuse_unknown_key(&self, client: &Presenter<'_>) -> NotGood {
        let refused = self.refuse_key(None, Refusal::Unknown, String::new(), client);
        match self.throttle.try_unknown_key(client.address) {
            Err(Error::TooMany { retry_after, .. }) => NotGood::TooMany(retry_after),
            _ => refused,
        }
    }

    /// Notes the refusal in memory; it is written down with the next flush.
    fn refuse_key(&self, facts: Option<&KeyFacts>, reason: Refusal, asked: String, client: &Presenter<'_>) -> NotGood {
        let key: Option<(KeyId, FirstEight)> = facts.and_then(|facts| Some((facts.key, facts.named()?)));
        let shown = key.as_ref().map_or("unknown", |(_, first_eight)| first_eight.as_str());
        tracing::debug!(key = shown, reason = reason.as_str(), "A key was refused.");
        self.refusals.note(Refused {
            key,
            reason,
            asked,
            address: client.address,
            agent: client.agent,
            at: self.now(),
        });
        NotGood::Refused(reason)
    }
}

/// Every answer but the good one.
enum NotGood {
    Insufficient(Insufficient),
    Refused(Refusal),
    TooMany(u64),
    InUrl,
}

impl<G> From<NotGood> for Verdict<G> {
    fn from(refused: NotGood) -> Self {
        match refused {
            NotGood::Insufficient(lacking) => Self::Insufficient(lacking),
            NotGood::Refused(reason) => Self::Refused(reason),
            NotGood::TooMany(retry_after) => Self::TooMany(retry_after),
            NotGood::InUrl => Self::InUrl,
        }
    }
}
