//! The types of settings: how each is written to the database and read from it.

use crate::domain::keys::presented::Forms;

/// What people may do with the keys that they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum OwnKeys {
    /// See, change and revoke them.
    Manage,
    /// See them.
    View,
    /// Nothing: they are not even listed.
    None,
}

/// What bounds the keys of service accounts that carry a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ServiceRights {
    /// What the account's own policies allow, as everywhere.
    Owner,
    /// Their policy alone.
    Policy,
}

/// What happens to the keys of a policy that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum OnPolicyDelete {
    /// They are revoked with it.
    Cascade,
    /// They are disabled; nobody can use them, and they stay to be given another policy.
    Disable,
    /// It cannot be deleted while keys carry it.
    Refuse,
}

/// What a setting holds, as text in the database.
pub(super) trait Value {
    /// The text.
    fn text(&self) -> String;

    /// Takes over a text. What cannot be read becomes the most careful value, or leaves a number as it was.
    fn read(&mut self, text: &str);
}

impl Value for String {
    fn text(&self) -> String {
        self.clone()
    }

    fn read(&mut self, text: &str) {
        text.clone_into(self);
    }
}

impl Value for bool {
    fn text(&self) -> String {
        if *self { "on" } else { "off" }.to_owned()
    }

    fn read(&mut self, text: &str) {
        *self = text == "on";
    }
}

impl Value for i32 {
    fn text(&self) -> String {
        self.to_string()
    }

    fn read(&mut self, text: &str) {
        *self = text.parse().unwrap_or(*self);
    }
}

impl Value for Forms {
    fn text(&self) -> String {
        self.words()
    }

    fn read(&mut self, text: &str) {
        *self = Self::from_words(text);
    }
}

macro_rules! choices {
    ($($choice:ident or $careful:ident),+) => {$(
        impl Value for $choice {
            fn text(&self) -> String {
                <&'static str>::from(*self).to_owned()
            }

            fn read(&mut self, text: &str) {
                *self = text.parse().unwrap_or(Self::$careful);
            }
        }
    )+};
}

choices!(OwnKeys or None, ServiceRights or Owner, OnPolicyDelete or Refuse);
