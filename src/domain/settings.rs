//! The site's settings that an administrator changes while the server runs: name, default, meaning.

use super::clock::DAY;
use super::mistake::Mistake;

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// May people generate keys?
    AllowCreation,
    /// Are keys good for anything?
    AcceptKeys,
    /// Does a new key need a name?
    NameRequired,
    /// May keys make keys?
    KeyMayCreate,
    /// May people make keys that end with their sign-in session?
    SessionKeys,
    /// How many live keys all service accounts may have together.
    MaxServiceKeys,
    /// What bounds the keys of service accounts.
    ServiceRights,
    /// What becomes of the keys of a policy that is deleted.
    OnPolicyDelete,
    /// How long a key is kept after its end, in days.
    PurgeAfterDays,
    /// How long events of the audit log are kept, in days.
    AuditRetentionDays,
}

impl Setting {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 10] = [
        Self::AllowCreation,
        Self::AcceptKeys,
        Self::NameRequired,
        Self::SessionKeys,
        Self::KeyMayCreate,
        Self::MaxServiceKeys,
        Self::ServiceRights,
        Self::OnPolicyDelete,
        Self::PurgeAfterDays,
        Self::AuditRetentionDays,
    ];

    /// The name in the database, the API and the audit log.
    pub fn name(self) -> &'static str {
        match self {
            Self::AllowCreation => "allow_creation",
            Self::AcceptKeys => "accept_keys",
            Self::NameRequired => "name_required",
            Self::KeyMayCreate => "key_may_create",
            Self::SessionKeys => "session_keys",
            Self::MaxServiceKeys => "max_service_keys",
            Self::ServiceRights => "service_rights",
            Self::OnPolicyDelete => "on_policy_delete",
            Self::PurgeAfterDays => "purge_after_days",
            Self::AuditRetentionDays => "audit_retention_days",
        }
    }

    /// The setting with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.name() == name)
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::AllowCreation => "Let users create API keys",
            Self::AcceptKeys => "Accept API keys",
            Self::NameRequired => "Require a name",
            Self::KeyMayCreate => "Let programs create API keys with an API key",
            Self::SessionKeys => "Let users create session keys",
            Self::MaxServiceKeys => "Live keys of all service accounts together",
            Self::ServiceRights => "Service-account keys can do",
            Self::OnPolicyDelete => "When a policy is deleted, its keys are",
            Self::PurgeAfterDays => "Keep ended keys for",
            Self::AuditRetentionDays => "Keep the audit log for",
        }
    }

    /// What it means, for the page.
    pub fn help(self) -> &'static str {
        match self {
            Self::AllowCreation => "Turning this off leaves existing keys working.",
            Self::AcceptKeys => "Turning this off refuses every key on this server at once.",
            Self::NameRequired => "When off, a key without a name is named after the date.",
            Self::KeyMayCreate => {
                "Such a key can do no more, and lives no longer, than the key that created it. When off, keys are created in the browser only."
            }
            Self::SessionKeys => {
                "They end when the person signs out. They are counted, and not listed among all keys. Turning this off refuses them at once."
            }
            Self::MaxServiceKeys => "0 means no limit. The limit per account is under Lifetime rules.",
            Self::ServiceRights => {
                "For keys with a policy. With the first choice, removing a policy from the account removes it from its keys as well."
            }
            Self::OnPolicyDelete => {
                "Deleted with it, disabled, or the policy cannot be deleted while keys use it. Each can be undone."
            }
            Self::PurgeAfterDays => {
                "Ended keys can be found, and revoked ones restored, for this long. Then they are removed for good."
            }
            Self::AuditRetentionDays => "Older events are removed, and the removal is recorded. 0 keeps them forever.",
        }
    }

    /// Is it on or off, rather than a number or one of several words?
    pub fn is_switch(self) -> bool {
        !matches!(
            self,
            Self::PurgeAfterDays
                | Self::AuditRetentionDays
                | Self::OnPolicyDelete
                | Self::ServiceRights
                | Self::MaxServiceKeys
        )
    }

    /// The words to choose from, with what people read; none for a switch or a number.
    pub fn choices(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::OnPolicyDelete => {
                &[("cascade", "Deleted with it"), ("disable", "Disabled"), ("refuse", "Refuse to delete")]
            }
            Self::ServiceRights => {
                &[("owner", "At most what the account can"), ("policy", "Whatever their policy allows")]
            }
            _ => &[],
        }
    }

    /// What a number counts.
    pub fn unit(self) -> &'static str {
        if self == Self::MaxServiceKeys { "keys" } else { "days" }
    }

    /// A value as people read it.
    pub fn in_words(self, value: &str) -> String {
        let choice = self.choices().iter().find(|(word, _)| *word == value);
        choice.map_or_else(|| value.to_owned(), |(_, words)| (*words).to_owned())
    }

    /// Reads a value: `on` or `off`, a number of days, or one of its words.
    pub fn parse(self, input: &str) -> Result<String, Mistake> {
        let input = input.trim();
        if self.is_switch() {
            return match input {
                "on" | "off" => Ok(input.to_owned()),
                _ => Err(Mistake::new(self.name(), "Choose on or off")),
            };
        }
        if !self.choices().is_empty() {
            let known = self.choices().iter().any(|(word, _)| *word == input);
            return if known { Ok(input.to_owned()) } else { Err(Mistake::new(self.name(), "Choose one of these")) };
        }
        let least = i32::from(self == Self::PurgeAfterDays);
        let (most, said) = if self == Self::MaxServiceKeys { (1_000_000, "1,000,000") } else { (3_650, "3,650") };
        let number: Option<i32> = input.parse().ok().filter(|number| (least..=most).contains(number));
        let mistake = || format!("Enter a number of {} between {least} and {said}", self.unit());
        number.map(|number| number.to_string()).ok_or_else(|| Mistake::new(self.name(), mistake()))
    }
}

