//! What a key may do now: its grant ∩ what its owner may do ∩ the resource that it is bound to (docs/rules.md, rule 2). Worked
//! out at each use from what is true then, so that every change is immediate.

pub mod permission;
pub mod policy;
pub mod resource;

use crate::domain::ids::PolicyId;
use crate::domain::rights::permission::{PermissionName, Rights};
use crate::domain::rights::policy::PolicyName;
use crate::domain::rights::resource::ResourceName;

/// What a key may do of what its owner may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// All of it, but for what concerns Claviger itself: see [`PermissionName::is_administrative`].
    Inherit,
    /// A list of permissions, as far as the owner has them.
    Scopes,
    /// What the policy with this id allows, as far as the owner has it.
    Policy(PolicyId),
}

impl Grant {
    /// The word in the database, the API and the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inherit => "inherit",
            Self::Scopes => "scopes",
            Self::Policy(_) => "policy",
        }
    }

    /// The policy that the key carries.
    pub fn policy(self) -> Option<PolicyId> {
        match self {
            Self::Policy(id) => Some(id),
            Self::Inherit | Self::Scopes => None,
        }
    }
}

/// What somebody wants a key to be given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum GrantRequest {
    /// All that the owner may do.
    #[default]
    Inherit,
    /// These permissions.
    Scopes(Rights),
    /// What this policy allows.
    Policy(PolicyName),
}

impl GrantRequest {
    /// For the audit log.
    pub fn event_details(&self) -> serde_json::Value {
        match self {
            Self::Inherit => "inherit".into(),
            Self::Scopes(scopes) => scopes.iter().map(PermissionName::as_str).collect::<Vec<_>>().into(),
            Self::Policy(name) => serde_json::json!({ "policy": name.as_str() }),
        }
    }
}

/// What pages tell of what a key may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessView {
    /// Of what its owner may do.
    pub grant: GrantView,
    /// The resource that it is bound to: how services name it, and its title.
    pub resource: Option<(String, String)>,
    /// Its policy was deleted: it is refused.
    pub policy_deleted: bool,
}

impl AccessView {
    /// What pages show while they know nothing better: a key that inherits and is bound to nothing.
    pub const fn inherited() -> Self {
        Self { grant: GrantView::Everything, resource: None, policy_deleted: false }
    }

    /// The permissions of its list, or none.
    pub fn scopes(&self) -> &[String] {
        match &self.grant {
            GrantView::Scopes(scopes) => scopes,
            GrantView::Everything | GrantView::Policy(_) => &[],
        }
    }
}

/// A grant in names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantView {
    /// All of it.
    Everything,
    /// These, in their order; retired ones too.
    Scopes(Vec<String>),
    /// What this policy allows.
    Policy(String),
}

/// What the grant of a key comes to at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectiveGrant {
    /// All that the owner has.
    Everything,
    /// These at most.
    Only(Rights),
    /// These, whatever the owner has: a service account's key while `service_rights` is `policy`.
    Exactly(Rights),
}

/// What is known of a key and its owner at this moment. Retired permissions are in none of the sets.
#[derive(Debug, Clone)]
pub struct RightsSource {
    /// What the key was given.
    pub granted: EffectiveGrant,
    /// What the owner's policies and role allow.
    pub owner: Rights,
    /// The resource that the key is bound to.
    pub bound: Option<BoundResource>,
}

/// The resource that a key is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundResource {
    /// Which.
    pub name: ResourceName,
    /// What its administrators may give keys for it; `None` when the owner is not one of them now.
    pub administered: Option<Rights>,
}

/// The permissions that a key has at this moment.
pub fn effective(holding: &RightsSource) -> Rights {
    let administered = holding.bound.as_ref().and_then(|bound| bound.administered.as_ref());
    within(&holding.granted, &holding.owner, administered)
}

