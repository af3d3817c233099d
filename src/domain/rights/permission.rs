//! Permissions: names of what can be done, registered by the services that ask for them.

use std::collections::BTreeSet;

use crate::domain::field_error::FieldError;
use crate::domain::ids::PermissionId;
use crate::domain::paging::Count;
use crate::domain::text::{self, Limits};
use crate::domain::time::clock::Timestamp;

/// The service whose permissions are Claviger's own. No other may register names that begin with it.
pub const CLAVIGER: &str = "claviger";

/// What Claviger's own API asks for. The role administrator holds them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
pub enum OwnPermission {
    /// What an administrator can do.
    #[strum(serialize = "claviger:admin")]
    Admin,
    /// Asking about keys.
    #[strum(serialize = "claviger:introspect")]
    Introspect,
    /// New keys.
    #[strum(serialize = "claviger:keys:create")]
    CreateKeys,
    /// Own keys.
    #[strum(serialize = "claviger:keys:read")]
    ReadKeys,
    /// Ending own keys.
    #[strum(serialize = "claviger:keys:revoke")]
    RevokeKeys,
    /// The permissions of every service. Those of one: [`PermissionName::registers`].
    #[strum(serialize = "claviger:permissions:register")]
    Register,
}

impl OwnPermission {
    /// All of them.
    pub fn all() -> &'static [Self] {
        <Self as strum::VariantArray>::VARIANTS
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What people read.
    pub fn description(self) -> &'static str {
        match self {
            Self::Admin => "Everything that an administrator can do",
            Self::Introspect => "Ask whether a key is good, and what it may do",
            Self::CreateKeys => "Generate API keys of one's own",
            Self::ReadKeys => "See one's own API keys",
            Self::RevokeKeys => "Revoke one's own API keys",
            Self::Register => "Register the permissions of every service",
        }
    }

    /// Is it for a part of the API that does not exist yet? No form offers it: nothing asks for it.
    fn is_reserved(self) -> bool {
        matches!(self, Self::Admin | Self::Introspect)
    }
}

/// The longest name of a service, and of a permission that a service registers, in bytes.
const LONGEST: usize = 64;

/// The name of a permission, such as `read:metadata`: 1 to 64 characters of `[a-z0-9._:-]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionName(String);

impl PermissionName {
    /// Reads a name as it came. A name in capitals is refused, not folded: services compare names byte by byte.
    pub fn parse(field: &'static str, input: &str) -> Result<Self, FieldError> {
        let service = input.strip_prefix(OwnPermission::Register.as_str()).and_then(|rest| rest.strip_prefix(':'));
        if service.map_or_else(|| is_name(input, b":"), |service| is_name(service, b"")) {
            return Ok(Self(input.to_owned()));
        }
        // The error never repeats what came: a key may stand there.
        Err(FieldError::new(field, "Name a permission with 1 to 64 of a-z, 0-9 and . _ : -"))
    }

    /// From the database, which holds only parsed ones.
    pub fn from_db(name: String) -> Self {
        Self(name)
    }

