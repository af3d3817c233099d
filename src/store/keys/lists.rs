//! Short lists of keys: of an owner, of a resource.

use diesel::prelude::*;

use super::Row;
use super::matching::live;
use crate::domain::ids::{AccountId, KeyId, ResourceId};
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::api_key::Listing;
use crate::domain::time::clock::Timestamp;
use crate::store::schema::api_keys;
use crate::store::{Error, ReadTx};

/// The owner's keys, newest first, and how many there are of the other listing.
pub fn list(tx: &mut ReadTx, owner: AccountId, listing: Listing, now: Timestamp) -> Result<Vec<ApiKey>, Error> {
    let own = api_keys::table.filter(api_keys::owner.eq(owner)).order(api_keys::id.desc());
    let rows: Vec<Row> = match listing {
        Listing::Current => own.filter(live(now)).select(Row::as_select()).load(tx.db())?,
        Listing::Ended => own.filter(diesel::dsl::not(live(now))).limit(200).select(Row::as_select()).load(tx.db())?,
    };
    rows.into_iter().map(ApiKey::try_from).collect()
}

/// The newest live keys that are bound to a resource, of those older than the one with this id.
pub fn of_resource(
    tx: &mut ReadTx,
    resource: ResourceId,
    older_than: Option<KeyId>,
    most: i64,
    now: Timestamp,
) -> Result<Vec<ApiKey>, Error> {
    let bound = api_keys::table.filter(api_keys::resource.eq(resource)).filter(live(now));
    let bound = bound.filter(api_keys::id.lt(older_than.unwrap_or(KeyId(i64::MAX))));
    let rows: Vec<Row> = bound.order(api_keys::id.desc()).limit(most).select(Row::as_select()).load(tx.db())?;
    rows.into_iter().map(ApiKey::try_from).collect()
}

/// The live keys of an owner that are bound to a resource, oldest first.
pub fn own_of_resource(
    tx: &mut ReadTx,
    owner: AccountId,
    resource: ResourceId,
    now: Timestamp,
) -> Result<Vec<ApiKey>, Error> {
    let bound = api_keys::table.filter(api_keys::resource.eq(resource).and(api_keys::owner.eq(owner)));
    let rows: Vec<Row> = bound.filter(live(now)).order(api_keys::id.asc()).select(Row::as_select()).load(tx.db())?;
    rows.into_iter().map(ApiKey::try_from).collect()
}