/// A grant within what the owner holds, and what they may give keys for the resource as one of its administrators.
pub fn within(granted: &EffectiveGrant, owner: &Rights, administered: Option<&Rights>) -> Rights {
    let owner = || owner.iter().chain(administered.into_iter().flatten());
    match granted {
        EffectiveGrant::Everything => owner().filter(|right| !right.is_administrative()).cloned().collect(),
        EffectiveGrant::Only(these) => owner().filter(|right| these.contains(*right)).cloned().collect(),
        EffectiveGrant::Exactly(these) => these.clone(),
    }
}

/// What somebody asks of a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Required {
    /// All of these.
    pub all: Vec<PermissionName>,
    /// And at least one of these, when there are any.
    pub any: Vec<PermissionName>,
    /// For this resource.
    pub resource: Option<ResourceName>,
    /// A key that is bound to a resource is good also when none was asked for.
    pub resource_optional: bool,
}

/// Why a good key is not enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Insufficient {
    /// It does not have what was asked for.
    Permission,
    /// It is bound to another resource, or it is bound and none was asked for; or it is bound to none, and has nothing that keys
    /// for the resource can be given.
    Resource,
    /// There is no such resource.
    UnknownResource,
}

impl Required {
    /// What was asked for, for people who look a refusal up: "read:data write:data on project:abc".
    pub fn words(&self) -> String {
        let all: Vec<&str> = self.all.iter().map(PermissionName::as_str).collect();
        let any: Vec<&str> = self.any.iter().map(PermissionName::as_str).collect();
        let names = match (all.is_empty(), any.is_empty()) {
            (_, true) => all.join(" "),
            (true, false) => any.join(" or "),
            (false, false) => format!("{}, and {}", all.join(" "), any.join(" or ")),
        };
        match &self.resource {
            None => names,
            Some(resource) if names.is_empty() => resource.text(),
            Some(resource) => format!("{names} on {}", resource.text()),
        }
    }

