//! Verify: decide whether a presented secret is good. Reads, never writes; what was used is noted in memory.

use crate::actions::rights::grants::ActingKey;
use crate::actions::rights::rights_source_of;
use crate::actions::sign_in::sessions::idle_since;
use crate::actions::verification::refusals::Refused;
use crate::actions::{App, Error};
use crate::domain::accounts::account::Account;
use crate::domain::keys::api_key::{ApiKey, Use};
use crate::domain::keys::presented::{Form, Forms};
use crate::domain::keys::secret::{Secret, SecretHash};
use crate::domain::rights::permission::Rights;
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{Insufficient, Required, RightsSource, effective};
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::domain::verdict::{Facts, Refusal, decide};
use crate::store::keys::Found;
use crate::store::keys::session_keys;
use crate::store::rights::resources;
use crate::store::{ReadTx, keys, settings};

/// The answer.
pub enum Verdict {
    /// Good, and enough for what was asked.
    Good(Box<GoodKey>),
    /// Good, and not enough.
    Insufficient(Insufficient),
    /// Not good. The reason is not for the one who asked.
    Refused(Refusal),
    /// Not good, and one of very many that came from this address: it may try again after so many seconds.
    TooMany(u64),
    /// It stood in the URL, which this site does not accept, whatever key it may be.
    InUrl,
}

/// A key whose presented secret is good.
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
pub struct Presenter<'a> {
    /// The client's address.
    pub address: String,
    /// The client's `User-Agent`.
    pub agent: &'a str,
    /// The forms in which the request carries the key.
    pub forms: Forms,
}

impl App {
    /// Decides about a presented text, and whether its key is enough for what is asked of it. `Unavailable` means "cannot
    /// know": neither yes nor no.
    pub async fn verify_key(
        &self,
        presented: &str,
        demand: &Required,
        client: Presenter<'_>,
    ) -> Result<Verdict, Error> {
        let in_url = client.forms.has(Form::Query);
        if in_url && !self.store.read_to_verify(settings::load).await?.accepted_forms.has(Form::Query) {
            return Ok(Verdict::InUrl);
        }
        let Some(secret) = Secret::parse(&self.config.prefixes, presented) else {
            return Ok(self.refused(None, Refusal::Unknown, String::new(), &client));
        };
        let (hash, now, resource) = (secret.hash(), self.now(), demand.resource.clone());
        let found = self.store.read_to_verify(move |tx| look_up(tx, &hash, resource.as_ref(), now)).await?;
        let Some(known) = found else {
            let refused = self.refused(None, Refusal::Unknown, String::new(), &client);
            // Counted after the look-up: a good key is never refused because bad ones came from its address.
            return Ok(match self.throttle.try_unknown_key(&client.address) {
                Err(Error::TooMany { retry_after, .. }) => Verdict::TooMany(retry_after),
                _ => refused,
            });
        };
        let Known { found, is_of_session, decided, of_kind, accepted_forms } = known;
        // A session key leaves nothing behind, its uses neither.
        let noted = (!is_of_session).then_some(&found.key);
        let decided = if accepted_forms.has_any_of(client.forms) { decided } else { Err(Refusal::FormNotAccepted) };
        let holding = match decided {
            Ok(holding) => holding,
            Err(refusal) => return Ok(self.refused(noted, refusal, String::new(), &client)),
        };
        let rights = effective(&holding);
        let bound = holding.bound.map(|bound| bound.name);
        if let Err(lacking) = demand.is_met(&rights, bound.as_ref(), of_kind.as_ref()) {
            self.refused(noted, lacking.into(), text::excerpt(&demand.words(), 200), &client);
            return Ok(Verdict::Insufficient(lacking));
        }
        if noted.is_some() {
            let agent = text::excerpt(client.agent, 200);
            let asked = demand.all.iter().chain(&demand.any).filter(|name| rights.contains(*name));
            self.use_log.note(found.key.id, Use { at: now, address: client.address, agent }, asked);
        }
        let ends = [found.key.expires_at, found.replaced_until];
        let expires_at = ends.into_iter().flatten().min();
        let (key, owner) = (found.key, found.owner);
        Ok(Verdict::Good(Box::new(GoodKey { key, owner, rights, bound, expires_at, secret: hash })))
    }

    /// Notes the refusal in memory; it is written down with the next flush.
    fn refused(&self, key: Option<&ApiKey>, reason: Refusal, asked: String, client: &Presenter<'_>) -> Verdict {
        let shown = key.map_or("unknown", |key| key.first_eight.as_str());
        tracing::debug!(key = shown, reason = reason.as_str(), "A key was refused.");
        let agent = text::excerpt(client.agent, 200);
        let key = key.map(|key| (key.id, &key.first_eight));
        let address = &client.address;
        self.refusals.note(Refused { key, reason, asked, address, agent: &agent, at: self.now() });
        Verdict::Refused(reason)
    }
}

/// What the database knows of a presented secret, all of one moment.
pub(in crate::actions) struct Known {
    /// The key and its owner.
    pub found: Found,
    /// It ends with a sign-in session, and is no row of the keys.
    pub is_of_session: bool,
    /// What its rights come from, or why it is not good.
    pub decided: Result<RightsSource, Refusal>,
    /// What keys for the resource that is asked for can be given; `None` when there is none, or nobody asked.
    pub of_kind: Option<Rights>,
    /// The forms in which a request may carry a key.
    pub accepted_forms: Forms,
}

/// What keys for a resource can be given; `None` when there is no such resource.
pub(in crate::actions) fn asked_resource(tx: &mut ReadTx, name: &ResourceName) -> Result<Option<Rights>, Error> {
    Ok(match resources::find(tx, name)? {
        Some(resource) => Some(resources::of_kind(tx, &resource.name.kind)?),
        None => None,
    })
}

/// What the database knows of a secret at this moment. What is not good costs the same questions as what is not known, so that
/// the time of the answer does not tell them apart.
pub(in crate::actions) fn look_up(
    tx: &mut ReadTx,
    hash: &SecretHash,
    resource: Option<&ResourceName>,
    now: Timestamp,
) -> Result<Option<Known>, Error> {
    let settings = settings::load(tx)?;
    let (found, is_of_session) = match keys::find_by_secret(tx, hash)? {
        Some(found) => (found, false),
        None if !settings.session_keys => return Ok(None),
        None => {
            let Some((key, owner)) = session_keys::find(tx, hash, now, idle_since(now))? else { return Ok(None) };
            (Found { key: key.as_key(owner.id), owner, replaced_until: None }, true)
        }
    };
    let facts = Facts {
        key: &found.key,
        owner_active: found.owner.active,
        replaced_until: found.replaced_until,
        policy_deleted: false, // looked at next, with the rights
        accept_keys: settings.accept_keys,
    };
    let decided = match decide(&facts, now) {
        Ok(()) => rights_source_of(tx, &found.key, &found.owner, &settings)?.ok_or(Refusal::PolicyDeleted),
        Err(refusal) => {
            if settings.session_keys && !is_of_session {
                session_keys::find(tx, hash, now, idle_since(now))?;
            }
            Err(refusal)
        }
    };
    let of_kind = match resource.filter(|_| decided.is_ok()) {
        Some(name) => asked_resource(tx, name)?,
        None => None,
    };
    Ok(Some(Known { found, is_of_session, decided, of_kind, accepted_forms: settings.accepted_forms }))
}
