//! Policies: uniquely named sets of permissions, which people hold and keys can be given.

use crate::domain::field_error::FieldError;
use crate::domain::ids::PolicyId;
use crate::domain::rights::permission::Rights;
use crate::domain::text::{self, Limits};
use crate::domain::time::clock::Timestamp;

/// The name of a policy: 1 to 64 characters on one line. Two that differ only in case are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyName(String);

impl PolicyName {
    /// Reads what somebody typed.
    pub fn parse(input: &str) -> Result<Self, FieldError> {
        let name = text::line(Limits { field: "name", label: "Name", longest: 64 }, input)?;
        if name.is_empty() {
            return Err(FieldError::new("name", "Enter a name"));
        }
        if name.contains('/') {
            return Err(FieldError::new("name", "Choose a name without a slash: it stands in addresses"));
        }
        if name.eq_ignore_ascii_case("new") || matches!(name.as_str(), "." | "..") {
            return Err(FieldError::new("name", "Choose another name: this one stands in an address of this site"));
        }
        Ok(Self(name))
    }

    /// From the database, which holds only parsed ones.
    pub fn from_db(name: String) -> Self {
        Self(name)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without regard to case, under which it is unique.
    pub fn folded(&self) -> String {
        text::folded(&self.0)
    }
}

/// Reads what a policy is for: at most 256 characters on one line.
pub fn parse_description(input: &str) -> Result<String, FieldError> {
    text::line(Limits { field: "description", label: "Description", longest: 256 }, input)
}

/// A named set of permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The database's id; never shown.
    pub id: PolicyId,
    /// What people call it.
    pub name: PolicyName,
    /// What it is for; may be empty.
    pub description: String,
    /// Its permissions, retired ones too.
    pub permissions: Rights,
    /// Grows with every change, so that two people editing at once notice.
    pub version: i64,
    /// When it was changed last.
    pub changed_at: Timestamp,
}

/// Who and what a policy reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached {
    /// Live keys with this policy: neither revoked nor expired.
    pub keys: i64,
    /// People and service accounts that hold it.
    pub holders: i64,
}