    /// Is a key with these rights enough? `of_kind` is what keys for the resource that is asked for can be given; `None` when
    /// there is no such resource. The resource is looked at first: rights for one are no rights for another.
    ///
    /// A resource that is asked for without a permission is a lock too: a key passes that is bound to it, or that has something
    /// which keys for it can be given.
    pub fn is_met(
        &self,
        rights: &Rights,
        bound: Option<&ResourceName>,
        of_kind: Option<&Rights>,
    ) -> Result<(), Insufficient> {
        let asks_for_nothing_more = self.all.is_empty() && self.any.is_empty();
        let fits = match (&self.resource, of_kind, bound) {
            (None, _, None) => true,
            (None, _, Some(_)) => self.resource_optional,
            (Some(_), None, _) => return Err(Insufficient::UnknownResource),
            (Some(asked), Some(_), Some(bound)) => bound == asked,
            (Some(_), Some(of_kind), None) => !asks_for_nothing_more || !rights.is_disjoint(of_kind),
        };
        if !fits {
            return Err(Insufficient::Resource);
        }
        let all = self.all.iter().all(|right| rights.contains(right));
        let any = self.any.is_empty() || self.any.iter().any(|right| rights.contains(right));
        if all && any { Ok(()) } else { Err(Insufficient::Permission) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(bits: u8) -> Rights {
        (0..6).filter(|bit| bits & (1 << bit) != 0).map(|bit| PermissionName::from_db(format!("p{bit}"))).collect()
    }

    fn resource(number: u8) -> ResourceName {
        ResourceName::parse(&format!("project:{number}")).unwrap()
    }

    proptest! {
        /// docs/rules.md, rule 2, against a model that asks for each permission by itself.
        #[test]
        fn rule_2_rights_are_the_grant_and_what_the_owner_may_and_the_resource(
            kind in 0_u8..3, given: u8, owner: u8, kind_allows: u8, is_bound: bool, administers: bool,
            all: u8, any: u8, asked in 0_u8..4, optional: bool,
        ) {
            let granted = [EffectiveGrant::Everything, EffectiveGrant::Only(names(given)), EffectiveGrant::Exactly(names(given))][usize::from(kind)].clone();
            let bound = is_bound.then(|| BoundResource { name: resource(1), administered: administers.then(|| names(kind_allows)) });
            let holding = RightsSource { granted, owner: names(owner), bound };
            let rights = effective(&holding);
            let has = |bit: u8| {
                let given = given & (1 << bit) != 0;
                let owners = owner & (1 << bit) != 0 || (is_bound && administers && kind_allows & (1 << bit) != 0);
                match kind { 0 => owners, 1 => owners && given, _ => given }
            };
            for bit in 0..6 {
                let name = PermissionName::from_db(format!("p{bit}"));
                prop_assert_eq!(rights.contains(&name), has(bit));
            }
            let demand = Required {
                all: names(all).into_iter().collect(),
                any: names(any).into_iter().collect(),
                resource: (asked > 0).then(|| resource(asked)),
                resource_optional: optional,
            };
            // The third resource is not there. One that is asked for alone wants something that its keys can be given.
            let of_kind = (asked > 0 && asked < 3).then(|| names(kind_allows));
            let alone = names(all).is_empty() && names(any).is_empty();
            let fits = match (is_bound, asked) {
                (_, 3) => false,
                (true, 0) => optional,
                (true, asked) => asked == 1,
                (false, 0) => true,
                (false, _) => !alone || (0..6).any(|bit| kind_allows & (1 << bit) != 0 && has(bit)),
            };
            let every = (0..6).filter(|bit| all & (1 << bit) != 0).all(has);
            let one = names(any).is_empty() || (0..6).filter(|bit| any & (1 << bit) != 0).any(has);
            let expected = if asked == 3 { Err(Insufficient::UnknownResource) } else if !fits { Err(Insufficient::Resource) } else if every && one { Ok(()) } else { Err(Insufficient::Permission) };
            prop_assert_eq!(demand.is_met(&rights, holding.bound.as_ref().map(|bound| &bound.name), of_kind.as_ref()), expected);
        }
    }

    #[test]
    fn nothing_is_never_everything() {
        let everything = names(0xff);
        let holding = |granted| RightsSource { granted, owner: everything.clone(), bound: None };
        assert!(effective(&holding(EffectiveGrant::Only(Rights::new()))).is_empty());
        assert!(effective(&holding(EffectiveGrant::Exactly(Rights::new()))).is_empty());
        let none = RightsSource { owner: Rights::new(), ..holding(EffectiveGrant::Everything) };
        assert!(effective(&none).is_empty());
    }

    /// Each kind of key against each question, as docs/gateways.md has them.
    #[test]
    fn a_resource_that_is_asked_for_alone_is_a_lock() {
        let right = |name: &str| PermissionName::from_db(name.into());
        let of_kind = Rights::from([right("label.read"), right("label.write")]);
        let (one, two) = (resource(1), resource(2));
        let nothing = Rights::new();
        let labels = Rights::from([right("label.read")]);
        let other = Rights::from([right("read:data")]);
        // (rights, bound to), and what is answered for: resource one; one with label.read; none; one that is not there.
        let table = [
            (&nothing, None, [false, false, true, false]),
            (&other, None, [false, false, true, false]),
            (&labels, None, [true, true, true, false]),
            (&nothing, Some(&one), [true, false, false, false]),
            (&labels, Some(&one), [true, true, false, false]),
            (&labels, Some(&two), [false, false, false, false]),
            (&other, Some(&one), [true, false, false, false]),
            (&nothing, Some(&two), [false, false, false, false]),
        ];
        let asks = |resource: Option<&ResourceName>, all: &[PermissionName]| Required {
            all: all.to_vec(),
            resource: resource.cloned(),
            ..Required::default()
        };
        let questions = [
            (asks(Some(&one), &[]), Some(&of_kind)),
            (asks(Some(&one), &[right("label.read")]), Some(&of_kind)),
            (asks(None, &[]), None),
            (asks(Some(&resource(3)), &[]), None),
        ];
        for (rights, bound, expected) in table {
            let got = questions.each_ref().map(|(demand, of_kind)| demand.is_met(rights, bound, *of_kind).is_ok());
            assert_eq!(got, expected, "{rights:?} bound to {bound:?}");
        }
    }
}
