//! *Get or create*: the key for a resource that is there, or a new one. Two at the same moment make one key.

use crate::actions::keys::attempt::Attempt;
use crate::actions::keys::generate::issue;
use crate::actions::keys::request::{KeyRequest, New};
use crate::actions::keys::rotate::{Grace, renew};
use crate::actions::rights::grants::Attenuation;
use crate::actions::rights::own_resources::{matching, own_resource};
use crate::actions::{Actor, App, Error, ResourceAdministrator};
use crate::domain::accounts::account::Kind;
use crate::domain::field_error::FieldError;
use crate::domain::ids::AccountId;
use crate::domain::keys::api_key::{ApiKey, KeyName};
use crate::domain::keys::secret::{FirstEight, SecretHash};
use crate::domain::rights::permission::Rights;
use crate::domain::rights::resource::{Resource, ResourceName};
use crate::domain::rights::{AccessView, GrantRequest};
use crate::domain::time::clock::Timestamp;
use crate::store::rights::resources;
use crate::store::{ReadTx, WriteTx, accounts, keys, rights};

/// Which scopes a key of *get or create* has: exactly these, or all that keys for the resource can be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of them: the master key.
    All,
    /// Exactly these.
    These(Rights),
}

/// What *get or create* answers.
pub enum GotOrCreated {
    /// The key was there; its secret is known to nobody here.
    Got(Box<(ApiKey, AccessView)>),
    /// The key was there, and has a new secret.
    Rotated(Box<New>, Option<Timestamp>),
    /// There was none.
    Created(Box<New>),
    /// This form was answered before, with the secret of this key.
    Before(FirstEight),
}

impl App {
    /// The actor's own key for a resource with exactly these scopes: the one that is there, or a new one. With `rotate`, the
    /// one that is there gets a new secret. Two at the same moment make one key.
    pub async fn get_or_create_key(
        &self,
        by: ResourceAdministrator<'_>,
        wanted: Wanted,
        request: KeyRequest,
        rotate: Option<Grace>,
    ) -> Result<GotOrCreated, Error> {
        let account = by.account();
        let request = KeyRequest { resource: Some(by.resource().clone()), ..request };
        self.attempt(async || {
            // A new secret for the key that is there carries its first eight.
            let existing = match self.get_key(account, wanted.clone(), &request, rotate.is_some()).await? {
                Some((key, access)) if rotate.is_none() => return Ok(GotOrCreated::Got(Box::new((key, access)))),
                existing => existing,
            };
            self.throttle.try_creation(by.actor().account)?; // once it is known that whoever asks may
            let (first_eight, secret) = self.draw_key();
            let renewed = existing.map(|(key, _)| {
                let secret = self.draw_secret(&key.first_eight);
                (key.first_eight, secret)
            });
            let hashes = Hashes {
                new: (first_eight, secret.hash()),
                renewed: renewed.as_ref().map(|(key, secret)| (key.clone(), secret.hash())),
            };
            let (actor, wanted, request, now) = (by.actor().clone(), wanted.clone(), request.clone(), self.now());
            let made = self
                .act(by.authority(), move |tx| {
                    get_or_create(tx, &actor, account, &wanted, request, rotate, hashes, now)
                })
                .await?;
            Ok(match (made, renewed) {
                (Made::Got(key, access), _) => GotOrCreated::Got(Box::new((key, access))),
                (Made::Created(Ok((key, access))), _) => GotOrCreated::Created(Box::new(New { key, access, secret })),
                (Made::Created(Err(before)), _) => GotOrCreated::Before(before),
                (Made::Rotated(key, access, until), Some((_, secret))) => {
                    GotOrCreated::Rotated(Box::new(New { key, access, secret }), until)
                }
                (Made::Rotated(..), None) => {
                    return Err(Error::Internal("a key was rotated without a secret".into()).into());
                }
            })
        })
        .await
    }

    /// The key that *get or create* would find. Who asks with a key that may not make one, or not renew it, learns that here.
    async fn get_key(
        &self,
        account: AccountId,
        wanted: Wanted,
        request: &KeyRequest,
        renews: bool,
    ) -> Result<Option<(ApiKey, AccessView)>, Error> {
        let (name, asking, now) = (bound_to(request)?.clone(), request.asking.clone(), self.now());
        self.store
            .read(move |tx| {
                let resource = own_resource(tx, account, &name)?;
                let scopes = scopes(tx, &wanted, &resource)?;
                let found = matching(tx, account, &resource, &scopes, now)?;
                if let Some(asking) = asking.filter(|_| found.is_none() || renews) {
                    Attenuation::of(tx, &asking, now)?.allows(&GrantRequest::Scopes(scopes))?;
                }
                let Some(key) = found else { return Ok(None) };
                let access = rights::access(tx, &key)?;
                Ok(Some((key, access)))
            })
            .await
    }
}

