//! The permissions that services know.

use serde::{Deserialize, Serialize};

/// What a service sends: `{"permissions": [{"name": "read:metadata", "description": "See what there is"}]}`, and with
/// `"retire_at_most": 12` how many it may leave out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// All that it knows.
    pub permissions: Vec<Permission>,
    /// How many that it knew may be missing.
    pub retire_at_most: Option<usize>,
}

/// A permission of a service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// What programs call it.
    pub name: String,
    /// What it allows, for people.
    #[serde(default)]
    pub description: String,
}

/// What a registration changed: names of permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registered {
    /// Whose.
    pub service: String,
    /// New, or back again.
    pub added: Vec<String>,
    /// With another description.
    pub described: Vec<String>,
    /// Not known to the service any more.
    pub retired: Vec<String>,
    /// In the list, and retired by an administrator: they stay so.
    pub left_retired: Vec<String>,
    /// Policies that lost one of them.
    pub policies: i64,
    /// Live keys that had one of them in their list, up to a thousand.
    pub keys: i64,
}
