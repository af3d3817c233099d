//! What docs/security.md promises of the keys' lives, looked at after each step in the rows of the database: from where to where
//! each key went, whatever the step was.

use std::collections::{BTreeMap, HashMap};

use claviger::domain::ids::KeyId;

use super::*;

/// A key as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub owner: usize,
    /// When its present secret was made, in microseconds.
    pub born: i64,
    pub end: i64,
    pub is_revoked: bool,
    pub is_paused: bool,
    pub version: i64,
}

impl Row {
    pub fn is_live(&self, now: i64) -> bool {
        !self.is_revoked && self.end > now
    }
}

/// All keys by their first eight.
pub(super) type Rows = BTreeMap<String, Row>;

impl Walk<'_> {
    pub(super) fn rows(&self) -> Rows {
        let owners: HashMap<AccountId, usize> =
            self.world.owners.iter().enumerate().map(|(at, owner)| (owner.id, at)).collect();
        let columns = [
            "first_eight",
            "CAST(owner AS TEXT)",
            "CAST(COALESCE(rotated_at, created_at) AS TEXT)",
            "CAST(expires_at AS TEXT)",
            "CASE WHEN revoked_at IS NULL THEN '0' ELSE '1' END",
            "CASE WHEN disabled_at IS NULL THEN '0' ELSE '1' END",
            "CAST(version AS TEXT)",
        ];
        let select = format!("SELECT {} AS value FROM api_keys", columns.join(" || ' ' || "));
        let row = |line: String| {
            let words: Vec<&str> = line.split(' ').collect();
            let number = |at: usize| words[at].parse::<i64>().expect("a number");
            let row = Row {
                owner: owners[&AccountId(number(1))],
                born: number(2),
                end: number(3),
                is_revoked: number(4) == 1,
                is_paused: number(5) == 1,
                version: number(6),
            };
            (words[0].to_owned(), row)
        };
        self.app.database.texts(&select).into_iter().map(row).collect()
    }

    /// The promises, for one step in which no time passed.
    pub(super) fn keep_promises(&self, before: &Rows, after: &Rows) {
        for (eight, row) in after {
            let key = self.world.keys.iter().find(|key| key.eight == *eight).expect("the model knows it");
            self.keep_life(key, before.get(eight), row);
        }
        self.keep_limits(before, after);
    }

    fn keep_life(&self, key: &Key, before: Option<&Row>, row: &Row) {
        let (now, said) = (self.world.now, format!("step {} ({}): {before:?} to {row:?}", self.step, self.what));
        let lives_again = before.is_none_or(|before| !before.is_live(now)) && row.is_live(now);
        let is_later = before.is_none_or(|before| row.end > before.end);
        let moved = before.is_some_and(|before| before.owner != row.owner);
        if lives_again || is_later || moved && row.is_live(now) {
            let latest = self.world.latest(row.owner, row.born).max(now + DAY);
            assert!(row.end <= latest, "{said}: the lifetime rules of today allow {latest}");
        }
        if is_later && let Some(limit) = key.limit {
            assert!(row.end <= limit, "{said}: an administrator set the end to {limit}");
        }
        if let Some(before) = before {
            assert!(row == before || row.version > before.version, "{said}: a change that an undo would not notice");
            if before.is_revoked && !row.is_revoked {
                assert!(self.what.contains("restore") || self.what.contains("undo"), "{said}: it came back");
            }
        }
        let same = (key.owner, key.end, key.revoked.is_some(), key.paused.is_some(), key.born);
        assert_eq!(same, (row.owner, row.end, row.is_revoked, row.is_paused, row.born), "{said}: {key:?}");
    }

    /// Whoever keeps verdicts in memory hears of each key that is verified differently than before.
    pub(super) fn tell_what_changed(&self, before: &World, told: &[Change]) {
        let rights: Vec<&str> = PERMISSIONS.into_iter().chain(OWN).chain(["claviger:admin"]).collect();
        let ids = self.ids();
        for was in &before.keys {
            let key = self.world.keys.iter().find(|key| key.eight == was.eight).expect("keys are not removed");
            let gone = self.world.verdict(key, &rights);
            if before.verdict(was, &rights) == gone && was.owner == key.owner {
                continue;
            }
            let owners = [was.owner, key.owner].map(|owner| Change::Owner(self.world.owners[owner].id));
            let of_this = [Change::Key(ids[&key.eight]), owners[0], owners[1], Change::Everything];
            // The model does not know the numbers of policies and resources.
            let of_many = |change: &Change| matches!(change, Change::Policy(_) | Change::Resource(_));
            let heard = told.iter().any(|change| of_this.contains(change) || of_many(change));
            assert!(
                heard,
                "step {} ({}): nobody heard of {was:?}, which is {key:?} now: {told:?}",
                self.step, self.what
            );
        }
    }

    fn ids(&self) -> HashMap<String, KeyId> {
        let lines = self.app.database.texts("SELECT first_eight || ' ' || CAST(id AS TEXT) AS value FROM api_keys");
        let read = |line: String| {
            let (eight, id) = line.split_once(' ').expect("two words");
            (eight.to_owned(), KeyId(id.parse().expect("a number")))
        };
        lines.into_iter().map(read).collect()
    }

    fn keep_limits(&self, before: &Rows, after: &Rows) {
        let now = self.world.now;
        let live = |rows: &Rows, of: &dyn Fn(usize) -> bool| {
            rows.values().filter(|row| row.is_live(now) && of(row.owner)).count()
        };
        for owner in 0..self.world.owners.len() {
            let (had, has) = (live(before, &|one| one == owner), live(after, &|one| one == owner));
            let limit = self.world.rules.limit(owner);
            assert!(
                has <= had || has <= limit,
                "step {} ({}): owner {owner} had {had} live keys and has {has} of {limit}",
                self.step,
                self.what
            );
        }
        let service = |owner: usize| self.world.owners[owner].is_service;
        let (had, has) = (live(before, &service), live(after, &service));
        let limit = self.world.rules.of_services;
        assert!(
            has <= had || has <= limit,
            "step {} ({}): {had} server keys became {has} of {limit}",
            self.step,
            self.what
        );
    }
}