/// What bounds the keys of service accounts that carry a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceRights {
    /// What the account's own policies allow, as everywhere.
    Owner,
    /// Their policy alone.
    Policy,
}

impl ServiceRights {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Policy => "policy",
        }
    }

    /// From the database; an unknown word gives the least.
    fn from_word(word: &str) -> Self {
        if word == "policy" { Self::Policy } else { Self::Owner }
    }
}

/// What becomes of the keys of a policy that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnPolicyDelete {
    /// They are revoked with it.
    Cascade,
    /// They are disabled; nobody can use them, and they stay to be given another policy.
    Disable,
    /// It cannot be deleted while keys carry it.
    Refuse,
}

impl OnPolicyDelete {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cascade => "cascade",
            Self::Disable => "disable",
            Self::Refuse => "refuse",
        }
    }

    /// From the database; an unknown word is the most careful one.
    fn from_word(word: &str) -> Self {
        match word {
            "cascade" => Self::Cascade,
            "disable" => Self::Disable,
            _ => Self::Refuse,
        }
    }
}

/// The settings in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, with the name that it has everywhere")]
pub struct Settings {
    /// `allow_creation` [on]: people may generate keys. Off, existing keys keep working.
    pub allow_creation: bool,
    /// `accept_keys` [on]: keys are good for something. Off, every key is refused at once.
    pub accept_keys: bool,
    /// `name_required` [off]: a new key needs a name; off, one is made from the date.
    pub name_required: bool,
    /// `key_may_create` [off]: a key may make keys, with no right and no life beyond its own.
    pub key_may_create: bool,
    /// `session_keys` [off]: people may make keys that end with the session that made them.
    pub session_keys: bool,
    /// `max_service_keys` [100]: how many live keys all service accounts may have together; 0 is no limit.
    pub max_service_keys: i32,
    /// `service_rights` [owner]: what bounds the keys of service accounts that carry a policy.
    pub service_rights: ServiceRights,
    /// `on_policy_delete` [cascade]: what becomes of the keys of a policy that is deleted.
    pub on_policy_delete: OnPolicyDelete,
    /// `purge_after_days` [30]: so long after its end a key is kept, to be found and restored.
    pub purge_after_days: i32,
    /// `audit_retention_days` [0]: so long events of the audit log are kept; 0 is for ever.
    pub audit_retention_days: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            allow_creation: true,
            accept_keys: true,
            name_required: false,
            key_may_create: false,
            session_keys: false,
            max_service_keys: 100,
            service_rights: ServiceRights::Owner,
            on_policy_delete: OnPolicyDelete::Cascade,
            purge_after_days: 30,
            audit_retention_days: 0,
        }
    }
}

impl Settings {
    /// How long a key is kept after its end, in microseconds.
    pub fn purge_after(&self) -> i64 {
        i64::from(self.purge_after_days) * DAY
    }

    /// A setting's value as text.
    pub fn value(&self, setting: Setting) -> String {
        let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
        match setting {
            Setting::AllowCreation => switch(self.allow_creation),
            Setting::AcceptKeys => switch(self.accept_keys),
            Setting::NameRequired => switch(self.name_required),
            Setting::KeyMayCreate => switch(self.key_may_create),
            Setting::SessionKeys => switch(self.session_keys),
            Setting::MaxServiceKeys => self.max_service_keys.to_string(),
            Setting::ServiceRights => self.service_rights.word().to_owned(),
            Setting::OnPolicyDelete => self.on_policy_delete.word().to_owned(),
            Setting::PurgeAfterDays => self.purge_after_days.to_string(),
            Setting::AuditRetentionDays => self.audit_retention_days.to_string(),
        }
    }

    /// Takes over one stored setting. Names that are no site setting are passed over; a switch that cannot be read is
    /// taken as "off", the safer of the two, and a number as it was.
    pub fn apply(&mut self, name: &str, value: &str) {
        let on = value == "on";
        match Setting::named(name) {
            Some(Setting::AllowCreation) => self.allow_creation = on,
            Some(Setting::AcceptKeys) => self.accept_keys = on,
            Some(Setting::NameRequired) => self.name_required = on,
            Some(Setting::KeyMayCreate) => self.key_may_create = on,
            Some(Setting::SessionKeys) => self.session_keys = on,
            Some(Setting::MaxServiceKeys) => {
                self.max_service_keys = value.parse().unwrap_or(self.max_service_keys);
            }
            Some(Setting::ServiceRights) => self.service_rights = ServiceRights::from_word(value),
            Some(Setting::OnPolicyDelete) => self.on_policy_delete = OnPolicyDelete::from_word(value),
            Some(Setting::PurgeAfterDays) => self.purge_after_days = value.parse().unwrap_or(self.purge_after_days),
            Some(Setting::AuditRetentionDays) => {
                self.audit_retention_days = value.parse().unwrap_or(self.audit_retention_days);
            }
            None => {}
        }
    }
}
