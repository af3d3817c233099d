//! Deleting a person: signing in ends, policies and offices go, keys are revoked or given to somebody else.

use serde_json::json;

use crate::actions::accounts::keep_an_administrator;
use crate::actions::bulk::jobs::asked_by;
use crate::actions::bulk::transfer::{Asked, lock_owners, receiver, transfer};
use crate::actions::{Actor, App, Error, Reauthenticated};
use crate::domain::accounts::account::{Account, Role, Username};
use crate::domain::audit::Action;
use crate::domain::bulk::{AskedBy, Held, Operation, Source};
use crate::domain::ids::JobId;
use crate::domain::time::clock::Timestamp;
use crate::store::accounts::sessions;
use crate::store::accounts::sign_in_links;
use crate::store::bulk::jobs;
use crate::store::bulk::jobs::NewJob;
use crate::store::rights::policies;
use crate::store::rights::resources;
use crate::store::{ReadTx, WriteTx, accounts, keys, rights};

/// What happens to the keys of a person who is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TheirKeys {
    /// They are revoked.
    Revoke,
    /// This person or service account gets them.
    TransferTo(Username),
}

impl App {
    /// Deletes a person; gives the job that ends or transfers their keys, if they had any. At this moment the keys are
    /// refused, whether the job has come to them or not. The name stays taken: what was done under it is in the audit log.
    pub async fn delete_user(
        &self,
        by: Reauthenticated<'_>,
        username: &Username,
        their_keys: TheirKeys,
    ) -> Result<Option<JobId>, Error> {
        let (actor, asked_by, username, now) =
            (by.actor().clone(), asked_by(by.actor())?, username.clone(), self.now());
        let job = self.act(by.authority(), move |tx| {
                accounts::lock_admins(tx)?; // before the person's own row: two who delete each other take turns
                let id = accounts::person(tx, &username)?.ok_or(Error::NotFound)?.account.id;
                let to = match &their_keys {
                    TheirKeys::Revoke => None,
                    TheirKeys::TransferTo(to) => Some(receiver(tx, to, id, None)?),
                };
                let account = accounts::find(tx, id)?.ok_or(Error::NotFound)?;
                let live = keys::count_live(tx, id, now)?;
                may_delete(tx, &actor, &account, live)?;
                let reason = format!("Its owner {} was deleted", username.as_str());
                lock_owners(tx, &account, to.as_ref())?;
                let held = held(tx, &account)?; // while they still hold it
                sessions::delete_all(tx, id)?;
                sign_in_links::delete(tx, id)?;
                policies::delete_holder(tx, id)?;
                resources::remove_administrator_everywhere(tx, id)?;
                accounts::set_role(tx, id, Role::User)?;
                accounts::set_deleted(tx, id, Some(now))?;
                let job = match &to {
                    Some(to) => transfer(tx, &actor, Asked { by: asked_by, from: &account, to, reason, held }, now)?,
                    None => revoke(tx, asked_by, &account, reason, now)?,
                };
                let details = json!({
                    "keys": live, "job": job, "role": account.role.as_str(), "transferred_to": to.as_ref().map(|to| to.username.as_str()),
                });
                tx.audit(actor.did(now, Action::UserDelete, username.as_str(), details));
                Ok::<_, Error>(job)
            })
            .await?;
        self.jobs_waiting.notify_one();
        Ok(job)
    }
}

/// What a person may do now; of one who was deleted before, what they could do then, as far as a transfer noted it. What nobody noted
/// is nearly nothing: others know the secrets of their keys.
fn held(tx: &mut ReadTx, account: &Account) -> Result<Held, Error> {
    let then = match account.deleted_at {
        Some(since) => jobs::of_owner_since(tx, account.id, since)?.into_iter().find_map(|job| match job.operation {
            Operation::Transfer(transfer) => Some(transfer),
            _ => None,
        }),
        None => None,
    };
    then.map_or_else(|| Ok(rights::held(tx, account, false)?), |transfer| Ok(transfer.held))
}

fn may_delete(tx: &mut ReadTx, actor: &Actor, account: &Account, live: i64) -> Result<(), Error> {
    let refuse = |text: &str| Err(Error::Conflict(text.into()));
    if account.deleted_at.is_some() && live == 0 {
        return refuse("This person was deleted already.");
    }
    if actor.account == Some(account.id) {
        return refuse("You cannot delete yourself. Ask another administrator.");
    }
    keep_an_administrator(tx, account)
}

/// Starts the revocation of all live keys of an owner; `None` when there is nothing.
fn revoke(
    tx: &mut WriteTx,
    asked_by: AskedBy,
    of: &Account,
    reason: String,
    now: Timestamp,
) -> Result<Option<JobId>, Error> {
    if keys::count_live(tx, of.id, now)? == 0 {
        return Ok(None);
    }
    let queued = NewJob::queued(Operation::Delete { policy: None }, Source::Owner(of.id), asked_by);
    Ok(Some(jobs::insert(tx, &queued.because(reason), now)?))
}
