//! Giving the keys of one owner to another, as bulk work that can be undone.

use serde_json::json;

use crate::actions::bulk::jobs::asked_by;
use crate::actions::keys::room::room_for;
use crate::actions::{Actor, App, Error, Reauthenticated};
use crate::domain::accounts::account::{Account, Kind, Username};
use crate::domain::audit::Action;
use crate::domain::bulk::{AskedBy, BulkOperation, Held, Operation, Source, Transfer};
use crate::domain::field_error::FieldError;
use crate::domain::ids::{AccountId, JobId};
use crate::domain::settings::ServiceRights;
use crate::domain::time::clock::Timestamp;
use crate::store::bulk::jobs;
use crate::store::bulk::jobs::NewJob;
use crate::store::{ReadTx, WriteTx, accounts, keys, rights, settings};

impl App {
    /// Gives all live keys of a service account to another: gives the job that does it.
    pub async fn transfer_server_keys(
        &self,
        by: Reauthenticated<'_>,
        from: &Username,
        to: &Username,
    ) -> Result<JobId, Error> {
        let (actor, asked_by, now) = (by.actor().clone(), asked_by(by.actor())?, self.now());
        let (from, to) = (from.clone(), to.clone());
        let job = self
            .act(by.authority(), move |tx| {
                let is_service = |account: &Account| account.kind == Kind::Service;
                let from = accounts::credentials(tx, &from)?.map(|known| known.account).filter(is_service);
                let from = from.ok_or(Error::NotFound)?;
                let to = receiver(tx, &to, from.id, Some(Kind::Service))?;
                lock_owners(tx, &from, Some(&to))?; // nobody takes away meanwhile what is noted as held
                let policy_alone = settings::load(tx)?.service_rights == ServiceRights::Policy;
                let held = rights::held(tx, &from, policy_alone)?;
                let asked = Asked { by: asked_by, from: &from, to: &to, reason: String::new(), held };
                transfer(tx, &actor, asked, now)?.ok_or_else(|| {
                    Error::Conflict(format!("{} has no live key, so nothing was transferred.", from.display_name))
                })
            })
            .await?;
        self.jobs_waiting.notify_one();
        Ok(job)
    }
}

/// What is asked for.
pub(in crate::actions) struct Asked<'a> {
    pub by: AskedBy,
    pub from: &'a Account,
    pub to: &'a Account,
    pub reason: String,
    /// What the owner before may do now.
    pub held: Held,
}

/// The active account, not `from`, that is to get keys.
pub(in crate::actions) fn receiver(
    tx: &mut ReadTx,
    name: &Username,
    from: AccountId,
    kind: Option<Kind>,
) -> Result<Account, Error> {
    let known = accounts::credentials(tx, name)?.map(|known| known.account);
    let fits = |to: &Account| to.id != from && to.active && kind.is_none_or(|kind| to.kind == kind);
    let unknown = || match kind {
        Some(Kind::Service) => FieldError::new("to", "Name another service account that is active"),
        _ => FieldError::new("to", "Name another person or service account that is active"),
    };
    Ok(known.filter(fits).ok_or_else(unknown)?)
}

/// Holds an owner, and who gets the keys, against other transactions that change them or give them keys.
pub(in crate::actions) fn lock_owners(tx: &mut WriteTx, from: &Account, to: Option<&Account>) -> Result<(), Error> {
    if to.is_some_and(|to| to.kind == Kind::Service) {
        keys::lock_server_keys(tx)?;
    }
    let mut ids: Vec<AccountId> = to.map(|to| to.id).into_iter().chain([from.id]).collect();
    ids.sort_unstable(); // two who transfer to each other take turns
    ids.into_iter().try_for_each(|id| accounts::lock(tx, id).map(drop))?;
    Ok(())
}

/// Starts the transfer of all live keys of an owner; its number, or `None` when there is no live key. What the new owner
/// has no room for is refused as a whole.
pub(in crate::actions) fn transfer(
    tx: &mut WriteTx,
    actor: &Actor,
    asked: Asked<'_>,
    now: Timestamp,
) -> Result<Option<JobId>, Error> {
    let Asked { by, from, to, reason, held } = asked;
    lock_owners(tx, from, Some(to))?;
    let adds = from.kind == Kind::User;
    let room = room_for(tx, to.id, adds, now)?;
    let total = keys::count_live(tx, from.id, now)?;
    if total == 0 {
        return Ok(None);
    }
    if let Some(room) = room.filter(|room| *room < total) {
        let text = format!(
            "{} may get {room} more live keys, and {total} are to be transferred. Raise the limit, or revoke some first.",
            to.display_name
        );
        return Err(Error::Conflict(text));
    }
    let operation = Operation::Transfer(Transfer { to: to.id, adds, held });
    let queued = NewJob::queued(operation, Source::Owner(from.id), by);
    let job = jobs::insert(tx, &queued.because(reason), now)?;
    let details = json!({
        "verb": BulkOperation::Transfer.as_str(), "from": from.username.as_str(), "to": to.username.as_str(), "keys": total,
    });
    tx.audit(actor.did(now, Action::JobStart, &format!("job {job}"), details));
    Ok(Some(job))
}
