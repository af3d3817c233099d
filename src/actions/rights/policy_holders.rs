//! Who holds which policies.

use serde_json::json;

use crate::actions::{Administrator, App, Error, Reauthenticated};
use crate::domain::accounts::account::Username;
use crate::domain::audit::Action;
use crate::domain::field_error::FieldError;
use crate::domain::ids::{AccountId, PermissionId, PolicyId};
use crate::domain::rights::permission::Rights;
use crate::domain::rights::policy::PolicyName;
use crate::store::rights::permissions;
use crate::store::rights::policies;
use crate::store::{ReadTx, WriteTx, accounts};

impl App {
    /// Makes these the policies of a person or a service account.
    pub async fn set_policies(
        &self,
        by: Reauthenticated<'_>,
        username: &Username,
        wanted: Vec<String>,
    ) -> Result<(), Error> {
        let (actor, username, now) = (by.actor().clone(), username.clone(), self.now());
        self.act(by.authority(), move |tx| {
            let account = accounts::credentials(tx, &username)?.ok_or(Error::NotFound)?.account;
            accounts::lock(tx, account.id)?;
            let before: Vec<String> = policies::held_by(tx, account.id)?.into_iter().map(|(_, name)| name).collect();
            let ids = lock_all(tx, wanted)?;
            policies::set_held_by(tx, account.id, &ids)?;
            let after: Vec<String> = policies::held_by(tx, account.id)?.into_iter().map(|(_, name)| name).collect();
            if before == after {
                tx.without_event("the same policies again");
            } else {
                let details = json!({ "before": before, "after": after });
                tx.audit(actor.did(now, Action::UserSetPolicies, username.as_str(), details));
            }
            Ok(())
        })
        .await
    }

    /// The policies of an account, and all that there are, by name.
    pub async fn policies_of(
        &self,
        _: Administrator<'_>,
        account: AccountId,
    ) -> Result<(Vec<String>, Vec<String>), Error> {
        self.store
            .read(move |tx| {
                let held = policies::held_by(tx, account)?.into_iter().map(|(_, name)| name).collect();
                let all = policies::list(tx)?.into_iter().map(|policy| policy.name.as_str().to_owned()).collect();
                Ok((held, all))
            })
            .await
    }
}

/// The ids of the policies with these names, held against other transactions that change or delete them.
pub(in crate::actions) fn lock_all(tx: &mut WriteTx, mut wanted: Vec<String>) -> Result<Vec<PolicyId>, Error> {
    let mut ids = Vec::new();
    wanted.sort(); // one order of locks: no deadlock
    for name in &wanted {
        let unknown = || FieldError::new("policies", "One of these policies was deleted. Choose again");
        let name = PolicyName::parse(name).map_err(|_| unknown())?;
        ids.push(policies::lock_for_update(tx, &name)?.ok_or_else(unknown)?.id);
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// The ids of permissions that a policy, or a kind of resources, is to have: known ones, and of retired ones those that it
/// has already.
pub(in crate::actions) fn ids(
    tx: &mut ReadTx,
    wanted: &Rights,
    before: Option<&Rights>,
) -> Result<Vec<PermissionId>, Error> {
    let mut ids = Vec::new();
    for name in wanted {
        let kept = before.is_some_and(|before| before.contains(name));
        let unknown = || {
            let text = format!("{} is not in the catalogue. Select among these permissions", name.as_str());
            FieldError::new("permissions", text)
        };
        let known = permissions::find(tx, name)?.filter(|permission| permission.retired.is_none() || kept);
        ids.push(known.ok_or_else(unknown)?.id);
    }
    Ok(ids)
}
