//! Accounts: who can sign in, and who owns keys.

use crate::domain::field_error::FieldError;
use crate::domain::ids::AccountId;
use crate::domain::text::{self, Limits};
use crate::domain::time::clock::Timestamp;

/// An account: of a person, or of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The database's id; never shown.
    pub id: AccountId,
    /// The name to sign in with.
    pub username: Username,
    /// The name people read.
    pub display_name: String,
    /// May be unknown.
    pub email: Option<String>,
    /// A person, or a service account.
    pub kind: Kind,
    /// What a service account is for; may be empty.
    pub description: String,
    /// What they may do here.
    pub role: Role,
    /// An inactive account cannot sign in and its keys are refused.
    pub active: bool,
    /// Light, dark or as the system says.
    pub appearance: Appearance,
    /// When it was made.
    pub created_at: Timestamp,
    /// The latest successful sign-in.
    pub last_sign_in_at: Option<Timestamp>,
    /// When it was deleted. It stays known to what it did and to the keys that it had, and is inactive.
    pub deleted_at: Option<Timestamp>,
}

impl Account {
    /// One or two letters for the round picture in the header.
    pub fn initials(&self) -> String {
        let words: Vec<&str> = self.display_name.split_whitespace().collect();
        let letters = match words[..] {
            [] => self.username.0.chars().take(2).collect(),
            [only] => only.chars().take(2).collect::<String>(),
            [first, .., last] => first.chars().take(1).chain(last.chars().take(1)).collect(),
        };
        letters.to_uppercase()
    }

    /// May they administer the site?
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }
}

/// What an account is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// A person, who can sign in.
    #[default]
    User,
    /// A service account: it owns server keys, and cannot sign in.
    Service,
}

impl Kind {
    /// The word in the database, the API and the audit log.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What an account may do in Claviger itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Own keys.
    User,
    /// Everybody's keys, and the settings.
    Admin,
}

impl Role {
    /// The word in the database, the CLI and the audit log.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// From the database. An unknown word gives the least.
    pub fn from_db(word: &str) -> Self {
        word.parse().unwrap_or(Self::User)
    }
}

/// The colours of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Appearance {
    /// As the operating system says.
    #[default]
    #[strum(serialize = "auto")]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Appearance {
    /// All of them, in the order of the form.
    pub fn all() -> impl Iterator<Item = Self> {
        <Self as strum::VariantArray>::VARIANTS.iter().copied()
    }

    /// The value of `data-bs-theme`, the cookie and the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}

/// The name to sign in with: 1 to 64 characters of `[a-z0-9._@-]`, beginning with a letter or a digit. Case is folded,
/// so that `Bob` and ` bob ` are one person, also for the throttle.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Username(String);

impl Username {
    /// Reads what somebody typed.
    pub fn parse(input: &str) -> Result<Self, FieldError> {
        let name = input.trim().to_ascii_lowercase();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'@' | b'-');
        let starts_well = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if name.is_empty() {
            return Err(FieldError::new("username", "Enter a user name"));
        }
        if name.len() > 64 || !starts_well || !name.bytes().all(plain) {
            return Err(FieldError::new(
                "username",
                "Use 1 to 64 letters without accents, digits or . _ @ -, beginning with a letter or a digit",
            ));
        }
        Ok(Self(name))
    }

    /// Reads the name of an account that is to be.
    pub fn parse_new(input: &str) -> Result<Self, FieldError> {
        let name = Self::parse(input)?;
        if name.is_reserved() {
            return Err(FieldError::new("username", "Choose another name: this one stands in an address of this site"));
        }
        Ok(name)
    }

    /// Does it stand in an address of the site, so that an account of this name would have no page?
    fn is_reserved(&self) -> bool {
        matches!(self.0.as_str(), "add" | "new" | "new-key")
    }

    /// From the database, which holds only parsed ones.
    pub fn from_db(name: String) -> Self {
        Self(name)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads a display name: 1 to 100 characters on one line.
pub fn parse_display_name(input: &str) -> Result<String, FieldError> {
    let name = text::line(Limits { field: "display_name", label: "Display name", longest: 100 }, input)?;
    if name.is_empty() {
        return Err(FieldError::new("display_name", "Enter a display name"));
    }
    Ok(name)
}

/// Reads an e-mail address; empty is none. Checked for shape only: mail tells whether it exists.
pub fn parse_email(input: &str) -> Result<Option<String>, FieldError> {
    let email = text::line(Limits { field: "email", label: "Email address", longest: 254 }, input)?;
    if email.is_empty() {
        return Ok(None);
    }
    let shaped = email.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.') && !host.contains('@')
    });
    if !shaped || email.contains(char::is_whitespace) || !email.is_ascii() {
        return Err(FieldError::new("email", "Enter an email address such as name@example.org"));
    }
    Ok(Some(email))
}

/// An owner of keys, as lists of keys show them.
#[derive(Debug, Clone, Default)]
pub struct OwnerView {
    /// The user name.
    pub username: String,
    /// The name people read.
    pub display_name: String,
    /// A service account, not a person?
    pub is_service: bool,
    /// The keys of an inactive owner are refused.
    pub active: bool,
    /// Where mail reaches a person, if it is known.
    pub email: Option<String>,
}

/// A service account to be.
#[derive(Debug, Clone)]
pub struct NewService {
    /// What programs call it.
    pub username: Username,
    /// What people read.
    pub display_name: String,
    /// What it is for; may be empty.
    pub description: String,
}

/// Which people, or which service accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleFilter {
    /// Text in the display name, the user name or the email address; folded, may be empty.
    pub search: String,
    /// With this role.
    pub role: Option<Role>,
    /// Active, or deactivated.
    pub active: Option<bool>,
    /// People, or service accounts.
    pub kind: Kind,
    /// Those who were deleted, instead of those who were not.
    pub deleted: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_user_name_are_one_person() {
        for same in ["bob", " Bob ", "BOB", "\tbob\n"] {
            assert_eq!(Username::parse(same).unwrap().as_str(), "bob");
        }
        for bad in ["", " ", "b ob", "bob\u{200b}", "böb", "-bob", "a\0", &"a".repeat(65), "../x", "a\nb"] {
            assert!(Username::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn email_addresses_have_a_shape() {
        assert_eq!(parse_email("").unwrap(), None);
        assert_eq!(parse_email(" m@x.org ").unwrap().as_deref(), Some("m@x.org"));
        for bad in ["m", "m@", "@x.org", "m@x", "m @x.org", "m@x@y.org", "m@x.org\r\nBcc: all"] {
            assert!(parse_email(bad).is_err(), "{bad:?}");
        }
    }
}
