//! Every key of every owner: pages of a filtered and sorted list, for administrators.

use std::collections::HashMap;

use crate::actions::keys::cursor::Cursor;
use crate::actions::sign_in::sessions::idle_since;
use crate::actions::site::overview::{Number, Tally};
use crate::actions::{Administrator, App, Error};
use crate::domain::field_error::FieldError;
use crate::domain::ids::{AccountId, KeyId};
use crate::domain::key_filter::{Column, KeyFilter, Place, Sort};
use crate::domain::keys::api_key::{ApiKey, Stop};
use crate::domain::keys::secret::{FirstEight, Secret};
use crate::domain::paging::{From, Page};
use crate::domain::rights::AccessView;
use crate::domain::time::clock::Timestamp;
use crate::store::keys::grid::{self, Ask, Placed};
use crate::store::keys::session_keys;
use crate::store::rights::permissions;
use crate::store::rights::policies;
use crate::store::rights::resources;
use crate::store::usage::kept_counts;
use crate::store::{ReadTx, accounts, keys, rights};

use crate::domain::accounts::account::OwnerView;
use crate::domain::paging::COUNT_LIMIT;
use crate::domain::paging::Count;

/// The rows of a page: the fewest and the most.
pub const PAGE_SIZES: (i64, i64) = (20, 200);

/// What an administrator asks the list for.
#[derive(Debug, Clone)]
pub struct List {
    /// Which keys.
    pub filter: KeyFilter,
    /// In what order.
    pub sort: Sort,
    /// How many on a page; brought between 20 and 200.
    pub size: i64,
    /// The link of a page; `None` is the first.
    pub cursor: Option<String>,
    /// Where counting stops, usually [`COUNT_LIMIT`].
    pub count_limit: i64,
}

/// Values that a filter suggests.
const SUGGESTIONS: i64 = 200;

/// A page of the list.
#[derive(Debug, Clone)]
pub struct KeyPage {
    /// The keys with their owners, in the order of the list.
    pub keys: Vec<ListedKey>,
    /// The moment at which the filter was read.
    pub now: Timestamp,
    /// How many keys stand before this page.
    pub before: i64,
    /// How many keys match.
    pub matching: Count,
    /// How many keys there are.
    pub total: Number,
    /// How many of them are neither revoked nor expired.
    pub live: Number,
    /// How many session keys there are, which no list has.
    pub session_keys: i64,
    /// The link of the page before.
    pub previous: Option<String>,
    /// The link of the page after.
    pub next: Option<String>,
}

impl App {
    /// One page. A link that was altered or belongs to another list is an error.
    pub async fn browse_keys(&self, _: Administrator<'_>, list: &List) -> Result<KeyPage, Error> {
        let (now, key) = (self.now(), self.signing_key().await?);
        let name = format!("{} sorted {}", list.filter.query(), list.sort.query());
        let cursor = match &list.cursor {
            None => None,
            Some(text) => {
                Some(Cursor::read(text, key, &name).filter(|cursor| grid::fits(&cursor.place, list.sort)).ok_or_else(
                    || FieldError::new("from", "This link to a page belongs to another list. Begin at its first page"),
                )?)
            }
        };
        let size = list.size.clamp(PAGE_SIZES.0, PAGE_SIZES.1);
        let ask = Ask {
            filter: list.filter.clone(),
            sort: list.sort,
            from: from(cursor.as_ref()),
            size,
            now,
            count_limit: list.count_limit,
        };
        let (page, matching, before, total, live, session_keys, around) = self
            .store
            .read(move |tx| {
                let (page, matching, before) = page(tx, &ask, cursor.as_ref())?;
                let total = grid::count(tx, &KeyFilter::default(), now, COUNT_LIMIT)?;
                let kept = kept_counts::all(tx)?;
                let total = Number::of(total, Tally::All, &kept);
                let live = Number::of(keys::count_all_live(tx, now)?, Tally::Live, &kept);
                let around = Around::of(tx, page.rows.iter().map(|placed| &placed.key))?;
                Ok::<_, Error>((
                    page,
                    matching,
                    before,
                    total,
                    live,
                    session_keys::count(tx, now, idle_since(now))?,
                    around,
                ))
            })
            .await?;
        let shown = i64::try_from(page.rows.len()).unwrap_or(i64::MAX);
        let link = |placed: &Placed, backwards, position| {
            Cursor { backwards, position, place: placed.place.clone() }.sign(key, &name)
        };
        let previous = page.previous().map(|placed| link(placed, true, before));
        let next = page.next().map(|placed| link(placed, false, before + shown));
        let keys = page.rows.into_iter().map(|placed| placed.key).collect();
        Ok(KeyPage {
            keys: self.listed(keys, around),
            now,
            before,
            matching,
            total,
            live,
            session_keys,
            previous,
            next,
        })
    }