    /// That of one of Claviger's own.
    pub fn of_own(own: OwnPermission) -> Self {
        Self(own.as_str().to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The one that registers the permissions of this service, and of no other.
    pub fn registers(service: &ServiceName) -> Self {
        Self(format!("{}:{}", OwnPermission::Register.as_str(), service.0))
    }

    /// The service whose permissions this one registers.
    pub fn registered_service(&self) -> Option<ServiceName> {
        let name = self.0.strip_prefix(OwnPermission::Register.as_str())?.strip_prefix(':')?;
        ServiceName::parse(name).ok()
    }

    /// Is it Claviger's own?
    pub fn is_own(&self) -> bool {
        self.0.split(':').next() == Some(CLAVIGER)
    }

    /// Is it for a part of the API that does not exist yet? No form offers it: nothing asks for it.
    pub fn is_reserved(&self) -> bool {
        OwnPermission::all().iter().any(|own| own.is_reserved() && own.as_str() == self.0)
    }

    /// Does it concern the site, and not only one's own keys? A key has it only if it was given it by name: all of what an
    /// administrator may do is more than most of their scripts need.
    pub fn is_administrative(&self) -> bool {
        self.is_own() && !self.0.starts_with("claviger:keys:")
    }
}

/// The permissions of Claviger's own that everybody holds. Administrators hold all that there are.
pub fn of_everybody() -> Rights {
    let own = OwnPermission::all().iter().copied().map(PermissionName::of_own);
    own.filter(|name| !name.is_administrative()).collect()
}

/// A set of permissions. The empty one is nothing, never everything.
pub type Rights = BTreeSet<PermissionName>;

/// The name of a service that registers permissions: 1 to 64 characters of `[a-z0-9._-]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceName(String);

impl ServiceName {
    /// Reads a name as it came.
    pub fn parse(input: &str) -> Result<Self, FieldError> {
        if is_name(input, b"") {
            return Ok(Self(input.to_owned()));
        }
        Err(FieldError::new("service", "Name the service with 1 to 64 of a-z, 0-9 and . _ -"))
    }

    /// From the database, which holds only parsed ones.
    pub fn from_db(name: String) -> Self {
        Self(name)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// May this service register this name? What begins with `claviger:` is Claviger's.
    pub fn may_register(&self, name: &PermissionName) -> bool {
        name.is_own() == (self.0 == CLAVIGER)
    }
}

/// A permission as the catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The database's id; never shown.
    pub id: PermissionId,
    /// What programs call it.
    pub name: PermissionName,
    /// What it allows, for people.
    pub description: String,
    /// The service that registered it.
    pub service: ServiceName,
    /// Nobody holds it while it is.
    pub retired: Option<Retired>,
}

/// Since when nobody holds a permission, and who saw to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retired {
    /// Since when.
    pub at: Timestamp,
    /// An administrator retired it: its service does not take it up again. Otherwise its service left it out of its list.
    pub by_administrator: bool,
}

/// Reads what a permission allows: at most 200 characters on one line.
pub fn parse_description(input: &str) -> Result<String, FieldError> {
    text::line(Limits { field: "description", label: "Description", longest: 200 }, input)
}

fn is_name(text: &str, more: &[u8]) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b) || more.contains(&b);
    // A segment of dots alone means another place in an address.
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(fits) && !matches!(text, "." | "..")
}

/// How often a permission is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// In so many policies.
    pub policies: i64,
    /// In the lists of so many live keys, up to a limit.
    pub keys: Count,
}

/// What a registration changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registered {
    /// New, or back again.
    pub added: Rights,
    /// With another description.
    pub described: Rights,
    /// Not known to the service any more.
    pub retired: Rights,
    /// In the list, and retired by an administrator: they stay so.
    pub left_retired: Rights,
    /// What retiring them takes away.
    pub taken: Reached,
}

impl Registered {
    /// Did it change nothing?
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.described.is_empty() && self.retired.is_empty()
    }
}

/// Who loses something when permissions are retired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached {
    /// Policies that allow one of them.
    pub policies: i64,
    /// Live keys with one of them in their list, up to a limit.
    pub keys: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_refused() {
        for good in ["read:metadata", "label.write", "a", &"x".repeat(64)] {
            assert_eq!(PermissionName::parse("scope", good).unwrap().as_str(), good);
        }
        for bad in ["", " ", "Read", "a b", "a,b", "ä", "a\n", &"x".repeat(65)] {
            assert!(PermissionName::parse("scope", bad).is_err(), "{bad:?}");
        }
        let service = ServiceName::parse(&"s".repeat(64)).unwrap();
        let registers = PermissionName::registers(&service);
        assert_eq!(PermissionName::parse("scope", registers.as_str()), Ok(registers.clone()));
        assert_eq!((registers.registered_service(), registers.is_administrative()), (Some(service), true));
        assert!(PermissionName::parse("scope", "claviger:permissions:register:a:b").is_err());
        assert!(ServiceName::parse("tiled").is_ok() && ServiceName::parse("a:b").is_err());
    }

    #[test]
    fn nobody_else_registers_what_is_clavigers() {
        let name = |text| PermissionName::parse("name", text).unwrap();
        let (own, other) = (ServiceName::parse(CLAVIGER).unwrap(), ServiceName::parse("tiled").unwrap());
        assert!(own.may_register(&name("claviger:admin")) && !other.may_register(&name("claviger:admin")));
        assert!(!other.may_register(&name("claviger")), "the bare name is Claviger's, too");
        assert!(other.may_register(&name("clavigers:x")) && !own.may_register(&name("read:data")));
        assert!(OwnPermission::all().iter().all(|one| own.may_register(&name(one.as_str()))));
    }
}
