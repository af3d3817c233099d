//! The steps of a random walk that are bulk work: the operations that people choose, lifetime rules, and every undo.

use claviger::actions::keys::lifetime_rules::{Existing, Planned};
use claviger::domain::keys::lifetime_rules::Rules;
use claviger::domain::keys::rule::{AppliesTo, Rule};

use super::promises::{Row, Rows};
use super::*;
use crate::support::rights_model::LifetimeRules;

/// Bulk work that was done, for its undo.
pub(super) struct Done {
    pub job: JobId,
    pub operation: BulkOperation,
    /// The keys that it changed: their place in the model, how they were, and their version since.
    pub keys: Vec<(usize, Key, i64)>,
}

/// Jobs whose undo is tried.
const REMEMBERED: usize = 8;

impl Walk<'_> {
    /// Runs what is queued, and takes over what became of the keys; gives those that were changed, as they were.
    pub(super) async fn run(&mut self, job: JobId, operation: BulkOperation) -> Vec<usize> {
        let before = self.rows();
        self.api().run_jobs().await.expect("done");
        let after = self.rows();
        let mut keys = Vec::new();
        for at in 0..self.world.keys.len() {
            let (was, is) = (&before[&self.world.keys[at].eight], &after[&self.world.keys[at].eight]);
            if was != is {
                keys.push((at, self.world.keys[at].clone(), is.version));
                self.take_over(at, is, job, operation);
            }
        }
        let changed = keys.iter().map(|(at, ..)| *at).collect();
        self.remembered.push(Done { job, operation, keys });
        if self.remembered.len() > REMEMBERED {
            self.remembered.remove(0);
        }
        changed
    }

    /// Makes the model's key what its row says, as far as the operation may change that.
    fn take_over(&mut self, at: usize, row: &Row, job: JobId, operation: BulkOperation) {
        let key = &mut self.world.keys[at];
        match operation {
            BulkOperation::Delete => {
                key.revoked = row.is_revoked.then_some(job);
                key.old = None;
            }
            BulkOperation::Restore => (key.revoked, key.end) = (None, row.end),
            BulkOperation::Disable => key.paused = Some(Paused::ByAdmin),
            BulkOperation::Enable => key.paused = None,
            BulkOperation::Expire => (key.end, key.limit) = (row.end, Some(row.end)),
            BulkOperation::Shorten => key.end = row.end,
            BulkOperation::Transfer => (key.owner, key.end) = (row.owner, row.end),
            _ => {}
        }
        if let Some((_, until)) = &mut key.old {
            *until = (*until).min(key.end);
        }
    }

    /// Something to some keys, as an administrator does it.
    pub(super) async fn bulk(&mut self) -> bool {
        let operation = *BulkOperation::CHOICES.choose(&mut self.rng).expect("one");
        self.what = format!("bulk {}", operation.as_str());
        let mut keys: Vec<usize> = (0..4).filter_map(|_| self.key_for(operation)).collect();
        keys.sort_unstable();
        keys.dedup();
        let eights =
            keys.iter().map(|at| FirstEight::parse(&self.world.keys[*at].eight).expect("a first eight")).collect();
        let Ok(job) = self.api().draft_job(self.as_boss().administrator(), operation, Selection::Ids(eights)).await
        else {
            return false;
        };
        let days = *[2, 10, 40, 200].choose(&mut self.rng).expect("days");
        let day = Timestamp(self.world.now + days * DAY).day();
        let entered = Confirmation { expires_on: day.clone(), ..Confirmation::default() };
        self.api().confirm_job(self.as_boss(), job, &entered).await.expect("confirmed");
        let before = self.rows();
        let changed = self.run(job, operation).await;
        let day = Timestamp::parse_day(&day).expect("a day").0;
        for at in keys {
            self.check_bulk(at, &before, operation, day, changed.contains(&at));
        }
        true
    }

    /// Mostly a key to which the operation makes a difference.
    fn key_for(&mut self, operation: BulkOperation) -> Option<usize> {
        let now = self.world.now;
        let fits = |key: &Key| key.end > now && key.revoked.is_some() == (operation == BulkOperation::Restore);
        let fitting: Vec<usize> = (0..self.world.keys.len()).filter(|at| fits(&self.world.keys[*at])).collect();
        if self.rng.random_bool(0.7) { fitting.choose(&mut self.rng).copied() } else { self.some_key() }
    }

    /// Confirmed bulk work does what it says to each key that it fits, or has a reason.
    fn check_bulk(&self, at: usize, before: &Rows, operation: BulkOperation, day: i64, is_changed: bool) {
        let (key, was) = (&self.world.keys[at], &before[&self.world.keys[at].eight]);
        let now = self.world.now;
        let fits = match operation {
            BulkOperation::Delete => !was.is_revoked,
            BulkOperation::Restore => was.is_revoked,
            // What has expired is neither paused nor good again: there is nothing to disable or enable.
            BulkOperation::Disable => was.is_live(now) && !was.is_paused,
            BulkOperation::Enable => was.is_live(now) && was.is_paused,
            _ => was.is_live(now) && day < was.end,
        };
        let full = operation == BulkOperation::Restore && self.is_full(key.owner);
        assert!(is_changed == fits || fits && full, "step {}: {operation:?} of {was:?}, {key:?}", self.step);
        match operation {
            BulkOperation::Expire if is_changed => assert_eq!(key.end, day, "step {}", self.step),
            BulkOperation::Restore if is_changed => {
                assert_eq!(key.end, self.world.cut(key.owner, key.born, was.end), "step {}", self.step);
            }
            _ => {}
        }
    }

    /// Has an owner as many keys as are allowed, or all service accounts together?
    fn is_full(&self, owner: usize) -> bool {
        let services = (0..self.world.owners.len()).filter(|one| self.world.owners[*one].is_service);
        let of_services: usize = services.map(|one| self.world.live_of(one)).sum();
        self.world.live_of(owner) >= self.world.rules.limit(owner)
            || self.world.owners[owner].is_service && of_services >= self.world.rules.of_services
    }

    /// Undoes one of the last jobs.
    pub(super) async fn undo(&mut self) -> bool {
        if self.remembered.is_empty() {
            return false;
        }
        let chosen = self.pick(self.remembered.len());
        let done = self.remembered.remove(chosen);
        self.what = format!("undo of {}", done.operation.as_str());
        let before = self.rows();
        let Ok(undo) = self.api().undo_job(self.as_boss(), done.job).await else { return false };
        self.api().run_jobs().await.expect("done");
        let after = self.rows();
        for (at, facts, version) in &done.keys {
            let eight = self.world.keys[*at].eight.clone();
            let (was, is) = (&before[&eight], &after[&eight]);
            if was.version != *version {
                assert_eq!(was, is, "step {}: {} changed since is left alone", self.step, eight);
                continue;
            }
            self.take_back(*at, facts, is, was != is, undo, done.operation);
        }
        true
    }

    /// What was changed is as it was, as far as the rules and limits of today allow.
    fn take_back(&mut self, at: usize, facts: &Key, is: &Row, is_changed: bool, undo: JobId, operation: BulkOperation) {
        let (now, said) = (self.world.now, format!("step {}: undo of {operation:?}: {facts:?}, {is:?}", self.step));
        let receiver = if operation == BulkOperation::Transfer { facts.owner } else { self.world.keys[at].owner };
        let end = self.world.cut(receiver, self.world.keys[at].born, facts.end);
        let full = self.is_full(receiver);
        let present = self.world.keys[at].end;
        if !is_changed {
            let reason = match operation {
                BulkOperation::Delete | BulkOperation::Transfer => full,
                BulkOperation::Expire | BulkOperation::Shorten => end <= present || full && present <= now,
                _ => false,
            };
            assert!(reason, "{said}: it was left alone");
            return;
        }
        let key = &mut self.world.keys[at];
        match operation {
            BulkOperation::Delete => (key.revoked, key.end) = (None, end),
            BulkOperation::Restore => (key.revoked, key.old) = (Some(undo), None),
            BulkOperation::Disable | BulkOperation::Enable => key.paused = facts.paused,
            BulkOperation::Expire | BulkOperation::Shorten => (key.end, key.limit) = (end, facts.limit),
            BulkOperation::Transfer => (key.owner, key.end, key.given) = (facts.owner, end, facts.given.clone()),
            _ => {}
        }
        assert_eq!(
            (is.end, is.owner, is.is_revoked, is.is_paused),
            (key.end, key.owner, key.revoked.is_some(), key.paused.is_some()),
            "{said}"
        );
    }

    /// Other lifetime rules, applied to the keys that are there or not.
    pub(super) async fn change_rules(&mut self) -> bool {
        self.what = "lifetime rules".into();
        let longest = *[7, 30, 365, 730].choose(&mut self.rng).expect("days");
        let most = *[3, 6, 20].choose(&mut self.rng).expect("keys");
        let services = self.rng.random_bool(0.4).then(|| *[5, 60].choose(&mut self.rng).expect("days"));
        let account = self.rng.random_bool(0.4).then(|| self.pick(self.world.owners.len()));
        let account = account.map(|owner| {
            (owner, *[3, 90].choose(&mut self.rng).expect("days"), *[2, 6].choose(&mut self.rng).expect("keys"))
        });
        let rules = LifetimeRules { longest, most, services, account, of_services: self.world.rules.of_services };
        let version = self.api().lifetime_rules(self.as_boss().administrator()).await.expect("there").rules.version();
        let planned = self.api().plan_rules(self.as_boss(), self.written(&rules), version).await.expect("planned");
        self.world.rules = rules;
        let Planned::Hits(id) = planned else { return true };
        let existing = *[Existing::Leave, Existing::Now, Existing::Spread(7)].choose(&mut self.rng).expect("one");
        let job = self.api().apply_rules(self.as_boss(), id, existing).await.expect("in force");
        let Some(job) = job else { return true };
        let before = self.rows();
        self.run(job, BulkOperation::Shorten).await;
        let (now, spread) = (self.world.now, if existing == Existing::Now { 0 } else { 7 * DAY });
        for key in &self.world.keys {
            let was = &before[&key.eight];
            if was.is_live(now) {
                let latest = self.world.latest(key.owner, key.born).max(now + DAY + spread);
                assert!(key.end <= latest, "step {}: {key:?} outlives rules that were applied", self.step);
                assert!(key.end == was.end || key.end >= now + DAY, "step {}: {key:?} ends within a day", self.step);
            }
        }
        true
    }

    fn written(&self, rules: &LifetimeRules) -> Rules {
        let rule = |applies_to: AppliesTo, longest_days: i32| Rule {
            applies_to,
            default_span: None,
            longest_span: Some(days(longest_days.into())),
            allow_never: false,
            idle_days: None,
            idle_from: 0,
            keys_per_owner: None,
        };
        let number = |keys: usize| i32::try_from(keys).ok();
        let mut all = vec![Rule {
            default_span: Some(days(3)),
            keys_per_owner: number(rules.most),
            ..rule(AppliesTo::Everyone, rules.longest)
        }];
        all.extend(rules.services.map(|days| rule(AppliesTo::Services, days)));
        all.extend(rules.account.map(|(owner, days, keys)| {
            let owner = &self.world.owners[owner];
            Rule { keys_per_owner: number(keys), ..rule(AppliesTo::Account(owner.id, owner.name.clone()), days) }
        }));
        Rules(all)
    }

    pub(super) async fn limit_services(&mut self) -> bool {
        let most = *[4, 12, 100].choose(&mut self.rng).expect("keys");
        let value = (Setting::MaxServiceKeys, most.to_string());
        self.api().change_settings(self.as_boss(), vec![value]).await.expect("changed");
        self.world.rules.of_services = most;
        true
    }
}
