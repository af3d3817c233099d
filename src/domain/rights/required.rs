//! What a verification asks for, and whether a key has it.

use crate::domain::rights::permission::{PermissionName, Rights};
use crate::domain::rights::resource::ResourceName;

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
