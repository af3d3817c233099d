//! Generate API Key: the record, the secret that is shown once, and the promise that a form is answered with one only once.

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::actions::keys::room::counted;
use crate::actions::rights::grants::{ActingKey, Attenuation, CheckedGrant, find_resource, give, own_scopes, prove};
use crate::actions::{Actor, App, Error};
use crate::domain::accounts::account::{Account, Kind};
use crate::domain::audit::Action;
use crate::domain::field_error::FieldError;
use crate::domain::ids::AccountId;
use crate::domain::keys::api_key::{ApiKey, KeyName, KeyNote};
use crate::domain::keys::lifetime::{Expiry, LifetimeRule};
use crate::domain::keys::secret::{FirstEight, Secret, SecretHash, base62};
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{AccessView, GrantRequest};
use crate::domain::settings::Settings;
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::store::keys::NewKey;
use crate::store::keys::forms;
use crate::store::keys::forms::Shown;
use crate::store::keys::lifetime_rules;
use crate::store::rights::resources;
use crate::store::{self, ReadTx, Unique, WriteTx, accounts, keys, rights, settings};

/// Why nobody, or no owner of this kind, gets new keys by the settings. The one place where the three switches count.
pub fn creation_off(settings: &Settings, kind: Kind) -> Option<&'static str> {
    match kind {
        _ if !settings.allow_creation => {
            Some("An administrator has turned off new API keys on this server. Existing keys keep working.")
        }
        Kind::User if !settings.user_keys => {
            Some("On this server, users do not create API keys. Your existing keys keep working. Ask an administrator.")
        }
        Kind::Service if !settings.service_keys => {
            Some("On this server, service accounts get no new API keys: see Site settings. Existing keys keep working.")
        }
        Kind::User | Kind::Service => None,
    }
}

/// Why a person who has `live` keys cannot get another.
pub(in crate::actions) fn refusal(settings: &Settings, rule: &LifetimeRule, live: i64) -> Option<String> {
    creation_off(settings, Kind::User).map(str::to_owned).or_else(|| too_many("You have", rule, live))
}

/// Why an administrator cannot make another key for a person who has `live` ones. That users do not create keys is no reason.
pub(in crate::actions) fn refusal_for_other(settings: &Settings, rule: &LifetimeRule, live: i64) -> Option<String> {
    let off = creation_off(&Settings { user_keys: true, ..settings.clone() }, Kind::User);
    off.map(str::to_owned).or_else(|| too_many("This person has", rule, live))
}

fn too_many(who_has: &str, rule: &LifetimeRule, live: i64) -> Option<String> {
    let limit = i64::from(rule.keys_per_owner);
    if limit == 0 || live < limit {
        return None;
    }
    let keys = text::counted(live, "live key", "live keys");
    let revoke = if live == limit { "one" } else { "some" };
    Some(format!("{who_has} {keys}, and the limit is {limit}. Revoke {revoke} to generate another."))
}

/// How often a secret is drawn anew when a unique value is taken at the same moment. Once is next to never.
pub(in crate::actions) const ATTEMPTS: usize = 5;

/// What a person asks for.
#[derive(Debug, Clone)]
pub struct KeyRequest {
    /// `None`: a name is made from the date.
    pub name: Option<KeyName>,
    /// May be empty.
    pub note: KeyNote,
    /// How long it shall live.
    pub expiry: Expiry,
    /// What it shall be able to do of what its owner may.
    pub wish: GrantRequest,
    /// The resource that it shall be bound to.
    pub resource: Option<ResourceName>,
    /// The form by which it is asked for.
    pub form: FormId,
    /// The key with which somebody asks: it bounds the new one, besides the owner.
    pub asking: Option<ActingKey>,
}

/// The one-time id of a form whose answer shows a secret. It carries no right, it only makes the answer unique.
#[derive(Debug, Clone)]
pub struct FormId(String);

