//! What keys may do: grants, policies, permissions, resources and those who administer them.

pub mod grants;
pub mod own_resources;
pub mod permissions;
pub mod policies;
pub mod policy_holders;
pub mod policy_keys;
pub mod release;
pub mod resources;

use crate::actions::Error;
use crate::domain::accounts::account::{Account, Kind};
use crate::domain::keys::api_key::ApiKey;
use crate::domain::rights::RightsSource;
use crate::domain::settings::{ServiceRights, Settings};
use crate::store::rights::Asked;
use crate::store::{ReadTx, rights as stored};

/// What the rights of a key come from; `None` when its policy was deleted.
pub(in crate::actions) fn rights_source_of(
    tx: &mut ReadTx,
    key: &ApiKey,
    owner: &Account,
    settings: &Settings,
) -> Result<Option<RightsSource>, Error> {
    Ok(stored::of_key(tx, asked(key, owner, settings))?)
}

/// The same of each of these, in their order.
pub(in crate::actions) fn rights_sources_of(
    tx: &mut ReadTx,
    keys: &[(&ApiKey, &Account)],
    settings: &Settings,
) -> Result<Vec<Option<RightsSource>>, Error> {
    let asked: Vec<Asked<'_>> = keys.iter().map(|(key, owner)| asked(key, owner, settings)).collect();
    Ok(stored::of_keys(tx, &asked)?)
}

fn asked<'a>(key: &'a ApiKey, owner: &Account, settings: &Settings) -> Asked<'a> {
    let policy_alone = settings.service_rights == ServiceRights::Policy && owner.kind == Kind::Service;
    Asked { key, role: owner.role, policy_alone }
}
