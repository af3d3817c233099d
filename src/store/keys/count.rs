//! How many keys there are.

use std::collections::HashMap;

use diesel::prelude::*;

use super::grid;
use super::matching::live;
use super::predicate::Predicate;
use crate::domain::ids::AccountId;
use crate::domain::paging::{COUNT_LIMIT, Count};
use crate::domain::time::clock::Timestamp;
use crate::store::schema::{accounts, api_keys};
use crate::store::{Error, ReadTx};

/// How many keys of the owner are live: not revoked, not expired.
pub fn count_live(tx: &mut ReadTx, owner: AccountId, now: Timestamp) -> Result<i64, Error> {
    Ok(api_keys::table.filter(api_keys::owner.eq(owner)).filter(live(now)).count().get_result(tx.db())?)
}

/// How many live keys each of these owners has; who is not there has none.
pub fn count_live_of(tx: &mut ReadTx, owners: &[AccountId], now: Timestamp) -> Result<HashMap<AccountId, i64>, Error> {
    let rows: Vec<(AccountId, i64)> = api_keys::table
        .filter(api_keys::owner.eq_any(owners))
        .filter(live(now))
        .group_by(api_keys::owner)
        .select((api_keys::owner, diesel::dsl::count_star()))
        .load(tx.db())?;
    Ok(rows.into_iter().collect())
}

/// How many keys fulfil a predicate.
pub fn count_where(tx: &mut ReadTx, predicate: Predicate) -> Result<i64, Error> {
    Ok(api_keys::table.filter(predicate).count().get_result(tx.db())?)
}

/// How many keys of all service accounts are live.
pub fn count_live_of_services(tx: &mut ReadTx, now: Timestamp) -> Result<i64, Error> {
    let services = accounts::table.filter(accounts::kind.eq("service")).select(accounts::id);
    Ok(api_keys::table.filter(api_keys::owner.eq_any(services)).filter(live(now)).count().get_result(tx.db())?)
}

/// How many keys of all owners are live, up to the limit of counts.
pub fn count_all_live(tx: &mut ReadTx, now: Timestamp) -> Result<Count, Error> {
    grid::count_up_to(tx, live(now), COUNT_LIMIT)
}

/// How many keys of the owner were revoked or expired.
pub fn count_ended(tx: &mut ReadTx, owner: AccountId, now: Timestamp) -> Result<i64, Error> {
    let own = api_keys::table.filter(api_keys::owner.eq(owner));
    Ok(own.filter(diesel::dsl::not(live(now))).count().get_result(tx.db())?)
}
