//! The settings, one row each: the name and what it means, its type, its value unless an administrator chose another, what kind
//! of value it has, and what people read. A new setting is a new row here, and the place that asks for it.

use super::values::Value;
use super::{Kind, OnPolicyDelete, OwnKeys, ServiceRights};
use crate::domain::keys::presented::Forms;

macro_rules! settings {
    ($(
        $(#[doc = $about:literal])+
        $variant:ident $field:ident: $type:ty = $usual:expr, $kind:expr, $label:literal, $help:literal;
    )+) => {
        /// A setting. Its name in the database, the API and the audit log is that of its field in [`Settings`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
        #[strum(serialize_all = "snake_case")]
        pub enum Setting {
            $($(#[doc = $about])+ $variant,)+
        }

        /// The settings in force.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Settings {
            $($(#[doc = $about])+ pub $field: $type,)+
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($field: $usual,)+ }
            }
        }

        impl Settings {
            /// A setting's value as text.
            pub fn value(&self, setting: Setting) -> String {
                match setting {
                    $(Setting::$variant => self.$field.text(),)+
                }
            }

            pub(super) fn set(&mut self, setting: Setting, text: &str) {
                match setting {
                    $(Setting::$variant => self.$field.read(text),)+
                }
            }
        }

        impl Setting {
            /// What kind of value it has.
            pub const fn kind(self) -> Kind {
                match self {
                    $(Self::$variant => $kind,)+
                }
            }

            /// What people read.
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)+
                }
            }

            /// What it means, for the page.
            pub const fn help(self) -> &'static str {
                match self {
                    $(Self::$variant => $help,)+
                }
            }
        }
    };
}

settings! {
    /// What the organisation calls this server.
    SiteName site_name: String = String::new(), Kind::Text(40),
        "Site name",
        "Shown in the header of every page. Leave empty for no name.";

    /// Keys may be generated and rotated. Off, existing keys keep working.
    AllowCreation allow_creation: bool = true, Kind::Switch,
        "Allow new API keys",
        "When off, nobody can generate or rotate a key, administrators included. Existing keys keep working.";

    /// Keys are good for something. Off, every key is refused at once.
    AcceptKeys accept_keys: bool = true, Kind::Switch,
        "Accept API keys",
        "Turning this off refuses every key on this server at once.";

    /// People may have new keys.
    UserKeys user_keys: bool = true, Kind::Switch,
        "Let users create API keys",
        "When off, only service accounts get new keys. Users’ existing keys keep working.";

    /// Service accounts may have new keys.
    ServiceKeys service_keys: bool = true, Kind::Switch,
        "Let service accounts get API keys",
        "When off, only users get new keys. Existing keys of service accounts keep working.";

    /// What people may do with the keys that they have.
    OwnKeys own_keys: OwnKeys = OwnKeys::Manage, Kind::Choice(&[
            ("manage", "See, change and revoke them"),
            ("view", "See them only"),
            ("none", "Nothing: keys are not listed"),
        ]),
        "What users can do with their own keys",
        "Creating keys is a separate setting. Administrators can always see and revoke every key.";

    /// A new key needs a name; off, one is made from the date.
    NameRequired name_required: bool = false, Kind::Switch,
        "Require a name",
        "When off, a key without a name is named after the date.";

    /// People may make keys that end with the session that made them.
    SessionKeys session_keys: bool = false, Kind::Switch,
        "Let users create session keys",
        "They end when the person signs out. They are counted, and not listed among all keys. Turning this off refuses them at once.";

    /// A key may make keys, with no right and no life beyond its own.
    KeyMayCreate key_may_create: bool = false, Kind::Switch,
        "Let programs create API keys with an API key",
        "Such a key can do no more, and lives no longer, than the key that created it. When off, keys are created in the browser only.";

    /// A program may end the key that it uses.
    KeyMayRevokeItself key_may_revoke_itself: bool = true, Kind::Switch,
        "Let an API key revoke itself",
        "A program that is done, or whose key leaked, can end its own key: DELETE /api/v1/api_keys/FIRST_EIGHT.";

    /// In which forms a request may carry a key.
    AcceptedForms accepted_forms: Forms = Forms::usual(), Kind::Several(Forms::CHOICES),
        "Accepted forms of an API key",
        "A key that is sent in another form is refused. Keys in URLs end up in logs and browser histories.";

    /// How many live keys all service accounts may have together; 0 is no limit.
    MaxServiceKeys max_service_keys: i32 = 100, Kind::Number(0, 1_000_000, "keys"),
        "Live keys of all service accounts together",
        "0 means no limit. The limit per account is under Lifetime rules.";

    /// What bounds the keys of service accounts that carry a policy.
    ServiceRights service_rights: ServiceRights = ServiceRights::Owner, Kind::Choice(&[
            ("owner", "At most what the account can"),
            ("policy", "Whatever their policy allows"),
        ]),
        "Service-account keys can do",
        "For keys with a policy. With the first choice, removing a policy from the account removes it from its keys as well.";

    /// What happens to the keys of a policy that is deleted.
    OnPolicyDelete on_policy_delete: OnPolicyDelete = OnPolicyDelete::Cascade, Kind::Choice(&[
            ("cascade", "Deleted with it"),
            ("disable", "Disabled"),
            ("refuse", "Refuse to delete"),
        ]),
        "When a policy is deleted, its keys are",
        "Deleted with it, disabled, or the policy cannot be deleted while keys use it. Each can be undone.";

    /// So long after its end a key is kept, to be found and restored.
    PurgeAfterDays purge_after_days: i32 = 30, Kind::Number(1, 3_650, "days"),
        "Keep ended keys for",
        "Ended keys can be found, and revoked ones restored, for this long. Then they are removed for good.";

    /// So long events of the audit log are kept; 0 is for ever.
    AuditRetentionDays audit_retention_days: i32 = 0, Kind::Number(0, 3_650, "days"),
        "Keep the audit log for",
        "Older events are removed, and the removal is recorded. 0 keeps them forever.";
}
