//! The policies, permissions and resources of a demo.

use std::collections::HashMap;

use diesel::prelude::*;

use super::BATCH;
use crate::domain::demo::DemoAccount;
use crate::domain::demo::words::{OF_KINDS, PERMISSIONS, POLICIES, RESOURCES};
use crate::domain::ids::{AccountId, PermissionId, PolicyId, ResourceId};
use crate::domain::rights::permission::{PermissionName, ServiceName};
use crate::domain::rights::policy::PolicyName;
use crate::domain::rights::resource::{ResourceKind, ResourceName};
use crate::domain::time::clock::Timestamp;
use crate::store::connection::each;
use crate::store::rights::permissions;
use crate::store::rights::permissions::Registrar;
use crate::store::rights::policies;
use crate::store::rights::resources;
use crate::store::schema::account_policies;
use crate::store::{Error, WriteTx};

/// The ids of what a demo told of.
#[derive(Debug, Clone)]
pub struct Ids {
    /// Of its accounts, in their order.
    pub accounts: Vec<AccountId>,
    pub(super) policies: Vec<PolicyId>,
    pub(super) resources: Vec<ResourceId>,
    pub(super) permissions: HashMap<&'static str, PermissionId>,
}

/// Adds permissions, policies and resources, and gives the accounts, whose ids are `accounts`, their policies.
pub fn insert_rights(
    tx: &mut WriteTx,
    people: &[DemoAccount],
    accounts: Vec<AccountId>,
    now: Timestamp,
) -> Result<Ids, Error> {
    for services in PERMISSIONS.chunk_by(|(a, ..), (b, ..)| a == b) {
        let named = |(_, name, about): &(&str, &str, &str)| (PermissionName::from_db((*name).into()), (*about).into());
        let wanted: Vec<(PermissionName, String)> = services.iter().map(named).collect();
        let service = ServiceName::from_db(services[0].0.into());
        let _registered = permissions::register(tx, &service, &wanted, Registrar::Service, now)?;
        permissions::add_registering(tx, &service, now)?;
    }
    let known: HashMap<String, PermissionId> =
        permissions::catalogue(tx)?.into_iter().map(|one| (one.name.as_str().to_owned(), one.id)).collect();
    let id = |name: &str| known.get(name).copied().unwrap_or(PermissionId(0));
    let mut policies = Vec::new();
    for (name, about, of) in POLICIES {
        let of: Vec<PermissionId> = of.iter().map(|name| id(name)).collect();
        policies.push(policies::insert(tx, &PolicyName::from_db(name.into()), about, &of, Some(accounts[0]), now)?);
    }
    let held = people.iter().zip(&accounts).flat_map(|(person, account)| {
        let policies = &policies;
        person.policies.iter().map(move |held| (*account, policies[*held]))
    });
    let held: Vec<(AccountId, PolicyId)> = held.collect();
    for held in held.chunks(BATCH) {
        let row = |(account, policy): &(AccountId, PolicyId)| {
            (account_policies::account.eq(*account), account_policies::policy.eq(*policy))
        };
        let rows: Vec<_> = held.iter().map(row).collect();
        tx.write_with(|db| each!(db, c => diesel::insert_into(account_policies::table).values(rows).execute(c)))?;
    }
    let mut resources = Vec::new();
    for (kind, external_id, title) in RESOURCES {
        let name = ResourceName { kind: ResourceKind::from_db(kind.into()), external_id: external_id.into() };
        resources.push(resources::insert(tx, &name, title, Some(accounts[0]), now)?);
    }
    for (kind, permission) in OF_KINDS {
        resources::allow(tx, &ResourceKind::from_db(kind.into()), id(permission))?;
    }
    let permissions = PERMISSIONS.iter().map(|(_, name, _)| (*name, id(name))).collect();
    Ok(Ids { accounts, policies, resources, permissions })
}
