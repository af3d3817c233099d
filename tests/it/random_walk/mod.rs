//! Random walks over everything that gives or takes a right or a life, against the naive model: no key ever has a right or a
//! life that no chain of grants allows. `scripts/test --walk 10000 random_walk` takes more steps.

mod bulk;
mod keys;
mod owners;
mod promises;

use std::collections::BTreeSet;

use claviger::actions::accounts::delete::TheirKeys;
use claviger::actions::bulk::draft::Confirmation;
use claviger::actions::keys::get_or_create::{GotOrCreated, Wanted};
use claviger::actions::keys::request::{FormId, Issued, KeyRequest, New};
use claviger::actions::keys::rotate::Grace;
use claviger::actions::rights::policies::PolicyDraft;
use claviger::actions::verification::verify::{GoodKey, Presenter, Verdict};
use claviger::actions::{Actor, App, Error, Reauthenticated, system_randomness};
use claviger::domain::accounts::account::NewService;
use claviger::domain::accounts::account::{Role, Username};
use claviger::domain::bulk::BulkOperation;
use claviger::domain::bulk::Selection;
use claviger::domain::change::Change;
use claviger::domain::ids::{AccountId, JobId};
use claviger::domain::keys::api_key::{KeyName, KeyNote};
use claviger::domain::keys::lifetime::Expiry;
use claviger::domain::keys::presented::Forms;
use claviger::domain::keys::secret::FirstEight;
use claviger::domain::rights::permission::{PermissionName, Rights, ServiceName};
use claviger::domain::rights::policy::PolicyName;
use claviger::domain::rights::resource::{ResourceKind, ResourceName};
use claviger::domain::rights::{GrantRequest, Required};
use claviger::domain::settings::Setting;
use claviger::domain::time::clock::Timestamp;
use claviger::domain::time::span::days;
use jiff::SignedDuration;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use self::bulk::Done;
use crate::support::rights_model::{
    DAY, Given, HOUR, Key, LifetimeRules, Names, Owner, Paused, Policy, Resource, World,
};
use crate::support::{TestApp, on_both};

const PERMISSIONS: [&str; 6] = ["a:read", "a:write", "b:read", "b:write", "label.read", "label.write"];
/// What keys may do of their own accord.
const OWN: [&str; 3] = ["claviger:keys:create", "claviger:keys:read", "claviger:keys:revoke"];

/// Steps of a walk: few with every test run, more by flag.
#[expect(clippy::disallowed_methods, reason = "the flag of scripts/test")]
fn steps() -> usize {
    std::env::var("CLAVIGER_WALK_STEPS").ok().and_then(|steps| steps.parse().ok()).unwrap_or(400)
}

fn actor(owner: &Owner) -> Actor {
    // The walk acts as whoever has the right; that a right holds until the change is made, `held_bodies` looks at.
    Actor::cli().on_behalf_of(owner.id, owner.name.clone())
}

fn rights(names: &Names) -> Rights {
    names.iter().map(|name| PermissionName::parse("name", name).expect("a name")).collect()
}

fn username(name: &str) -> Username {
    Username::parse(name).expect("a user name")
}

fn policy_name(name: &str) -> PolicyName {
    PolicyName::parse(name).expect("a name")
}

struct Walk<'a> {
    app: &'a TestApp,
    /// Another server on the same database, which learns of changes from the feed alone.
    other: App,
    world: World,
    rng: StdRng,
    /// The first owner: the administrator who acts.
    boss: Actor,
    step: usize,
    /// What the step is, in a few words.
    what: String,
    /// The last deletion of a policy, and its job.
    deleted: Option<(usize, JobId)>,
    /// The last bulk work.
    remembered: Vec<Done>,
    done: usize,
}

fn rule_2_and_4_no_walk_gives_a_key_what_no_grant_allows(app: TestApp) {
    let mut walk = Walk::new(&app, 20_261_121);
    app.run(walk.go(steps()));
    assert!(walk.done * 3 > steps(), "most steps do something: {} of {}", walk.done, steps());
}
on_both!(rule_2_and_4_no_walk_gives_a_key_what_no_grant_allows);

impl<'a> Walk<'a> {
    fn new(app: &'a TestApp, seed: u64) -> Self {
        app.admin("boss");
        for name in ["ana", "ben", "cy"] {
            app.person(name);
        }
        let boss = Actor::cli();
        let rng = StdRng::seed_from_u64(seed);
        let (world, what, remembered) = (World::default(), String::new(), Vec::new());
        let mut config = app.database.config();
        config.revocation_bound = 60_000;
        let other = App::start(config, app.clock.clone(), system_randomness()).expect("the app starts");
        Self { app, other, world, rng, boss, step: 0, what, deleted: None, remembered, done: 0 }
    }

