//! A believable organisation for `claviger demo`: people, service accounts, and a year of their keys. The same seed tells the same story.

use std::collections::HashMap;

use jiff::SignedDuration;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};

mod records;
pub mod words;

pub use records::{DemoAccount, DemoGrant, DemoKey};

use crate::domain::keys::secret::base62;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::{self, DAY, HOUR, MICROSECOND, MINUTE, days};
use words::{AGENTS, FIRST_NAMES, HOSTS, LAST_NAMES, NOTES, POLICIES, RESOURCES, SERVICES, TASKS};

/// A demo as it is told: first the accounts, then key after key, oldest first.
pub struct Demo {
    rng: StdRng,
    now: Timestamp,
    keys: usize,
    told: usize,
    /// How many keys of an owner are for a task on a host.
    named: HashMap<(usize, usize, usize), u32>,
    /// Everybody. The first is the administrator.
    pub accounts: Vec<DemoAccount>,
}

impl Demo {
    /// The story of so many keys up to `now`.
    pub fn new(keys: usize, seed: u64, now: Timestamp) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let people = (keys / 20).clamp(12, 4_000);
        let services = (people / 8).max(4);
        let created_at = |rng: &mut StdRng| now.plus(-days(400 + rng.random_range(0..300)));
        let mut accounts = vec![DemoAccount {
            username: "miriam".into(),
            display_name: "Miriam Okafor".into(),
            is_service: false,
            active: true,
            created_at: now.plus(-800 * DAY),
            last_sign_in_at: Some(now.plus(-2 * HOUR)),
            policies: vec![0, 1],
        }];
        for n in 0..people {
            let (first, last) = (pick(&mut rng, &FIRST_NAMES), pick(&mut rng, &LAST_NAMES));
            accounts.push(DemoAccount {
                username: format!("{}{n}", plain(first)),
                display_name: format!("{first} {last}"),
                is_service: false,
                active: !rng.random_bool(0.03),
                created_at: created_at(&mut rng),
                last_sign_in_at: rng.random_bool(0.9).then(|| now.plus(-between(&mut rng, MINUTE, 60 * DAY))),
                policies: some_policies(&mut rng),
            });
        }
        for n in 0..services {
            let name = format!("svc-{}-{n}", pick(&mut rng, &SERVICES));
            accounts.push(DemoAccount {
                display_name: name.clone(),
                username: name,
                is_service: true,
                active: true,
                created_at: created_at(&mut rng),
                last_sign_in_at: None,
                policies: some_policies(&mut rng),
            });
        }
        Self { rng, now, keys, told: 0, named: HashMap::new(), accounts }
    }

    /// For each of the last 120 days, oldest first: how many days ago, verifications, refusals.
    pub fn days(&self) -> impl Iterator<Item = (i64, i64, i64)> + use<> {
        let mut rng = StdRng::seed_from_u64(u64::try_from(self.keys).unwrap_or(1));
        let base = i64::try_from(self.keys).unwrap_or(1) * 12 + 50;
        (0..120).rev().map(move |ago| {
            let weekend = (ago + 2) % 7 < 2;
            let uses = base * (120 - ago / 2) / 120 * if weekend { 2 } else { 5 } / 5;
            let uses = uses + rng.random_range(0..=uses / 6);
            (ago, uses, uses / 60 + rng.random_range(0..=uses / 40 + 1))
        })
    }

    fn key(&mut self) -> DemoKey {
        let Self { rng, now, .. } = self;
        let now = *now;
        // Keys come ever more often: the k-th of n was made where the square root of k/n of the year has passed.
        #[expect(clippy::cast_precision_loss, reason = "a date of a story")]
        let age: SignedDuration = (400 * DAY).mul_f64(1.0 - (self.told as f64 / self.keys as f64).sqrt());
        let created_at = now.plus(-age - between(rng, MICROSECOND, 20 * MINUTE));
        let lifetime = *[7, 30, 30, 90, 90, 90, 90, 180, 365, 365, 0].choose(rng).unwrap_or(&90);
        let expires_at = (lifetime > 0).then(|| created_at.plus(days(lifetime)));
        let after = |rng: &mut StdRng, start: Timestamp, end: Timestamp| {
            start.plus(between(rng, MICROSECOND, end.since(start).max(2 * MICROSECOND)))
        };
        let end = expires_at.map_or(now, |at| at.min(now));
        let revoked_at = rng.random_bool(0.08).then(|| after(rng, created_at, end));
        let disabled_at = rng.random_bool(0.03).then(|| after(rng, created_at, end));
        let used_until = [revoked_at, disabled_at].into_iter().flatten().fold(end, Timestamp::min);
        let last_use = (!rng.random_bool(0.15)).then(|| {
            // Most keys in use were used in the last hours of their life.
            let recent = used_until.plus(-between(rng, MINUTE, 30 * HOUR)).max(created_at.plus(MICROSECOND));
            let at = if rng.random_bool(0.6) { recent } else { after(rng, created_at, used_until) };
            let address =
                format!("10.{}.{}.{}", rng.random_range(0..8), rng.random_range(0..40), rng.random_range(1..250));
            (at, address, pick(rng, &AGENTS))
        });
        let use_count = if last_use.is_some() { 1 << rng.random_range(0..18) } else { 0 };
        let use_count = use_count + if use_count > 1 { rng.random_range(0..use_count) } else { 0 };
        let mut secret_hash = [0; 32];
        rng.fill_bytes(&mut secret_hash);
        let note = if rng.random_bool(0.55) { pick(rng, &NOTES) } else { "" };
        let owner = rng.random_range(0..self.accounts.len());
        let (task, host) = (rng.random_range(0..TASKS.len()), rng.random_range(0..HOSTS.len()));
        let like_it = self.named.entry((owner, task, host)).or_default();
        *like_it += 1;
        let name = match *like_it {
            1 => format!("{} on {}", TASKS[task], HOSTS[host]),
            n => format!("{} on {}, {n}", TASKS[task], HOSTS[host]),
        };
        let grant = grant(rng, &self.accounts[owner]);
        DemoKey {
            first_eight: base62(rng, 8).to_string(),
            secret_hash,
            owner,
            name,
            grant,
            resource: rng.random_bool(0.12).then(|| rng.random_range(0..RESOURCES.len())),
            note: note.into(),
            created_at,
            expires_at,
            disabled_at,
            revoked_at,
            last_use,
            use_count,
        }
    }
}

