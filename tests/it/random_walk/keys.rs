//! The steps of a random walk that are about keys: each tries something, and takes over into the model what was done.

use super::*;

impl Walk<'_> {
    fn request(&mut self, wish: GrantRequest, resource: Option<usize>) -> (KeyRequest, i64) {
        let days = *[1, 2, 3, 7, 90, 365].choose(&mut self.rng).expect("days");
        let request = KeyRequest {
            name: KeyName::parse(&format!("key {}", self.step)).expect("a name"),
            note: KeyNote::parse("").expect("a note"),
            expiry: Expiry::AfterDays(days),
            wish,
            resource: resource.map(|at| ResourceName::parse(&self.world.resources[at].name).expect("a name")),
            form: FormId::parse(&self.api().new_form_id()).expect("a form"),
            asking: None,
        };
        (request, self.world.now + i64::from(days) * DAY)
    }

    fn add(&mut self, new: &New, owner: usize, given: Given, resource: Option<usize>, end: i64) {
        self.world.keys.push(Key {
            eight: new.key.first_eight.to_string(),
            owner,
            given,
            resource,
            born: self.world.now,
            end,
            limit: None,
            secret: new.secret.reveal().to_owned(),
            old: None,
            paused: None,
            revoked: None,
        });
    }

    pub(super) async fn generate(&mut self) -> bool {
        let owner = self.pick(self.world.owners.len());
        let (wish, given) = self.wish();
        let resource = self.rng.random_bool(0.4).then(|| self.pick(2));
        let (request, end) = self.request(wish, resource);
        let (person, id) = (actor(&self.world.owners[owner]), self.world.owners[owner].id);
        let own = person.owner().expect("an account");
        let by = if self.world.owners[owner].is_service { self.as_boss().for_owner(id) } else { own };
        let Ok(Issued::Now(new)) = self.api().generate_key(by, request).await else {
            return false;
        };
        self.may_give(owner, &given, resource);
        assert!(self.world.owners[owner].active);
        self.add(&new, owner, given, resource, end);
        true
    }

    pub(super) async fn set_access(&mut self) -> bool {
        let Some(at) = self.some_key() else { return false };
        let (wish, given) = self.wish();
        let (owner, eight) = self.owner_of(at);
        let (id, resource) = (self.world.owners[owner].id, self.world.keys[at].resource);
        let version = self.api().own_key(self.as_boss().for_owner(id), &eight).await.expect("there").key.version;
        if self.api().set_key_access(self.as_boss().for_owner(id), &eight, version, wish).await.is_err() {
            return false;
        }
        self.may_give(owner, &given, resource);
        assert!(self.world.keys[at].revoked.is_none());
        self.world.keys[at].given = given;
        true
    }

    fn owner_of(&self, at: usize) -> (usize, FirstEight) {
        let key = &self.world.keys[at];
        (key.owner, FirstEight::parse(&key.eight).expect("a first eight"))
    }

    pub(super) async fn rotate(&mut self) -> bool {
        let Some(at) = self.some_key() else { return false };
        let (owner, eight) = self.owner_of(at);
        let grace = rand::seq::IteratorRandom::choose(Grace::all(), &mut self.rng).expect("one");
        let form = FormId::parse(&self.api().new_form_id()).expect("a form");
        let id = self.world.owners[owner].id;
        let Ok(rotated) = self.api().rotate_key(self.as_boss().for_owner(id), &eight, grace, form).await else {
            return false;
        };
        let Issued::Now(new) = rotated.issued else { return false };
        let (now, key) = (self.world.now, &mut self.world.keys[at]);
        assert!(key.revoked.is_none() && key.paused.is_none() && key.end > now, "only an active key is rotated");
        let hours = [(Grace::None, 0), (Grace::Hour, 1), (Grace::Day, 24), (Grace::Week, 168)];
        let hours = hours.iter().find(|(other, _)| *other == grace).expect("one").1;
        let until = (now + hours * HOUR).min(key.end);
        key.old = (hours > 0).then(|| (std::mem::take(&mut key.secret), until));
        key.secret.replace_range(.., new.secret.reveal());
        let renewed = now + (key.end - key.born);
        let limit = key.limit;
        key.born = now;
        let latest = self.world.latest(owner, now);
        self.world.keys[at].end = renewed.min(latest).min(limit.unwrap_or(i64::MAX));
        true
    }

    pub(super) async fn revoke(&mut self) -> bool {
        let Some(at) = self.some_key() else { return false };
        let (owner, eight) = self.owner_of(at);
        let revoked =
            self.api().revoke_key(self.as_boss().for_owner(self.world.owners[owner].id), &eight).await.is_ok();
        if revoked && self.world.keys[at].revoked.is_none() {
            self.world.keys[at].revoked = Some(JobId(0));
            self.world.keys[at].old = None;
        }
        revoked
    }

    pub(super) async fn pause(&mut self) -> bool {
        let Some(at) = self.some_key() else { return false };
        let (owner, eight) = self.owner_of(at);
        let owner = self.world.owners[owner].clone();
        let (own, paused) = (actor(&owner), self.world.keys[at].paused);
        if paused.is_none() {
            let done = self.api().disable_key(own.owner().expect("an account"), &eight).await.is_ok();
            self.world.keys[at].paused = done.then_some(Paused::ByOwner);
            return done;
        }
        let done = self.api().enable_key(own.owner().expect("an account"), &eight).await.is_ok();
        if done {
            // After a transfer the one who paused it is not its owner, like an administrator.
            assert!(self.world.keys[at].revoked.is_none(), "step {}", self.step);
            assert!(
                paused != Some(Paused::ByAdmin) || owner.name == "boss",
                "step {}: an administrator's pause",
                self.step
            );
            self.world.keys[at].paused = None;
        }
        done
    }

    /// A key that a program could ask with, for a resource: mostly a good one whose owner administers it, and mostly for the scopes of
    /// a key that is there.
    fn asking(&mut self) -> Option<(usize, usize, Option<Names>)> {
        let mut fresh: Vec<(usize, usize, Option<Names>)> = Vec::new();
        let mut there: Vec<(usize, usize, Option<Names>)> = Vec::new();
        let may_ask = |key: &Key| self.world.is_good(key, &key.secret) && self.world.may(key, OWN[0]);
        for (at, key) in self.world.keys.iter().enumerate().filter(|(_, key)| may_ask(key)) {
            let fits = |resource: &usize| key.resource.is_none_or(|bound| bound == *resource);
            let administers = |resource: &usize| self.world.resources[*resource].administrators.contains(&key.owner);
            for resource in (0..2).filter(fits).filter(administers) {
                fresh.push((at, resource, None));
                there.extend(self.scopes_there(key, resource).into_iter().map(|names| (at, resource, Some(names))));
            }
        }
        if self.rng.random_bool(0.1) {
            return Some((self.some_key()?, self.pick(2), None));
        }
        let from = if there.is_empty() || self.rng.random_bool(0.3) { &fresh } else { &there };
        from.choose(&mut self.rng).cloned()
    }

    /// The scopes of keys that a program could get a new secret for: of its owner, for the resource, with no more than it has itself.
    fn scopes_there(&self, asking: &Key, resource: usize) -> Vec<Names> {
        let there = self.world.keys.iter().filter(|key| key.owner == asking.owner && key.resource == Some(resource));
        let scopes = there.filter(|key| self.world.is_live(key)).filter_map(|key| match &key.given {
            Given::Scopes(names) if names.iter().all(|name| self.world.may(asking, name)) => Some(names.clone()),
            _ => None,
        });
        scopes.collect()
    }

    /// A program asks with one of its owner's keys.
    pub(super) async fn get_or_create(&mut self) -> bool {
        let Some((at, resource, there)) = self.asking() else { return false };
        let asking = self.world.keys[at].clone();
        let name = ResourceName::parse(&self.world.resources[resource].name).expect("a name");
        let demand = Required { resource: Some(name), ..Required::default() };
        let Verdict::Good(good) = self.api().verify_key(&asking.secret, &demand, nobody()).await.expect("known") else {
            return false;
        };
        let of_kind: Vec<String> = self.world.of_kind.iter().cloned().collect();
        let of_kind: Vec<&str> = of_kind.iter().map(String::as_str).collect();
        let names = if self.rng.random_bool(0.8) { self.some(&of_kind) } else { self.some(&PERMISSIONS) };
        let names = there.unwrap_or(names);
        let (request, end) = self.request(GrantRequest::Inherit, Some(resource));
        let request = KeyRequest { asking: Some(good.asking()), ..request };
        let owner = self.world.owners[asking.owner].clone();
        let rotate = self.rng.random_bool(0.5).then_some(Grace::None);
        let wanted = Wanted::These(rights(&names));
        let (person, name) = (actor(&owner), request.resource.clone().expect("bound"));
        let by = person.administering(&name).expect("an account");
        let made = self.api().get_or_create_key(by, wanted, request, rotate).await;
        let (now, said) = (self.world.now, format!("step {}: {asking:?} asked for {names:?}", self.step));
        let allowed = |walk: &Self| {
            names.iter().all(|right| walk.world.may(&asking, right) && walk.world.of_kind.contains(right))
        };
        match made {
            Ok(GotOrCreated::Created(new)) => {
                assert!(allowed(self) && !names.is_empty(), "{said}");
                self.may_give(asking.owner, &Given::Scopes(names.clone()), Some(resource));
                let end = end.min(asking.end);
                self.add(&new, asking.owner, Given::Scopes(names), Some(resource), end);
                true
            }
            Ok(GotOrCreated::Rotated(new, _)) => {
                assert!(allowed(self), "{said}");
                assert!(self.world.may(&asking, "claviger:keys:revoke"), "{said}: it ended a secret in use");
                let latest = self.world.latest(asking.owner, now);
                let eight = new.key.first_eight.to_string();
                let key = self.world.keys.iter_mut().find(|key| key.eight == eight).expect("known");
                key.secret.replace_range(.., new.secret.reveal());
                key.old = None;
                assert!(asking.end >= key.end, "{said}: {key:?} was held to the end of the key that asked");
                key.end = (now + (key.end - key.born)).min(latest).min(asking.end).min(key.limit.unwrap_or(i64::MAX));
                key.born = now;
                true
            }
            Ok(_) => true,
            Err(Error::Invalid(_) | Error::NotFound | Error::Conflict(_) | Error::Forbidden(_)) => false,
            Err(error) => panic!("{said}: {error}"),
        }
    }
}
