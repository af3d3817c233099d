//! Lists of people out of the table `accounts`, for administrators: searched, filtered, by keyset.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use crate::domain::accounts::account::PeopleFilter;
use crate::domain::accounts::account::{Account, Kind};
use crate::domain::ids::AccountId;
use crate::domain::paging::{From, Page};
use crate::domain::time::clock::Timestamp;
use crate::store::accounts::Row;
use crate::store::keys::matching::live;
use crate::store::keys::predicate::holding;
use crate::store::keyset;
use crate::store::schema::{accounts, api_keys};
use crate::store::{Error, ReadTx};

/// A page of people, by display name; places are ids. With how many live keys each has.
pub fn page(
    tx: &mut ReadTx,
    filter: &PeopleFilter,
    from: From<AccountId>,
    size: i64,
    now: Timestamp,
) -> Result<Page<(Account, i64)>, Error> {
    let mut query = accounts::table.filter(accounts::kind.eq(filter.kind.as_str())).into_boxed();
    query = if filter.deleted {
        query.filter(accounts::deleted_at.is_not_null())
    } else {
        query.filter(accounts::deleted_at.is_null())
    };
    if let Some(role) = filter.role {
        query = query.filter(accounts::role.eq(role.as_str()));
    }
    if let Some(active) = filter.active {
        query = query.filter(accounts::active.eq(active));
    }
    if !filter.search.is_empty() {
        let pattern = holding(&filter.search);
        query = query.filter(
            sql::<Bool>("(accounts.name_folded LIKE ")
                .bind::<Text, _>(pattern.clone())
                .sql(" ESCAPE '\\' OR accounts.username LIKE ")
                .bind::<Text, _>(pattern.clone())
                .sql(" ESCAPE '\\' OR lower(COALESCE(accounts.email, '')) LIKE ")
                .bind::<Text, _>(pattern)
                .sql(" ESCAPE '\\')"),
        );
    }
    if let From::After(id) | From::Before(id) = from {
        let place = accounts::table.find(id).select((accounts::name_folded, accounts::id));
        if let Some(place) = place.first(tx.db()).optional()? {
            query = query.filter(keyset::beyond("accounts.name_folded, accounts.id", &from, place));
        }
    }
    let query = if from.is_backwards() {
        query.order((accounts::name_folded.desc(), accounts::id.desc()))
    } else {
        query.order((accounts::name_folded.asc(), accounts::id.asc()))
    };
    let rows: Vec<Row> = query.limit(size + 1).select(Row::as_select()).load(tx.db())?;
    let page = Page::read(rows, &from, size).map(Account::from);
    let ids: Vec<AccountId> = page.rows.iter().map(|person| person.id).collect();
    let live = live_keys(tx, &ids, now)?;
    Ok(page.map(|person| {
        let live = live.get(&person.id).copied().unwrap_or(0);
        (person, live)
    }))
}

fn live_keys(tx: &mut ReadTx, owners: &[AccountId], now: Timestamp) -> Result<HashMap<AccountId, i64>, Error> {
    let counts: Vec<(AccountId, i64)> = api_keys::table
        .filter(api_keys::owner.eq_any(owners))
        .filter(live(now))
        .group_by(api_keys::owner)
        .select((api_keys::owner, diesel::dsl::count_star()))
        .load(tx.db())?;
    Ok(counts.into_iter().collect())
}

/// How many people or service accounts there are; those who were deleted are none.
pub fn count(tx: &mut ReadTx, kind: Kind) -> Result<i64, Error> {
    let there = accounts::table.filter(accounts::kind.eq(kind.as_str()).and(accounts::deleted_at.is_null()));
    Ok(there.count().get_result(tx.db())?)
}
