//! The site's settings that an administrator changes while the server runs: name, default, meaning.

/// The settings in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `allow_creation` [on]: people may generate keys. Off, existing keys keep working.
    pub allow_creation: bool,
    /// `accept_keys` [on]: keys are good for something. Off, every key is refused at once.
    pub accept_keys: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { allow_creation: true, accept_keys: true }
    }
}

impl Settings {
    /// Takes over one stored setting. Names that are no site setting are passed over; a value that cannot be read is
    /// taken as "off", the safer of the two.
    pub fn apply(&mut self, name: &str, value: &str) {
        let on = value == "on";
        match name {
            "allow_creation" => self.allow_creation = on,
            "accept_keys" => self.accept_keys = on,
            _ => {}
        }
    }
}
