//! The site's settings that an administrator changes while the server runs: name, default, meaning.

use super::clock::DAY;

/// The settings in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `allow_creation` [on]: people may generate keys. Off, existing keys keep working.
    pub allow_creation: bool,
    /// `accept_keys` [on]: keys are good for something. Off, every key is refused at once.
    pub accept_keys: bool,
    /// `purge_after_days` [30]: so long after its end a key is kept, to be found and restored.
    pub purge_after_days: i32,
    /// `audit_retention_days` [0]: so long events of the audit log are kept; 0 is for ever.
    pub audit_retention_days: i32,
    /// `name_required` [off]: a new key needs a name; off, one is made from the date.
    pub name_required: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            allow_creation: true,
            accept_keys: true,
            purge_after_days: 30,
            audit_retention_days: 0,
            name_required: false,
        }
    }
}

impl Settings {
    /// How long a key is kept after its end, in microseconds.
    pub fn purge_after(&self) -> i64 {
        i64::from(self.purge_after_days) * DAY
    }

    /// Takes over one stored setting. Names that are no site setting are passed over; a value that cannot be read is
    /// taken as "off", the safer of the two.
    pub fn apply(&mut self, name: &str, value: &str) {
        let on = value == "on";
        match name {
            "allow_creation" => self.allow_creation = on,
            "accept_keys" => self.accept_keys = on,
            "name_required" => self.name_required = on,
            "purge_after_days" => self.purge_after_days = value.parse().unwrap_or(self.purge_after_days),
            "audit_retention_days" => self.audit_retention_days = value.parse().unwrap_or(self.audit_retention_days),
            _ => {}
        }
    }
}
