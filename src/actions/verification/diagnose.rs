//! "Why was this refused?": from a secret, its first eight or its hash to the key, its state, and the last refusals.

use crate::actions::sign_in::sessions::idle_since;
use crate::actions::{Administrator, App, Error};
use crate::domain::accounts::account::OwnerView;
use crate::domain::field_error::FieldError;
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::secret::{FirstEight, Secret, SecretHash};
use crate::domain::rights::AccessView;
use crate::domain::time::clock::Timestamp;
use crate::domain::verdict::{Facts, Refusal, decide};
use crate::store::keys::session_keys;
use crate::store::usage::refusals;
use crate::store::{ReadTx, accounts, keys, rights, settings};

use crate::domain::usage::Counted;

/// What was found.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The key.
    pub key: ApiKey,
    /// What it may do.
    pub access: AccessView,
    /// Whose it is.
    pub owner: OwnerView,
    /// Why it would be refused at this moment; `None` when it is good.
    pub refusal: Option<Refusal>,
    /// The last refusals of it, latest first, those of one kind and day together.
    pub refusals: Vec<Counted>,
    /// Does it end with a sign-in session?
    pub is_of_session: bool,
    /// The moment of the answer.
    pub now: Timestamp,
    /// Was a whole secret given, and is it the key's? A first eight alone proves nothing.
    pub secret: Proof,
}

/// What the text says about the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It was no secret.
    None,
    /// It is the key's present secret.
    Right,
    /// It is the secret before the present one, and ends then.
    Old(Timestamp),
    /// It has the key's first eight, and is not its secret: replaced, or mistyped.
    Wrong,
}

/// What was pasted.
enum Given {
    Secret(Option<Box<SecretHash>>, FirstEight),
    FirstEight(FirstEight),
    Hash(SecretHash),
}

impl App {
    /// Looks a pasted text up. It is kept nowhere.
    pub async fn diagnose(&self, _: Administrator<'_>, pasted: &str) -> Result<Explanation, Error> {
        let given = self.read_pasted(pasted)?;
        let now = self.now();
        let mut found = self
            .store
            .read(move |tx| {
                let unknown = || Error::from(FieldError::new("pasted", UNKNOWN));
                let (by_secret, first_eight) = match &given {
                    Given::Secret(hash, first_eight) => {
                        let found = hash.as_ref().map(|hash| keys::find_by_secret(tx, hash)).transpose()?.flatten();
                        (found, first_eight.clone())
                    }
                    Given::Hash(hash) => {
                        let found = keys::find_by_secret(tx, hash)?.ok_or_else(unknown)?;
                        let first_eight = found.key.first_eight.clone();
                        (Some(found), first_eight)
                    }
                    Given::FirstEight(first_eight) => (None, first_eight.clone()),
                };
                let settings = settings::load(tx)?;
                let replaced_until = by_secret.as_ref().and_then(|found| found.replaced_until);
                let secret = match (&given, &by_secret, replaced_until) {
                    (Given::FirstEight(_), ..) => Proof::None,
                    (_, Some(_), Some(until)) => Proof::Old(until),
                    (_, Some(_), None) => Proof::Right,
                    (_, None, _) => Proof::Wrong,
                };
                let found = match keys::find(tx, &first_eight)? {
                    Some(key) => Some((key, secret, false)),
                    None if !settings.session_keys => None,
                    None => of_session(tx, &given, &first_eight, now)?.map(|(key, secret)| (key, secret, true)),
                };
                let (key, secret, is_of_session) = found.ok_or_else(unknown)?;
                let owner = accounts::owners(tx, &[key.owner])?.remove(&key.owner).unwrap_or_default();
                let facts = Facts {
                    owner_active: owner.active,
                    replaced_until,
                    policy_deleted: rights::policy_is_deleted(tx, &key)?,
                    accept_keys: settings.accept_keys,
                    ..Facts::of(&key)
                };
                let refusal = decide(&facts, now).err();
                let refusals = if is_of_session { Vec::new() } else { refusals::of_key(tx, key.id, 10)? };
                let access = if is_of_session { AccessView::inherited() } else { rights::access(tx, &key)? };
                Ok::<_, Error>(Explanation { key, access, owner, refusal, refusals, is_of_session, now, secret })
            })
            .await?;
        self.use_log.complete(&mut found.key);
        Ok(found)
    }

    fn read_pasted(&self, pasted: &str) -> Result<Given, Error> {
        let text = pasted.trim();
        if let Ok(bytes) = hex::decode(text)
            && let Some(hash) = SecretHash::from_bytes(&bytes)
        {
            return Ok(Given::Hash(hash));
        }
        let secret = Secret::parse(&self.config.prefixes, text).map(|secret| Box::new(secret.hash()));
        match (FirstEight::parse(text), text.len()) {
            (Some(first_eight), 8) => Ok(Given::FirstEight(first_eight)),
            (Some(first_eight), _) => Ok(Given::Secret(secret, first_eight)),
            (None, 0) => {
                Err(FieldError::new("pasted", "Paste an API key, its first 8 characters, or its SHA-256 hash").into())
            }
            (None, _) => {
                Err(FieldError::new("pasted", "This is no API key: check that all of it was copied, and nothing else")
                    .into())
            }
        }
    }
}

/// The key of a sign-in session that is alive.
fn of_session(
    tx: &mut ReadTx,
    given: &Given,
    first_eight: &FirstEight,
    now: Timestamp,
) -> Result<Option<(ApiKey, Proof)>, Error> {
    let Some((key, owner, hash)) = session_keys::find_named(tx, first_eight, now, idle_since(now))? else {
        return Ok(None);
    };
    let secret = match given {
        Given::FirstEight(_) => Proof::None,
        Given::Hash(given) if *given == hash => Proof::Right,
        Given::Secret(Some(given), _) if **given == hash => Proof::Right,
        Given::Hash(_) | Given::Secret(..) => Proof::Wrong,
    };
    Ok(Some((key.as_key(owner), secret)))
}

/// What an administrator reads about a text that belongs to no key.
const UNKNOWN: &str = "No such key on this server. It may be mistyped, purged, or from another server";