impl FormId {
    /// As it came back from the form: 22 base62 characters.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let shaped = text.len() == 22 && text.bytes().all(|b| b.is_ascii_alphanumeric());
        shaped.then(|| Self(text.to_owned())).ok_or_else(|| FieldError::new("form", "Open the form again"))
    }

    /// The hash under which its use by this account is noted: one person's form says nothing about another's.
    pub(in crate::actions) fn hash(&self, account: AccountId) -> Vec<u8> {
        Sha256::digest(format!("{account} {}", self.0)).to_vec()
    }
}

/// The answer to a form that asks for a secret.
pub enum Issued {
    /// A key and its secret, to be shown in this one answer.
    Now(Box<New>),
    /// This form was answered before, with the secret of this key.
    Before(FirstEight),
}

/// What the one answer shows.
pub struct New {
    /// The key.
    pub key: ApiKey,
    /// What it may do.
    pub access: AccessView,
    /// Its secret.
    pub secret: Secret,
}

/// What of a form for a new key could be read: each part that could not is left out.
#[derive(Debug, Clone, Default)]
pub struct Readable {
    /// The name; `Some(None)` when none was entered.
    pub name: Option<Option<KeyName>>,
    /// How long it shall live.
    pub expiry: Option<Expiry>,
    /// What it shall be able to do.
    pub wish: Option<GrantRequest>,
    /// The resource that it shall be bound to; `Some(None)` for none.
    pub resource: Option<Option<ResourceName>>,
}

impl App {
    /// Adds to the errors of a form what else is wrong with it, so that it is corrected in one go. Changes nothing.
    pub async fn all_field_errors(
        &self,
        actor: &Actor,
        owner: AccountId,
        readable: Readable,
        mut field_errors: Vec<FieldError>,
    ) -> Result<Vec<FieldError>, Error> {
        let (actor, now) = (actor.clone(), self.now());
        let more = self.store.read(move |tx| check(tx, &actor, owner, &readable, now)).await?;
        for field_error in more {
            if !field_errors.iter().any(|known| known.field == field_error.field) {
                field_errors.push(field_error);
            }
        }
        Ok(field_errors)
    }

    /// A fresh id for a form that asks for a secret.
    pub fn new_form_id(&self) -> String {
        base62(&mut *self.rng(), 22).to_string()
    }