impl Iterator for Demo {
    type Item = DemoKey;

    fn next(&mut self) -> Option<DemoKey> {
        if self.told == self.keys {
            return None;
        }
        let key = self.key();
        self.told += 1;
        Some(key)
    }
}

/// A span from `least` up to `most`.
fn between(rng: &mut StdRng, least: SignedDuration, most: SignedDuration) -> SignedDuration {
    SignedDuration::from_micros(rng.random_range(span::micros(least)..span::micros(most)))
}

fn pick(rng: &mut StdRng, list: &[&'static str]) -> &'static str {
    list.choose(rng).copied().unwrap_or_default()
}

/// One or two policies; a few hold none.
fn some_policies(rng: &mut StdRng) -> Vec<usize> {
    let mut some: Vec<usize> =
        (0..rng.random_range(0..12).min(2)).map(|_| rng.random_range(0..POLICIES.len())).collect();
    some.sort_unstable();
    some.dedup();
    some
}

/// People's keys mostly inherit, those of service accounts mostly carry a policy.
fn grant(rng: &mut StdRng, owner: &DemoAccount) -> DemoGrant {
    let (policy, scopes) = if owner.is_service { (0.6, 0.2) } else { (0.15, 0.2) };
    let chance: f64 = rng.random();
    match owner.policies.choose(rng) {
        Some(held) if chance < policy => DemoGrant::Policy(*held),
        Some(held) if chance < policy + scopes => {
            let of_policy = POLICIES[*held].2;
            let first = rng.random_range(0..of_policy.len());
            let last = rng.random_range(first..of_policy.len());
            DemoGrant::Scopes(of_policy[first..=last].to_vec())
        }
        _ => DemoGrant::Inherit,
    }
}

/// A first name as part of a user name.
fn plain(name: &str) -> String {
    name.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_tells_the_same_story() {
        let now = Timestamp(1_800_000_000_000_000);
        let told = |seed| Demo::new(200, seed, now).map(|key| format!("{key:?}")).collect::<Vec<_>>();
        assert_eq!(told(1), told(1));
        assert_ne!(told(1), told(2));
        assert_eq!(told(1).len(), 200);
    }

    #[test]
    fn the_days_of_a_key_hold_its_uses() {
        let now = Timestamp(1_800_000_000_000_000);
        for key in Demo::new(2_000, 3, now) {
            let (days, all) = (key.uses_by_day(30), key.uses_by_day(1_000));
            assert_eq!(all.iter().map(|(_, uses)| uses).sum::<i64>(), key.use_count, "{:?}", key.first_eight);
            assert!(days.len() <= 30 && days.last().map(|day| day.0) == key.last_use.map(|(at, ..)| at.day_number()));
            assert!(all.iter().all(|(day, _)| *day >= key.created_at.day_number()));
        }
    }

    #[test]
    fn nothing_happens_before_its_cause_or_after_now() {
        let now = Timestamp(1_800_000_000_000_000);
        for key in Demo::new(2_000, 3, now) {
            for at in [key.revoked_at, key.disabled_at, key.last_use.map(|(at, ..)| at)].into_iter().flatten() {
                assert!(at > key.created_at && at <= now, "{:?}", key.first_eight);
            }
            assert!(key.expires_at.is_none_or(|at| at > key.created_at));
        }
    }
}
