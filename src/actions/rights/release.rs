//! Permissions whose service is renamed, and names that are given free.

use serde_json::json;

use crate::actions::rights::permissions::COUNT_LIMIT;
use crate::actions::{App, Error, Reauthenticated};
use crate::domain::audit::Action;
use crate::domain::field_error::FieldError;
use crate::domain::paging::Count;
use crate::domain::rights::permission::{CLAVIGER, PermissionName, ServiceName};
use crate::domain::text;
use crate::store::rights::permissions;
use crate::store::rights::release;
use crate::store::rights::release::Standing;

impl App {
    /// Makes all permissions of a service those of another, which may be new: for a service that got another name. Whoever
    /// was given them keeps them. Says how many that were.
    pub async fn move_permissions(
        &self,
        by: Reauthenticated<'_>,
        from: &ServiceName,
        to: ServiceName,
    ) -> Result<usize, Error> {
        let (actor, from, now) = (by.actor().clone(), from.clone(), self.now());
        if to.as_str() == CLAVIGER || from.as_str() == CLAVIGER {
            return Err(FieldError::new("to", "Claviger’s own permissions stay its own. Name another service").into());
        }
        if to == from {
            return Err(FieldError::new("to", "Name another service than this one").into());
        }
        self.act(by.authority(), move |tx| {
            permissions::lock(tx)?;
            let moved = release::move_all(tx, &from, &to)?;
            if moved.is_empty() {
                return Err(Error::NotFound);
            }
            permissions::add_registering(tx, &to, now)?;
            let details = json!({ "to": to.as_str(), "permissions": moved });
            tx.audit(actor.did(now, Action::PermissionsMove, from.as_str(), details));
            Ok(moved.len())
        })
        .await
    }

    /// Gives the name of a retired permission free, so that any service can register it. Refused while a policy, a key or a kind
    /// of resource has it: they were given it for what it meant.
    pub async fn release_permission(&self, by: Reauthenticated<'_>, name: &PermissionName) -> Result<(), Error> {
        let (actor, name, now) = (by.actor().clone(), name.clone(), self.now());
        self.act(by.authority(), move |tx| {
            permissions::lock(tx)?;
            let permission = permissions::find(tx, &name)?.ok_or(Error::NotFound)?;
            if permission.retired.is_none() || permission.service.as_str() == CLAVIGER {
                return Err(Error::Conflict(format!("{} is in use. Retire it first.", name.as_str())));
            }
            if let Some(reason) = in_the_way(release::standing(tx, permission.id, COUNT_LIMIT)?) {
                return Err(Error::Conflict(reason));
            }
            release::release(tx, permission.id)?;
            let details = json!({ "service": permission.service.as_str() });
            tx.audit(actor.did(now, Action::PermissionRelease, name.as_str(), details));
            Ok(())
        })
        .await
    }
}

/// Why a name cannot be released.
fn in_the_way(standing: Standing) -> Option<String> {
    let keys = match standing.keys {
        Count::Exactly(0) => None,
        Count::Exactly(count) => Some(text::counted(count, "key", "keys")),
        Count::Many(limit) => Some(format!("more than {limit} keys")),
    };
    let of = |count: i64, one: &str, many: &str| (count > 0).then(|| text::counted(count, one, many));
    let where_it_stands = [
        of(standing.policies, "policy", "policies"),
        keys.map(|keys| format!("{keys} (expired and revoked ones too, until they are purged)")),
        of(standing.kinds, "kind of resource", "kinds of resources"),
    ];
    let places: Vec<String> = where_it_stands.into_iter().flatten().collect();
    (!places.is_empty()).then(|| format!("It is still listed by {}. Remove it there first.", places.join(", and by ")))
}
