//! "Test access": what a gateway would be told at this moment, without the secret and without a use.

use crate::actions::keys::find::may_see;
use crate::actions::rights::grants::resources_for;
use crate::actions::rights::rights_source_of;
use crate::actions::verification::look_up::asked_resource;
use crate::actions::{App, Error, Whose};
use crate::domain::ids::AccountId;
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::secret::FirstEight;
use crate::domain::rights::permission::{Permission, Rights};
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{AccessView, Required, effective};
use crate::domain::verdict::{Facts, Refusal, decide};
use crate::store::rights::permissions;
use crate::store::rights::resources;
use crate::store::{accounts, keys, rights, settings};

/// A key with what may be asked of it.
#[derive(Debug, Clone)]
pub struct Askable {
    /// The key.
    pub key: ApiKey,
    /// What it was given.
    pub access: AccessView,
    /// What can be asked for, by service and name.
    pub catalogue: Vec<Permission>,
    /// The first few resources: how services name them, and their titles.
    pub resources: Vec<(String, String)>,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Would {
    /// Why not; `None` is yes.
    pub refusal: Option<Refusal>,
    /// What the key may do now.
    pub rights: Rights,
    /// The resource that it is bound to.
    pub bound: Option<ResourceName>,
}

impl App {
    /// A key, and what may be asked of it: of one owner, or of anybody for administrators.
    pub async fn askable(&self, whose: Whose<'_>, first_eight: &FirstEight) -> Result<Askable, Error> {
        let (owner, first_eight) = (whose.owner(), first_eight.clone());
        self.store
            .read(move |tx| {
                let key = find(tx, owner, &first_eight)?;
                let catalogue =
                    permissions::catalogue(tx)?.into_iter().filter(|permission| permission.retired.is_none());
                Ok(Askable {
                    access: rights::access(tx, &key)?,
                    catalogue: catalogue.collect(),
                    resources: match owner {
                        Some(id) => {
                            let owner = accounts::find(tx, id)?.ok_or(Error::NotFound)?;
                            resources_for(tx, &owner)?
                        }
                        None => resources::first(tx, None, 100)?,
                    },
                    key,
                })
            })
            .await
    }

    /// What would be answered to this demand.
    pub async fn simulate(&self, whose: Whose<'_>, first_eight: &FirstEight, demand: Required) -> Result<Would, Error> {
        let (owner, first_eight, now) = (whose.owner(), first_eight.clone(), self.now());
        self.store
            .read(move |tx| {
                let key = find(tx, owner, &first_eight)?;
                let owner = accounts::find(tx, key.owner)?.ok_or(Error::NotFound)?;
                let settings = settings::load(tx)?;
                let holding = rights_source_of(tx, &key, &owner, &settings)?;
                let facts = Facts {
                    owner_active: owner.active,
                    policy_deleted: holding.is_none(),
                    accept_keys: settings.accept_keys,
                    ..Facts::of(&key)
                };
                let decided = decide(&facts, now);
                let rights = holding.as_ref().map(effective).unwrap_or_default();
                let bound = holding.and_then(|holding| holding.bound).map(|bound| bound.name);
                let of_kind = match &demand.resource {
                    Some(name) => asked_resource(tx, name)?,
                    None => None,
                };
                let met = demand.is_met(&rights, bound.as_ref(), of_kind.as_ref()).map_err(Refusal::from);
                Ok(Would { refusal: decided.and(met).err(), rights, bound })
            })
            .await
    }
}

fn find(tx: &mut crate::store::ReadTx, owner: Option<AccountId>, first_eight: &FirstEight) -> Result<ApiKey, Error> {
    let key = match owner {
        Some(owner) => {
            may_see(tx, owner)?;
            keys::find_own(tx, owner, first_eight)?
        }
        None => keys::find(tx, first_eight)?,
    };
    key.ok_or(Error::NotFound)
}
