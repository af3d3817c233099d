//! Lists of people out of the table `accounts`, for administrators: searched, filtered, by keyset.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use crate::domain::accounts::account::PeopleFilter;
use crate::domain::accounts::account::{Account, Kind};
use crate::domain::ids::AccountId;
use crate::domain::paging::From;
use crate::domain::time::clock::Timestamp;
use crate::store::accounts::Row;
use crate::store::keys::matching::live;
use crate::store::keys::predicate::holding;
use crate::store::schema::{accounts, api_keys};
use crate::store::{Error, ReadTx};

/// A page of people, by display name; places are ids. With how many live keys each has; and whether there are more in its direction.
pub fn page(
    tx: &mut ReadTx,
    filter: &PeopleFilter,
    from: From<AccountId>,
    size: i64,
    now: Timestamp,
) -> Result<(Vec<(Account, i64)>, bool), Error> {
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
    let place = |tx: &mut ReadTx, id: AccountId| -> Result<Option<(String, i64)>, Error> {
        Ok(accounts::table.find(id).select((accounts::name_folded, accounts::id)).first(tx.db()).optional()?)
    };
    let beyond = |operator: &str, (name, id): (String, i64)| {
        sql::<Bool>(&format!("(accounts.name_folded, accounts.id) {operator} ("))
            .bind::<Text, _>(name)
            .sql(", ")
            .bind::<BigInt, _>(id)
            .sql(")")
    };
    let backwards = from.is_backwards();
    match from {
        From::Start => {}
        From::After(id) => {
            if let Some(place) = place(tx, id)? {
                query = query.filter(beyond(">", place));
            }
        }
        From::Before(id) => {
            if let Some(place) = place(tx, id)? {
                query = query.filter(beyond("<", place));
            }
        }
    }
    let query = if backwards {
        query.order((accounts::name_folded.desc(), accounts::id.desc()))
    } else {
        query.order((accounts::name_folded.asc(), accounts::id.asc()))
    };
    let mut rows: Vec<Row> = query.limit(size + 1).select(accounts::all_columns).load(tx.db())?;
    let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > size;
    rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    if backwards {
        rows.reverse();
    }
    let people: Vec<Account> = rows.into_iter().map(Account::from).collect();
    let ids: Vec<AccountId> = people.iter().map(|person| person.id).collect();
    let counts: HashMap<AccountId, i64> = live_keys(tx, &ids, now)?;
    Ok((
        people
            .into_iter()
            .map(|person| (counts.get(&person.id).copied().unwrap_or(0), person))
            .map(|(n, p)| (p, n))
            .collect(),
        more,
    ))
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