    /// Values that exist of a column, for a filter on it: the first few, each as the filter takes it and as people read it.
    pub async fn filter_suggestions(
        &self,
        _: Administrator<'_>,
        column: Column,
    ) -> Result<Vec<(String, String)>, Error> {
        self.store
            .read(move |tx| {
                Ok::<_, Error>(match column {
                    Column::Owner => accounts::first_names(tx, SUGGESTIONS)?,
                    Column::Policy => policies::list(tx)?
                        .into_iter()
                        .map(|one| (one.name.as_str().to_owned(), one.description))
                        .collect(),
                    Column::Scope => {
                        let all = permissions::catalogue(tx)?.into_iter();
                        all.map(|one| (one.name.as_str().to_owned(), one.description)).collect()
                    }
                    Column::Resource => resources::first(tx, None, SUGGESTIONS)?,
                    _ => Vec::new(),
                })
            })
            .await
    }

    /// How the database goes about the first page of a list, in its own words.
    pub async fn explain_list(&self, list: &List) -> Result<Vec<String>, Error> {
        let ask = Ask {
            filter: list.filter.clone(),
            sort: list.sort,
            from: From::Start,
            size: list.size,
            now: self.now(),
            count_limit: list.count_limit,
        };
        Ok(self.store.read(move |tx| grid::explain(tx, &ask)).await?)
    }

    /// The first eight of a pasted secret, whether such a key exists or not. `None` when the text is no secret.
    pub fn first_eight_of(&self, text: &str) -> Option<FirstEight> {
        Secret::parse(&self.config.prefixes, text.trim())?;
        FirstEight::parse(text)
    }

    pub(in crate::actions) fn listed(&self, keys: Vec<ApiKey>, mut around: Around) -> Vec<ListedKey> {
        let complete = |mut key: ApiKey| {
            self.use_log.complete(&mut key);
            let owner = around.owners.get(&key.owner).cloned().unwrap_or_default();
            let access = around.access.remove(&key.id).unwrap_or(AccessView::inherited());
            let by = |id: Option<AccountId>| id.and_then(|id| around.owners.get(&id).cloned());
            let made_by = by(Some(key.created_by));
            let (disabled_by, revoked_by) =
                (by(stopped_by(key.disabled.as_ref())), by(stopped_by(key.revoked.as_ref())));
            ListedKey { key, owner, access, made_by, disabled_by, revoked_by }
        };
        keys.into_iter().map(complete).collect()
    }
}

/// A key as lists of everybody's keys have it.
#[derive(Debug, Clone)]
pub struct ListedKey {
    /// The key.
    pub key: ApiKey,
    /// Whose.
    pub owner: OwnerView,
    /// What it may do.
    pub access: AccessView,
    /// Who made it; `None` when the account is gone.
    pub made_by: Option<OwnerView>,
    /// Who disabled it; `None` when nobody did, or Claviger itself.
    pub disabled_by: Option<OwnerView>,
    /// Who revoked it; `None` when nobody did, or Claviger itself.
    pub revoked_by: Option<OwnerView>,
}

fn stopped_by(stop: Option<&Stop>) -> Option<AccountId> {
    stop.and_then(|stop| stop.by)
}

/// What stands around keys in lists.
pub(in crate::actions) struct Around {
    owners: HashMap<AccountId, OwnerView>,
    access: HashMap<KeyId, AccessView>,
}

impl Around {
    pub(in crate::actions) fn of<'a>(
        tx: &mut ReadTx,
        keys: impl IntoIterator<Item = &'a ApiKey>,
    ) -> Result<Self, Error> {
        let keys: Vec<&ApiKey> = keys.into_iter().collect();
        let accounts_of = |key: &&ApiKey| {
            let stops = [stopped_by(key.disabled.as_ref()), stopped_by(key.revoked.as_ref())];
            [Some(key.owner), Some(key.created_by)].into_iter().chain(stops).flatten()
        };
        let mut ids: Vec<AccountId> = keys.iter().flat_map(accounts_of).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Self { owners: accounts::owners(tx, &ids)?, access: rights::access_of(tx, &keys)? })
    }
}

fn from(cursor: Option<&Cursor>) -> From<Place> {
    match cursor {
        None => From::Start,
        Some(cursor) if cursor.backwards => From::Before(cursor.place.clone()),
        Some(cursor) => From::After(cursor.place.clone()),
    }
}

/// The page, and how many keys stand before it. A page before that is not full is the first one; it is filled up.
fn page(tx: &mut ReadTx, ask: &Ask, cursor: Option<&Cursor>) -> Result<(Page<Placed>, Count, i64), Error> {
    let (page, matching) = grid::page(tx, ask)?;
    let shown = i64::try_from(page.rows.len()).unwrap_or(i64::MAX);
    match cursor {
        None => Ok((page, matching, 0)),
        Some(cursor) if !cursor.backwards => Ok((page, matching, cursor.position)),
        Some(_) if !page.has_previous => {
            let (first, matching) = grid::page(tx, &Ask { from: From::Start, ..ask.clone() })?;
            Ok((first, matching, 0))
        }
        // Keys may have come or gone since the cursor was made: the position never runs into the beginning.
        Some(cursor) => Ok((page, matching, (cursor.position - shown).max(1))),
    }
}
