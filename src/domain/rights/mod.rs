//! What a key may do now: its grant ∩ what its owner may do ∩ the resource that it is bound to (docs/rules.md, rule 2). Worked
//! out at each use from what is true then, so that every change is immediate.

mod grant;
pub mod permission;
pub mod policy;
mod required;
pub mod resource;

pub use grant::{AccessView, Grant, GrantRequest, GrantView};
pub use required::{Insufficient, Required};

use crate::domain::rights::permission::Rights;
use crate::domain::rights::resource::ResourceName;

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

#[cfg(test)]
mod tests {
    use crate::domain::rights::permission::PermissionName;
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