/// What is kept of the secrets that an attempt may issue.
struct Hashes {
    new: (FirstEight, SecretHash),
    /// For the key that was there when the attempt began.
    renewed: Option<(FirstEight, SecretHash)>,
}

enum Made {
    Got(ApiKey, AccessView),
    Rotated(ApiKey, AccessView, Option<Timestamp>),
    Created(Result<(ApiKey, AccessView), FirstEight>),
}

#[expect(clippy::too_many_arguments, reason = "one transaction, called from one place")]
fn get_or_create(
    tx: &mut WriteTx,
    actor: &Actor,
    account: AccountId,
    wanted: &Wanted,
    request: KeyRequest,
    rotate: Option<Grace>,
    hashes: Hashes,
    now: Timestamp,
) -> Result<Made, Attempt> {
    if accounts::find(tx, account)?.is_some_and(|account| account.kind == Kind::Service) {
        keys::lock_server_keys(tx)?; // before the account, as for every other server key
    }
    accounts::lock(tx, account)?; // who comes second finds what the first has made
    let resource = own_resource(tx, account, bound_to(&request)?)?;
    let scopes = scopes(tx, wanted, &resource)?;
    let wish = GrantRequest::Scopes(scopes.clone());
    let Some(key) = matching(tx, account, &resource, &scopes, now)? else {
        let name = match (wanted, request.name) {
            (Wanted::All, None) => Some(master_name(tx, account, &resource, now)?),
            (_, name) => name,
        };
        let request = KeyRequest { name, wish, ..request };
        return Ok(Made::Created(issue(tx, actor, account, request, hashes.new, now)?));
    };
    let Some(grace) = rotate else {
        let access = rights::access(tx, &key)?;
        return Ok(Made::Got(key, access));
    };
    match hashes.renewed.filter(|(first_eight, _)| *first_eight == key.first_eight) {
        Some((_, hash)) => {
            if let Some(asking) = &request.asking {
                Attenuation::of(tx, asking, now)?.allows(&wish)?;
            }
            let key = keys::lock_own(tx, account, &key.first_eight)?.ok_or(Error::NotFound)?;
            let renewed = renew(tx, actor, &key, (hash, grace), request.asking.as_ref(), now)?;
            Ok(Made::Rotated(renewed.key, renewed.access, renewed.old_until))
        }
        None => Err(Attempt::Again),
    }
}

fn bound_to(request: &KeyRequest) -> Result<&ResourceName, Error> {
    request.resource.as_ref().ok_or_else(|| Error::Internal("a key for no resource was asked for".into()))
}

fn scopes(tx: &mut ReadTx, wanted: &Wanted, resource: &Resource) -> Result<Rights, Error> {
    let allowed = resources::of_kind(tx, &resource.name.kind)?;
    let scopes = match wanted {
        Wanted::All => allowed,
        Wanted::These(these) if these.is_empty() => {
            return Err(FieldError::new("scopes", "Select at least one scope").into());
        }
        Wanted::These(these) => {
            if let Some(name) = these.difference(&allowed).next() {
                let text = format!("Keys for {} cannot be given {}", resource.name.text(), name.as_str());
                return Err(FieldError::new("scopes", text).into());
            }
            these.clone()
        }
    };
    if scopes.is_empty() {
        let text =
            format!("Keys for a {} can be given nothing yet: an administrator says what", resource.name.kind.as_str());
        return Err(FieldError::new("scopes", text).into());
    }
    Ok(scopes)
}

/// What a master key is called that nobody named.
fn master_name(tx: &mut WriteTx, account: AccountId, resource: &Resource, now: Timestamp) -> Result<KeyName, Error> {
    let of: String = resource.name.text().chars().take(70).collect();
    for attempt in 1..1_000 {
        let name =
            if attempt == 1 { format!("Master key for {of}") } else { format!("Master key for {of} ({attempt})") };
        let name = KeyName(name);
        if !keys::name_is_held(tx, account, &name, now)? {
            return Ok(name);
        }
    }
    Err(Error::Internal("no name is free".into()))
}