    /// Makes a key for an owner: the actor, or somebody for whom an administrator makes it.
    pub async fn generate_key(&self, actor: &Actor, owner: AccountId, request: KeyRequest) -> Result<Issued, Error> {
        self.throttle.try_creation(actor.account)?;
        for _ in 0..ATTEMPTS {
            let mut rng = self.rng();
            let first_eight = FirstEight::generate(&mut *rng);
            let secret = Secret::generate(&self.config.prefixes[0], &first_eight, &mut *rng);
            let made = self.insert_key(actor, owner, request.clone(), first_eight, secret.hash()).await;
            match made {
                Ok(Ok((key, access))) => return Ok(Issued::Now(Box::new(New { key, access, secret }))),
                Ok(Err(shown_before)) => return Ok(Issued::Before(shown_before)),
                // Another key has the same first eight, or the same form was answered at this moment: look again.
                Err(Attempt::Again) => {}
                Err(Attempt::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Internal("no unique secret was found".into()))
    }

    async fn insert_key(
        &self,
        actor: &Actor,
        owner: AccountId,
        request: KeyRequest,
        first_eight: FirstEight,
        secret_hash: SecretHash,
    ) -> Result<Result<(ApiKey, AccessView), FirstEight>, Attempt> {
        let (actor, now) = (actor.clone(), self.now());
        self.act(actor.authority(), move |tx| issue(tx, &actor, owner, request, (first_eight, secret_hash), now)).await
    }
}

/// Adds a key for an owner, whom this holds against other transactions: to the form, the limits and the name, who comes
/// second comes after.
pub(in crate::actions) fn issue(
    tx: &mut WriteTx,
    actor: &Actor,
    owner: AccountId,
    request: KeyRequest,
    (first_eight, secret_hash): (FirstEight, SecretHash),
    now: Timestamp,
) -> Result<Result<(ApiKey, AccessView), FirstEight>, Attempt> {
    let maker = actor.account.unwrap_or(owner);
    if accounts::find(tx, owner)?.is_some_and(|owner| owner.kind == Kind::Service) {
        keys::lock_server_keys(tx)?;
    }
    accounts::lock(tx, owner)?;
    if let Some(shown_before) = forms::find(tx, &request.form.hash(maker), maker)? {
        return Ok(Err(shown_before));
    }
    let account = accounts::find(tx, owner)?.ok_or(Error::NotFound)?;
    let expires_at = may_generate(tx, &account, actor.account == Some(owner), request.expiry, now)?;
    if request.name.is_none() && settings::load(tx)?.name_required {
        return Err(Error::from(FieldError::new("name", "Enter a name")).into());
    }
    let ceiling = request.asking.as_ref().map(|asking| Attenuation::of(tx, asking, now)).transpose()?;
    let expires_at = ceiling.as_ref().map_or(expires_at, |ceiling| ceiling.end(expires_at));
    if let Some(ceiling) = &ceiling {
        ceiling.allows(&request.wish)?;
    }
    prove(tx, actor, &request.wish)?;
    let given = give(tx, &account, &request.wish, request.resource.as_ref())?;
    let name = free_name(tx, owner, request.name, now)?.ok_or_else(|| name_taken(actor, owner))?;
    let CheckedGrant { grant, scopes, resource } = given;
    let note = request.note;
    let new = NewKey { first_eight, secret_hash, owner, name, note, grant, resource, expires_at };
    let id = keys::insert(tx, &new, maker, now)?;
    rights::give_scopes(tx, id, &scopes)?;
    let shown = Shown { first_eight: &new.first_eight, key: Some(id) };
    forms::insert(tx, &request.form.hash(maker), maker, &shown, now)?;
    let details = json!({
        "name": new.name.0, "owner": account.username.as_str(), "expires_at": expires_at.map(Timestamp::rfc3339),
        "access": request.wish.event_details(), "resource": request.resource.as_ref().map(ResourceName::text),
        "by_key": request.asking.as_ref().map(|asking| asking.first_eight.as_str()),
    });
    tx.audit(actor.did(now, Action::KeyGenerate, new.first_eight.as_str(), details));
    let key = keys::find_own(tx, owner, &new.first_eight)?;
    let key = key.ok_or_else(|| Error::Internal("a key vanished while it was made".into()))?;
    let access = rights::access(tx, &key)?;
    Ok(Ok((key, access)))
}

/// What is wrong with the parts of a form that could be read, as far as reading tells.
fn check(
    tx: &mut ReadTx,
    actor: &Actor,
    owner: AccountId,
    readable: &Readable,
    now: Timestamp,
) -> Result<Vec<FieldError>, Error> {
    let account = accounts::find(tx, owner)?.ok_or(Error::NotFound)?;
    let mut found: Vec<FieldError> = Vec::new();
    let mut note = |checked: Result<(), Error>| match checked {
        Ok(()) => Ok(()),
        Err(Error::Invalid(field_errors)) => {
            found.extend(field_errors);
            Ok(())
        }
        Err(error) => Err(error),
    };
    if let Some(expiry) = readable.expiry {
        note(lifetime_rules::for_owner(tx, owner)?.expires_at(expiry, now).map(drop).map_err(Error::from))?;
    }
    match &readable.name {
        Some(Some(name)) if keys::is_name_held(tx, owner, name, now)? => note(Err(name_taken(actor, owner)))?,
        Some(None) if settings::load(tx)?.name_required => note(Err(FieldError::new("name", "Enter a name").into()))?,
        _ => {}
    }
    let resource = readable.resource.clone().flatten();
    if let Some(resource) = &resource {
        note(find_resource(tx, &account, resource).map(drop))?;
    }
    if let Some(GrantRequest::Scopes(wanted)) = &readable.wish {
        let bound = match &resource {
            Some(name) => resources::find(tx, name)?.map(|resource| resource.id),
            None => None,
        };
        note(own_scopes(tx, &account, wanted, bound).map(drop))?;
    }
    Ok(found)
}

/// The switch, the owner, the limits and the lifetime rule. Gives the end that the key will have.
fn may_generate(
    tx: &mut ReadTx,
    owner: &Account,
    by_owner: bool,
    wish: Expiry,
    now: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    if !owner.active {
        return Err(Error::Forbidden(deactivated(owner.kind, by_owner).into()));
    }
    let rule = lifetime_rules::for_owner(tx, owner.id)?;
    let live = counted(tx, owner.id, now)?;
    if let Some(refusal) = why_not(tx, owner, by_owner, &rule, live, now)? {
        return Err(Error::Conflict(refusal));
    }
    Ok(rule.expires_at(wish, now)?)
}

/// Why an owner who is not active gets no keys.
pub(in crate::actions) fn deactivated(owner: Kind, by_owner: bool) -> &'static str {
    match owner {
        Kind::User if by_owner => "Your account is deactivated. Ask an administrator.",
        Kind::User => "This user is deactivated. Activate them first.",
        Kind::Service => "This service account is deactivated. Activate it first.",
    }
}

/// Why an owner who has `live` keys cannot get another.
pub(in crate::actions) fn why_not(
    tx: &mut ReadTx,
    owner: &Account,
    by_owner: bool,
    rule: &LifetimeRule,
    live: i64,
    now: Timestamp,
) -> Result<Option<String>, Error> {
    let settings = settings::load(tx)?;
    if owner.kind == Kind::User {
        let refusal = if by_owner { refusal } else { refusal_for_other };
        return Ok(refusal(&settings, rule, live));
    }
    if let Some(off) = creation_off(&settings, owner.kind) {
        return Ok(Some(off.into()));
    }
    let (each, all) = (i64::from(rule.keys_per_owner), i64::from(settings.max_service_keys));
    if each > 0 && live >= each {
        let text = format!(
            "This service account already has {each} live keys, the most allowed. Revoke one to generate another."
        );
        return Ok(Some(text));
    }
    if all > 0 && keys::count_live_of_services(tx, now)? >= all {
        let text = format!(
            "All service accounts together have {all} live keys, the most allowed. Revoke one, or raise the limit under Site settings."
        );
        return Ok(Some(text));
    }
    Ok(None)
}

/// The name that was asked for, `None` if a live key holds it; the first free one of today if none was asked for.
fn free_name(
    tx: &mut WriteTx,
    owner: AccountId,
    wish: Option<KeyName>,
    now: Timestamp,
) -> Result<Option<KeyName>, Error> {
    match wish {
        Some(name) if keys::name_is_held(tx, owner, &name, now)? => Ok(None),
        Some(name) => Ok(Some(name)),
        None => {
            for attempt in 1.. {
                let name = KeyName::made_up(now, attempt);
                if !keys::name_is_held(tx, owner, &name, now)? {
                    return Ok(Some(name));
                }
            }
            Err(Error::Internal("no name is free".into()))
        }
    }
}

/// What the owner reads of a name that another live key has.
const NAME_TAKEN: &str = "Another of your keys has this name. Choose another name";

/// The error of a name that another live key of this owner has.
pub(in crate::actions) fn name_taken(actor: &Actor, owner: AccountId) -> Error {
    let of_other = "Another key of this account has this name. Choose another name";
    FieldError::new("name", if actor.account == Some(owner) { NAME_TAKEN } else { of_other }).into()
}

/// How one attempt to issue a secret ended when it did not succeed.
pub(in crate::actions) enum Attempt {
    /// A unique value was taken at this very moment.
    Again,
    /// For good.
    Failed(Error),
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<store::Error> for Attempt {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict(Unique::FirstEight | Unique::UsedForm) => Self::Again,
            store::Error::Conflict(Unique::KeyName) => Self::Failed(FieldError::new("name", NAME_TAKEN).into()),
            error => Self::Failed(error.into()),
        }
    }
}

impl store::Failure for Attempt {
    fn outage(&self) -> Option<&str> {
        match self {
            Self::Again => None,
            Self::Failed(error) => error.outage(),
        }
    }
}
