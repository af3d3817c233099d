//! The settings in force, as the rest of the program reads them.

use super::Setting;
use crate::domain::clock::DAY;
use crate::domain::presented::Forms;

/// What people may do with the keys that they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnKeys {
    /// See, change and revoke them.
    Manage,
    /// See them.
    View,
    /// Nothing: they are not even listed.
    None,
}

impl OwnKeys {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Manage => "manage",
            Self::View => "view",
            Self::None => "none",
        }
    }

    /// From the database; an unknown word gives the least.
    fn from_word(word: &str) -> Self {
        match word {
            "manage" => Self::Manage,
            "view" => Self::View,
            _ => Self::None,
        }
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

/// What happens to the keys of a policy that is deleted.
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
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, with the name that it has everywhere")]
pub struct Settings {
    /// `site_name` [none]: what the organisation calls this server.
    pub site_name: String,
    /// `allow_creation` [on]: keys may be generated and rotated. Off, existing keys keep working.
    pub allow_creation: bool,
    /// `user_keys` [on]: people may have new keys.
    pub user_keys: bool,
    /// `service_keys` [on]: service accounts may have new keys.
    pub service_keys: bool,
    /// `own_keys` [manage]: what people may do with the keys that they have.
    pub own_keys: OwnKeys,
    /// `key_may_revoke_itself` [on]: a program may end the key that it uses.
    pub key_may_revoke_itself: bool,
    /// `accepted_forms`: in which forms a request may carry a key.
    pub accepted_forms: Forms,
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
    /// `on_policy_delete` [cascade]: what happens to the keys of a policy that is deleted.
    pub on_policy_delete: OnPolicyDelete,
    /// `purge_after_days` [30]: so long after its end a key is kept, to be found and restored.
    pub purge_after_days: i32,
    /// `audit_retention_days` [0]: so long events of the audit log are kept; 0 is for ever.
    pub audit_retention_days: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            site_name: String::new(),
            allow_creation: true,
            user_keys: true,
            service_keys: true,
            own_keys: OwnKeys::Manage,
            key_may_revoke_itself: true,
            accepted_forms: Forms::usual(),
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
            Setting::SiteName => self.site_name.clone(),
            Setting::AllowCreation => switch(self.allow_creation),
            Setting::UserKeys => switch(self.user_keys),
            Setting::ServiceKeys => switch(self.service_keys),
            Setting::OwnKeys => self.own_keys.word().to_owned(),
            Setting::KeyMayRevokeItself => switch(self.key_may_revoke_itself),
            Setting::AcceptedForms => self.accepted_forms.words(),
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
            Some(Setting::SiteName) => value.clone_into(&mut self.site_name),
            Some(Setting::AllowCreation) => self.allow_creation = on,
            Some(Setting::UserKeys) => self.user_keys = on,
            Some(Setting::ServiceKeys) => self.service_keys = on,
            Some(Setting::OwnKeys) => self.own_keys = OwnKeys::from_word(value),
            Some(Setting::KeyMayRevokeItself) => self.key_may_revoke_itself = on,
            Some(Setting::AcceptedForms) => self.accepted_forms = Forms::from_words(value),
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
