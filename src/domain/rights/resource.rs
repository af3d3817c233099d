//! Resources: what a key can be bound to, such as one project or one dataset.

use crate::domain::field_error::FieldError;
use crate::domain::ids::ResourceId;
use crate::domain::text::{self, Limits};
use crate::domain::time::clock::Timestamp;

/// The kind of a resource, such as `project`: 1 to 32 characters of `[a-z0-9_-]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKind(String);

impl ResourceKind {
    /// Reads a kind as it came.
    pub fn parse(input: &str) -> Result<Self, FieldError> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
        if (1..=32).contains(&input.len()) && input.bytes().all(fits) {
            return Ok(Self(input.to_owned()));
        }
        Err(FieldError::new("kind", "Name the kind with 1 to 32 of a-z, 0-9 and _ -"))
    }

    /// From the database, which holds only parsed ones.
    pub fn from_db(kind: String) -> Self {
        Self(kind)
    }

    /// The kind.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How services name a resource: `project:abc`, its kind and its external id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceName {
    /// What it is.
    pub kind: ResourceKind,
    /// Its id where it comes from: 1 to 128 characters without spaces.
    pub external_id: String,
}

impl ResourceName {
    /// Reads `kind:id`; the id may hold colons.
    pub fn parse(input: &str) -> Result<Self, FieldError> {
        let wrong = || FieldError::new("resource", "Name a resource as kind:id, such as project:abc");
        let (kind, id) = input.split_once(':').ok_or_else(wrong)?;
        let kind = ResourceKind::parse(kind).map_err(|_| wrong())?;
        Ok(Self { kind, external_id: parse_external_id(id).map_err(|_| wrong())? })
    }

    /// As services name it.
    pub fn text(&self) -> String {
        format!("{}:{}", self.kind.as_str(), self.external_id)
    }

    /// The same without regard to case, for lists that are searched.
    pub fn folded(&self) -> String {
        text::folded(&self.text())
    }
}

/// Reads the id that a resource has where it comes from.
pub fn parse_external_id(input: &str) -> Result<String, FieldError> {
    let id = text::line(Limits { field: "external_id", label: "Identifier", longest: 128 }, input)?;
    if id.is_empty() || id.contains(char::is_whitespace) {
        return Err(FieldError::new("external_id", "Enter the identifier, without spaces"));
    }
    Ok(id)
}

/// Reads what people call a resource: 1 to 200 characters on one line.
pub fn parse_title(input: &str) -> Result<String, FieldError> {
    let title = text::line(Limits { field: "title", label: "Title", longest: 200 }, input)?;
    if title.is_empty() { Err(FieldError::new("title", "Enter a title")) } else { Ok(title) }
}

/// Something a key can be bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The database's id; never shown.
    pub id: ResourceId,
    /// How services name it.
    pub name: ResourceName,
    /// What people read.
    pub title: String,
    /// When it was registered.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_resources() {
        let name = ResourceName::parse("project:a:b").unwrap();
        assert_eq!(
            (name.kind.as_str(), name.external_id.as_str(), name.text().as_str()),
            ("project", "a:b", "project:a:b")
        );
        for bad in ["", "project", "project:", ":abc", "Project:abc", "project:a b", "project:a\nb"] {
            assert!(ResourceName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
