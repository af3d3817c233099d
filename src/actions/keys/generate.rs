//! Generate API Key: the record, the secret that is shown once, and the promise that a form is answered with one only once.

use serde_json::json;

use crate::actions::keys::attempt::{Attempt, NAME_TAKEN};
use crate::actions::keys::creation::may_generate;
use crate::actions::keys::request::{Issued, KeyRequest, Readable};
use crate::actions::rights::grants::{Attenuation, CheckedGrant, find_resource, give, own_scopes, prove};
use crate::actions::{Actor, App, Error, Owner};
use crate::domain::accounts::account::Kind;
use crate::domain::audit::Action;
use crate::domain::field_error::FieldError;
use crate::domain::ids::AccountId;
use crate::domain::keys::api_key::{ApiKey, KeyName};
use crate::domain::keys::secret::{FirstEight, SecretHash, base62};
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{AccessView, GrantRequest};
use crate::domain::time::clock::Timestamp;
use crate::store::keys::NewKey;
use crate::store::keys::forms;
use crate::store::keys::forms::Shown;
use crate::store::keys::lifetime_rules;
use crate::store::rights::resources;
use crate::store::{ReadTx, WriteTx, accounts, keys, rights, settings};

impl App {
    /// Adds to an error about fields of a form what else is wrong with it, so that it is corrected in one go; leaves other errors
    /// as they are. Changes nothing.
    pub async fn with_all_field_errors(&self, by: Owner<'_>, readable: Readable, error: Error) -> Result<Error, Error> {
        let Error::Invalid(mut field_errors) = error else { return Ok(error) };
        let owner = by.account();
        let (actor, now) = (by.actor().clone(), self.now());
        let more = self.store.read(move |tx| check(tx, &actor, owner, &readable, now)).await?;
        for field_error in more {
            if !field_errors.iter().any(|known| known.field == field_error.field) {
                field_errors.push(field_error);
            }
        }
        Ok(Error::Invalid(field_errors))
    }

    /// A fresh id for a form that asks for a secret.
    pub fn new_form_id(&self) -> String {
        base62(&mut *self.rng(), 22).to_string()
    }

    /// Makes a key for an owner: the actor, or somebody for whom an administrator makes it.
    pub async fn generate_key(&self, by: Owner<'_>, request: KeyRequest) -> Result<Issued, Error> {
        self.throttle.try_creation(by.account)?;
        self.attempt(async || {
            let (first_eight, secret) = self.draw_key();
            let (actor, request, hashed) = (by.actor().clone(), request.clone(), (first_eight, secret.hash()));
            let (owner, now) = (by.account(), self.now());
            let issued = self.act(by.authority(), move |tx| issue(tx, &actor, owner, request, hashed, now)).await?;
            Ok(Issued::of(issued, secret))
        })
        .await
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

/// The error of a name that another live key of this owner has.
pub(in crate::actions) fn name_taken(actor: &Actor, owner: AccountId) -> Error {
    let of_other = "Another key of this account has this name. Choose another name";
    FieldError::new("name", if actor.account == Some(owner) { NAME_TAKEN } else { of_other }).into()
}
