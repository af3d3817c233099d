//! The naive model of rights: owners, policies, resources and keys as plain facts, asked one permission at a time.

use std::collections::BTreeSet;

use claviger::domain::ids::{AccountId, JobId};

/// Microseconds in a day: the model counts time by itself.
pub const DAY: i64 = 86_400_000_000;
/// Microseconds in an hour.
pub const HOUR: i64 = DAY / 24;

/// A set of permissions by their names.
pub type Names = BTreeSet<String>;

/// A person or a service account.
#[derive(Debug, Clone)]
pub struct Owner {
    pub name: String,
    pub id: AccountId,
    pub is_service: bool,
    pub is_admin: bool,
    pub active: bool,
    pub policies: BTreeSet<usize>,
}

/// A policy; a deleted one keeps its place.
#[derive(Debug, Clone)]
pub struct Policy {
    pub name: String,
    pub permissions: Names,
    pub deleted: bool,
}

/// A resource.
#[derive(Debug, Clone)]
pub struct Resource {
    pub name: String,
    pub administrators: BTreeSet<usize>,
}

/// What a key was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    Everything,
    Scopes(Names),
    Policy(usize),
}

/// Who disabled a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paused {
    ByOwner,
    ByAdmin,
}

/// A key.
#[derive(Debug, Clone)]
pub struct Key {
    pub eight: String,
    pub owner: usize,
    pub given: Given,
    pub resource: Option<usize>,
    /// When its present secret was made, in microseconds.
    pub born: i64,
    pub end: i64,
    /// The latest end that an administrator allows it.
    pub limit: Option<i64>,
    pub secret: String,
    /// The secret before, and until when it is good.
    pub old: Option<(String, i64)>,
    pub paused: Option<Paused>,
    /// Set when it was revoked: by the job with this number, or by 0.
    pub revoked: Option<JobId>,
}

/// How long keys may live, in days, and how many there may be.
#[derive(Debug, Clone, Default)]
pub struct LifetimeRules {
    pub longest: i32,
    pub most: usize,
    /// Stricter for service accounts.
    pub services: Option<i32>,
    /// Stricter for one owner.
    pub account: Option<(usize, i32, usize)>,
    /// All service accounts together.
    pub of_services: usize,
}

impl LifetimeRules {
    /// How many live keys an owner may have.
    pub fn limit(&self, owner: usize) -> usize {
        self.account.filter(|(one, ..)| *one == owner).map_or(self.most, |(_, _, most)| most.min(self.most))
    }
}

/// All of it.
#[derive(Debug, Default, Clone)]
pub struct World {
    pub now: i64,
    pub owners: Vec<Owner>,
    pub policies: Vec<Policy>,
    pub resources: Vec<Resource>,
    /// What keys for a resource can be given by who administers it.
    pub of_kind: Names,
    pub retired: Names,
    /// `service_rights` is `policy`.
    pub policy_alone: bool,
    pub keys: Vec<Key>,
    pub rules: LifetimeRules,
}

impl World {
    /// The latest end of a key of this owner whose secret was made at this moment.
    pub fn latest(&self, owner: usize, born: i64) -> i64 {
        let services = self.rules.services.filter(|_| self.owners[owner].is_service);
        let account = self.rules.account.filter(|(one, ..)| *one == owner).map(|(_, days, _)| days);
        let days = [Some(self.rules.longest), services, account].into_iter().flatten().min().unwrap_or(0);
        born + i64::from(days) * DAY
    }

    /// An end, as far as the rules of today allow it; a day is left at least.
    pub fn cut(&self, owner: usize, born: i64, end: i64) -> i64 {
        let latest = self.latest(owner, born);
        if end <= latest { end } else { end.min(latest.max(self.now + DAY)) }
    }

    /// May an owner do this now, by policies and role?
    pub fn holds(&self, owner: usize, right: &str) -> bool {
        if let Some(own) = right.strip_prefix("claviger:") {
            return self.owners[owner].is_admin || own.starts_with("keys:");
        }
        let by_policy =
            |policy: &usize| !self.policies[*policy].deleted && self.policies[*policy].permissions.contains(right);
        !self.retired.contains(right) && self.owners[owner].policies.iter().any(by_policy)
    }

    /// May an owner give keys for this resource this permission, because of administering it?
    pub fn administers(&self, owner: usize, resource: Option<usize>, right: &str) -> bool {
        let administers = resource.is_some_and(|resource| self.resources[resource].administrators.contains(&owner));
        administers && !self.retired.contains(right) && self.of_kind.contains(right)
    }

    /// May a key do this now, for its resource?
    pub fn may(&self, key: &Key, right: &str) -> bool {
        let owner = self.holds(key.owner, right) || self.administers(key.owner, key.resource, right);
        match &key.given {
            // What concerns Claviger itself is given by name alone.
            Given::Everything => owner && (!right.starts_with("claviger:") || right.starts_with("claviger:keys:")),
            Given::Scopes(names) => owner && names.contains(right),
            Given::Policy(policy) => {
                let given = self.policies[*policy].permissions.contains(right) && !self.retired.contains(right);
                given && (owner || (self.policy_alone && self.owners[key.owner].is_service))
            }
        }
    }

    /// Is this secret of a key good now?
    pub fn is_good(&self, key: &Key, secret: &str) -> bool {
        let present = secret == key.secret;
        let old = key.old.as_ref().is_some_and(|(old, until)| old == secret && *until > self.now);
        let policy = !matches!(key.given, Given::Policy(policy) if self.policies[policy].deleted);
        (present || old)
            && key.revoked.is_none()
            && key.paused.is_none()
            && key.end > self.now
            && self.owners[key.owner].active
            && policy
    }

    /// What `/verify` says of a key now, as far as this model knows: each of its secrets with whether it is good and until when,
    /// and each of these rights that it has.
    pub fn verdict<'a>(&self, key: &Key, rights: &[&'a str]) -> (Vec<(String, bool, i64)>, Vec<&'a str>) {
        let old = key.old.iter().map(|(secret, until)| (secret.clone(), (*until).min(key.end)));
        let secrets = old.chain([(key.secret.clone(), key.end)]);
        let secrets = secrets.map(|(secret, end)| (secret.clone(), self.is_good(key, &secret), end));
        let any_good = secrets.clone().any(|(_, good, _)| good);
        let has = |right: &&&str| any_good && self.may(key, right);
        (secrets.collect(), rights.iter().filter(has).copied().collect())
    }

    /// Neither revoked nor past its time.
    pub fn is_live(&self, key: &Key) -> bool {
        key.revoked.is_none() && key.end > self.now
    }

    /// How many live keys an owner has.
    pub fn live_of(&self, owner: usize) -> usize {
        self.keys.iter().filter(|key| key.owner == owner && self.is_live(key)).count()
    }

    /// What `/verify` answers when it is asked all of these for this resource.
    pub fn answer(&self, key: &Key, secret: &str, all: &Names, resource: Option<usize>) -> u16 {
        // A resource that is asked for alone wants something that its keys can be given.
        let fits = match (key.resource, resource) {
            (Some(bound), asked) => asked == Some(bound),
            (None, None) => true,
            (None, Some(_)) => !all.is_empty() || self.of_kind.iter().any(|right| self.may(key, right)),
        };
        match (self.is_good(key, secret), fits && all.iter().all(|right| self.may(key, right))) {
            (false, _) => 401,
            (true, false) => 403,
            (true, true) => 200,
        }
    }
}
