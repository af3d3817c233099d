//! The steps of a random walk that are about owners, policies and resources.

use std::collections::HashMap;

use super::*;

impl Walk<'_> {
    pub(super) async fn create_policy(&mut self, number: usize) {
        let known = self.some(&PERMISSIONS);
        let permissions: Names = known.into_iter().filter(|name| !self.world.retired.contains(name)).collect();
        let name = format!("Policy {number}");
        let draft =
            PolicyDraft { name: policy_name(&name), description: String::new(), permissions: rights(&permissions) };
        self.api().create_policy(self.as_boss(), draft).await.expect("made");
        self.world.policies.push(Policy { name, permissions, deleted: false });
    }

    pub(super) async fn set_policies(&mut self) -> bool {
        let owner = self.pick(self.world.owners.len());
        let there: Vec<usize> = (0..self.world.policies.len()).filter(|at| !self.world.policies[*at].deleted).collect();
        let held: Vec<usize> = there.into_iter().filter(|_| self.rng.random_bool(0.5)).collect();
        let names = held.iter().map(|at| self.world.policies[*at].name.clone()).collect();
        let name = username(&self.world.owners[owner].name);
        self.api().set_policies(self.as_boss(), &name, names).await.expect("set");
        // What was deleted may come back, with those who held it.
        let policies = &self.world.policies;
        self.world.owners[owner].policies.retain(|at| policies[*at].deleted);
        self.world.owners[owner].policies.extend(held);
        true
    }

    pub(super) async fn change_policy(&mut self) -> bool {
        let Some(at) = self.some_policy() else { return false };
        let name = policy_name(&self.world.policies[at].name);
        let found = self.api().find_policy(self.as_boss().administrator(), &name).await.expect("there").policy;
        let permissions = self.some(&PERMISSIONS);
        let draft = PolicyDraft { name: name.clone(), description: String::new(), permissions: rights(&permissions) };
        let changed = self.api().change_policy(self.as_boss(), &name, found.version, draft).await.is_ok();
        if changed {
            self.world.policies[at].permissions = permissions;
        }
        changed
    }

    pub(super) async fn delete_policy(&mut self) -> bool {
        if let Some((at, job)) = self.deleted.take() {
            if self.api().undo_job(self.as_boss(), job).await.is_err() {
                self.create_policy(self.world.policies.len()).await; // too long ago: it stays deleted
                return true;
            }
            self.what = "undo of a deleted policy".into();
            self.api().run_jobs().await.expect("done");
            self.world.policies[at].deleted = false;
            let rows = self.rows();
            for key in self.world.keys.iter_mut().filter(|key| key.revoked == Some(job)) {
                let row = &rows[&key.eight];
                if !row.is_revoked {
                    (key.revoked, key.end) = (None, row.end);
                }
            }
            return true;
        }
        let Some(at) = self.some_policy() else { return false };
        let name = self.world.policies[at].name.clone();
        let job = self.api().delete_policy(self.as_boss(), &policy_name(&name), &name).await.expect("deleted");
        self.world.policies[at].deleted = true;
        for key in (0..self.world.keys.len()).collect::<Vec<_>>() {
            if self.world.keys[key].given == Given::Policy(at) && self.world.is_live(&self.world.keys[key]) {
                self.world.keys[key].revoked = Some(job);
                self.world.keys[key].old = None;
            }
        }
        if self.rng.random_bool(0.5) {
            self.check_all_of(at).await; // refused before the job has come to them
        }
        self.api().run_jobs().await.expect("done");
        self.deleted = Some((at, job));
        true
    }

    async fn check_all_of(&mut self, policy: usize) {
        for key in 0..self.world.keys.len() {
            if self.world.keys[key].given == Given::Policy(policy) {
                self.check(key).await;
            }
        }
    }

    pub(super) async fn move_keys(&mut self) -> bool {
        let (Some(from), Some(to)) = (self.some_policy(), self.some_policy()) else { return false };
        let (from_name, to_name) =
            (policy_name(&self.world.policies[from].name), policy_name(&self.world.policies[to].name));
        if self.api().move_keys(self.as_boss(), &from_name, &to_name).await.is_err() {
            return false;
        }
        self.api().run_jobs().await.expect("done");
        let moved = self.world.keys.iter_mut().filter(|key| key.given == Given::Policy(from) && key.revoked.is_none());
        moved.for_each(|key| key.given = Given::Policy(to));
        true
    }

    pub(super) async fn retire(&mut self) -> bool {
        let name = *PERMISSIONS.choose(&mut self.rng).expect("one");
        let parsed = PermissionName::parse("name", name).expect("a name");
        if self.world.retired.remove(name) {
            let service = ServiceName::parse("lab").expect("a name");
            self.api().add_permission(self.as_boss(), service, parsed, String::new()).await.expect("taken up");
        } else {
            self.api().retire_permission(self.as_boss(), &parsed).await.expect("retired");
            self.world.retired.insert(name.into());
        }
        true
    }

    pub(super) async fn deactivate(&mut self) -> bool {
        let at = 1 + self.pick(self.world.owners.len() - 1);
        let owner = self.world.owners[at].clone();
        let name = username(&owner.name);
        let done = match (owner.is_service, owner.active) {
            (true, active) => self.api().set_service_active(self.as_boss(), &name, !active).await,
            (false, true) => self.api().deactivate_user(self.as_boss(), &name).await,
            (false, false) => self.api().activate_user(self.as_boss(), &name).await,
        };
        done.expect("the first administrator stays");
        self.world.owners[at].active = !owner.active;
        true
    }

    pub(super) async fn set_role(&mut self) -> bool {
        let at = 1 + self.pick(3);
        let role = if self.world.owners[at].is_admin { Role::User } else { Role::Admin };
        self.api().set_role(self.as_boss(), &username(&self.world.owners[at].name), role).await.expect("set");
        self.world.owners[at].is_admin = role == Role::Admin;
        true
    }

    pub(super) async fn transfer(&mut self) -> bool {
        let (from, to) = if self.rng.random_bool(0.5) { (4, 5) } else { (5, 4) };
        let (from_name, to_name) = (username(&self.world.owners[from].name), username(&self.world.owners[to].name));
        let started = self.api().transfer_server_keys(self.as_boss(), &from_name, &to_name).await;
        let Ok(job) = started else { return false };
        self.moved(from, to, job).await;
        true
    }

    /// All live keys of one owner are another's now, and can do no more than before: whoever gets them, others know their secrets.
    async fn moved(&mut self, from: usize, to: usize, job: JobId) {
        assert!(self.world.owners[to].active, "step {}", self.step);
        let narrowed = self.narrowed(from);
        let live = self.world.live_of(from);
        let changed = self.run(job, BulkOperation::Transfer).await;
        assert_eq!(changed.len(), live, "step {}: all of them", self.step);
        for at in changed {
            assert_eq!(self.world.keys[at].owner, to, "step {}", self.step);
            if let Some(given) = narrowed.get(&at) {
                self.world.keys[at].given = given.clone();
            }
        }
    }

    /// What the live keys of an owner can do at this moment, as lists. A service account's key with a policy that alone counts keeps
    /// it: no owner makes a difference to it.
    fn narrowed(&self, of: usize) -> HashMap<usize, Given> {
        let own = OWN.into_iter().chain(["claviger:admin"]);
        let names: Vec<&str> = PERMISSIONS.into_iter().chain(own).collect();
        let can = |key: &Key| {
            names.iter().filter(|right| self.world.may(key, right)).map(|right| (*right).to_owned()).collect()
        };
        let alone = self.world.owners[of].is_service && self.world.policy_alone;
        let live = self.world.keys.iter().enumerate().filter(|(_, key)| key.owner == of && self.world.is_live(key));
        live.filter(|(_, key)| !(alone && matches!(key.given, Given::Policy(_))))
            .map(|(at, key)| {
                let gone = matches!(key.given, Given::Policy(policy) if self.world.policies[policy].deleted);
                (at, Given::Scopes(if gone { Names::new() } else { can(key) }))
            })
            .collect()
    }

    pub(super) async fn administer(&mut self) -> bool {
        if self.rng.random_bool(0.3) {
            let names = self.some(&PERMISSIONS);
            let kept = |name: &String| !self.world.retired.contains(name) || self.world.of_kind.contains(name);
            let names: Names = names.into_iter().filter(kept).collect();
            let kind = ResourceKind::parse("project").expect("a kind");
            self.api().set_resource_kind(self.as_boss(), &kind, rights(&names)).await.expect("set");
            self.world.of_kind = names;
            return true;
        }
        let (resource, owner) = (self.pick(2), self.pick(self.world.owners.len()));
        let name = ResourceName::parse(&self.world.resources[resource].name).expect("a name");
        let who = username(&self.world.owners[owner].name);
        let is_one = self.world.resources[resource].administrators.contains(&owner);
        if is_one && self.rng.random_bool(0.5) {
            return false; // they stay
        }
        if self.world.resources[resource].administrators.remove(&owner) {
            self.api().remove_resource_administrator(self.as_boss(), &name, &who).await.expect("removed");
            return true;
        }
        let added = self.api().add_resource_administrator(self.as_boss(), &name, &who).await.is_ok();
        assert_eq!(added, self.world.owners[owner].active);
        if added {
            self.world.resources[resource].administrators.insert(owner);
        }
        added
    }

    pub(super) async fn set_service_rights(&mut self) -> bool {
        self.world.policy_alone = !self.world.policy_alone;
        let value = if self.world.policy_alone { "policy" } else { "owner" };
        self.api()
            .change_settings(self.as_boss(), vec![(Setting::ServiceRights, value.into())])
            .await
            .expect("changed");
        true
    }

    pub(super) async fn delete_person(&mut self) -> bool {
        let (at, to) = (1 + self.pick(3), self.pick(self.world.owners.len()));
        let revoke = self.rng.random_bool(0.5);
        let keys =
            if revoke { TheirKeys::Revoke } else { TheirKeys::TransferTo(username(&self.world.owners[to].name)) };
        let name = username(&self.world.owners[at].name);
        let Ok(job) = self.api().delete_user(self.as_boss(), &name, keys).await else { return false };
        match job {
            Some(job) if revoke => drop(self.run(job, BulkOperation::Delete).await),
            Some(job) => self.moved(at, to, job).await,
            None => {}
        }
        self.world.owners[at].policies.clear();
        self.world.owners[at].is_admin = false;
        for resource in &mut self.world.resources {
            resource.administrators.remove(&at);
        }
        self.api().activate_user(self.as_boss(), &name).await.expect("back");
        self.world.owners[at].active = true;
        true
    }

    pub(super) fn pass(&mut self) -> bool {
        let hours = *[1, 12, 24, 24, 24, 24 * 20].choose(&mut self.rng).expect("hours");
        self.app.pass(SignedDuration::from_hours(hours));
        self.world.now = self.app.clock.now().0;
        true
    }
}