    fn as_boss(&self) -> Reauthenticated<'_> {
        self.boss.reauthenticated().expect("an administrator")
    }

    fn api(&self) -> &'a App {
        &self.app.app
    }

    async fn set_up(&mut self) {
        let api = self.api();
        for name in ["boss", "ana", "ben", "cy"] {
            let id = api.find_person(self.as_boss().administrator(), &username(name)).await.expect("there").account.id;
            self.add_owner(name, id, false);
        }
        self.boss = actor(&self.world.owners[0]);
        for name in ["robot-1", "robot-2"] {
            let new = NewService { username: username(name), display_name: name.into(), description: String::new() };
            api.create_service_account(self.as_boss(), new).await.expect("made");
            let id = api
                .find_service_account(self.as_boss().administrator(), &username(name))
                .await
                .expect("there")
                .account
                .id;
            self.add_owner(name, id, true);
        }
        let service = ServiceName::parse("lab").expect("a name");
        for name in PERMISSIONS {
            let name = PermissionName::parse("name", name).expect("a name");
            api.add_permission(self.as_boss(), service.clone(), name, String::new()).await.expect("registered");
        }
        for name in ["project:one", "project:two"] {
            let name = ResourceName::parse(name).expect("a name");
            api.register_resource(self.as_boss(), name.clone(), name.text()).await.expect("registered");
            self.world.resources.push(Resource { name: name.text(), administrators: BTreeSet::new() });
        }
        api.change_settings(self.as_boss(), vec![(Setting::KeyMayCreate, "on".into())]).await.expect("changed");
        for number in 0..4 {
            self.create_policy(number).await;
        }
        self.world.now = self.app.clock.now().0;
        self.world.rules = LifetimeRules { longest: 365, most: 20, services: None, account: None, of_services: 100 };
    }

    fn add_owner(&mut self, name: &str, id: AccountId, is_service: bool) {
        let (is_admin, active, policies) = (name == "boss", true, BTreeSet::new());
        self.world.owners.push(Owner { name: name.into(), id, is_service, is_admin, active, policies });
    }

    fn some(&mut self, of: &[&str]) -> Names {
        of.iter().filter(|_| self.rng.random_bool(0.5)).map(|name| (*name).to_owned()).collect()
    }

    fn pick(&mut self, below: usize) -> usize {
        self.rng.random_range(0..below)
    }

    fn some_key(&mut self) -> Option<usize> {
        (0..self.world.keys.len()).collect::<Vec<_>>().choose(&mut self.rng).copied()
    }

    /// A policy that was not deleted.
    fn some_policy(&mut self) -> Option<usize> {
        let there = (0..self.world.policies.len()).filter(|at| !self.world.policies[*at].deleted);
        there.collect::<Vec<_>>().choose(&mut self.rng).copied()
    }

    async fn go(&mut self, steps: usize) {
        self.set_up().await;
        let (sender, changes) = std::sync::mpsc::channel();
        self.api().listen_to_changes(move |told| {
            for change in told {
                sender.send(*change).expect("the walk listens");
            }
        });
        for step in 0..steps {
            self.step = step;
            let (before, world) = (self.rows(), self.world.clone());
            self.done += usize::from(self.take_step().await);
            if step % 100 == 0 {
                self.api().follow_changes().await; // keeps the lease; what it changes itself, it knows before
            }
            let told: Vec<Change> = std::iter::from_fn(|| changes.try_recv().ok()).collect();
            if world.now == self.world.now {
                self.keep_promises(&before, &self.rows());
                self.tell_what_changed(&world, &told);
            }
            for _ in 0..3 {
                if let Some(key) = self.some_key() {
                    self.check(key).await;
                }
            }
            if step % 100 == 99 {
                for key in 0..self.world.keys.len() {
                    self.check(key).await;
                }
            }
        }
    }

    /// What `/verify` says of a key, asked something at random, against the model.
    async fn check(&mut self, at: usize) {
        let all = self
            .some(&PERMISSIONS)
            .into_iter()
            .chain(self.some(&["claviger:admin"]))
            .filter(|_| self.rng.random_bool(0.6))
            .collect::<Names>();
        let resource = self.rng.random_bool(0.6).then(|| self.pick(2));
        let key = self.world.keys[at].clone();
        let secret = match &key.old {
            Some((old, _)) if self.rng.random_bool(0.4) => old.clone(),
            _ => key.secret.clone(),
        };
        let expected = self.world.answer(&key, &secret, &all, resource);
        let demand = Required {
            all: rights(&all).into_iter().collect(),
            resource: resource.map(|at| ResourceName::parse(&self.world.resources[at].name).expect("a name")),
            ..Required::default()
        };
        let said = format!("step {}: {key:?} asked {all:?} for {resource:?}", self.step);
        let verdict = self.api().verify_key(&secret, &demand, nobody()).await.expect(&said);
        assert_eq!(status(&verdict), expected, "{said}");
        self.other.follow_changes().await;
        for (node, which) in [(self.api(), "from memory"), (&self.other, "on another server")] {
            let remembered = node.verify(&secret, &demand, nobody()).await.expect(&said);
            assert_eq!(status(&remembered), expected, "{which}, {said}");
            if let (Verdict::Good(facts), Verdict::Good(good)) = (&remembered, &verdict) {
                let ends_at = facts.ends_at().to_vec();
                assert_eq!(
                    (&facts.rights.rights, ends_at),
                    (&good.rights, end_of(good).into_bytes()),
                    "{which}, {said}"
                );
                assert_eq!(facts.owner.username, good.owner.username.as_str(), "{which}, {said}");
            }
        }
        if let Verdict::Good(good) = verdict {
            Self::check_life(&key, &secret, &good, &said);
            for right in PERMISSIONS.into_iter().chain(["claviger:admin", "claviger:keys:create"]) {
                let has = good.rights.iter().any(|name| name.as_str() == right);
                assert_eq!(has, self.world.may(&key, right), "{said}: {right}");
            }
        }
    }

    fn check_life(key: &Key, secret: &str, good: &GoodKey, said: &str) {
        let end = match &key.old {
            Some((old, until)) if old == secret => (*until).min(key.end),
            _ => key.end,
        };
        assert_eq!(good.expires_at, Some(Timestamp(end)), "{said}");
    }

    async fn take_step(&mut self) -> bool {
        let step = self.pick(32);
        self.what = format!("kind {step}");
        match step {
            0..=2 => self.generate().await,
            3 => self.set_access().await,
            4 => self.rotate().await,
            5 => self.revoke().await,
            6 | 25 | 26 => self.bulk().await,
            8 | 27 => self.undo().await,
            24 => self.change_rules().await,
            28 => self.limit_services().await,
            7 => self.pause().await,
            9 => self.set_policies().await,
            10 => self.change_policy().await,
            11 => self.delete_policy().await,
            12 => self.move_keys().await,
            13 => self.retire().await,
            14 => self.deactivate().await,
            15 => self.set_role().await,
            16 => self.transfer().await,
            17 | 29 | 30 => self.administer().await,
            18 | 22 | 23 | 31 => self.get_or_create().await,
            19 => self.set_service_rights().await,
            20 => self.delete_person().await,
            _ => self.pass(),
        }
    }

    /// A wish at random, and what a key that gets it has.
    fn wish(&mut self) -> (GrantRequest, Given) {
        match self.pick(3) {
            0 => (GrantRequest::Inherit, Given::Everything),
            1 => {
                let own: Vec<&str> = OWN
                    .into_iter()
                    .filter(|name| self.rng.random_bool(if *name == OWN[2] { 0.3 } else { 0.8 }))
                    .collect();
                let own = own.into_iter().map(str::to_owned);
                let names: Names = self.some(&PERMISSIONS).into_iter().chain(own).collect();
                (GrantRequest::Scopes(rights(&names)), Given::Scopes(names))
            }
            _ => {
                let at = self.pick(self.world.policies.len());
                (GrantRequest::Policy(policy_name(&self.world.policies[at].name)), Given::Policy(at))
            }
        }
    }

    /// Rule 2 and 4, for a gift that was accepted.
    fn may_give(&self, owner: usize, given: &Given, resource: Option<usize>) {
        let has = |right: &String| self.world.holds(owner, right) || self.world.administers(owner, resource, right);
        let ok = match given {
            Given::Everything => true,
            Given::Scopes(names) => !names.is_empty() && names.iter().all(has),
            Given::Policy(at) => {
                let service = self.world.owners[owner].is_service && self.world.policy_alone;
                !self.world.policies[*at].deleted && (service || self.world.owners[owner].policies.contains(at))
            }
        };
        assert!(ok, "step {}: owner {owner} was given {given:?} for {resource:?}", self.step);
        let related = resource.is_none_or(|resource| {
            let rights = || self.world.of_kind.iter().any(|right| self.world.holds(owner, right));
            self.world.owners[owner].is_service
                || self.world.owners[owner].is_admin
                || self.world.resources[resource].administrators.contains(&owner)
                || rights()
        });
        assert!(related, "step {}: owner {owner} was given a key for {resource:?}", self.step);
    }
}

fn status<G>(verdict: &Verdict<G>) -> u16 {
    match verdict {
        Verdict::Good(_) => 200,
        Verdict::Insufficient(_) => 403,
        Verdict::Refused(_) | Verdict::TooMany(_) | Verdict::InUrl => 401,
    }
}

fn end_of(good: &GoodKey) -> String {
    good.expires_at.map(Timestamp::rfc3339).unwrap_or_default()
}

fn nobody() -> Presenter<'static> {
    Presenter { address: None, agent: "walk", forms: Forms::usual() }
}
