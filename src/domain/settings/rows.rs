//! What is known of each setting: one row each, with its name, its kind, and what people read.

use super::{Kind, Row, Setting};
use crate::domain::presented::Forms;

const fn row(name: &'static str, kind: Kind, label: &'static str, help: &'static str) -> Row {
    Row { name, label, help, kind }
}

impl Setting {
    /// What is known of it.
    #[expect(clippy::too_many_lines, reason = "a table: one row for each setting")]
    pub const fn row(self) -> Row {
        match self {
            Self::SiteName => row(
                "site_name",
                Kind::Text(40),
                "Site name",
                "Shown in the header of every page. Leave empty for no name.",
            ),
            Self::AllowCreation => row(
                "allow_creation",
                Kind::Switch,
                "Allow new API keys",
                "When off, nobody can generate or rotate a key, administrators included. Existing keys keep working.",
            ),
            Self::AcceptKeys => row(
                "accept_keys",
                Kind::Switch,
                "Accept API keys",
                "Turning this off refuses every key on this server at once.",
            ),
            Self::UserKeys => row(
                "user_keys",
                Kind::Switch,
                "Let users create API keys",
                "When off, only service accounts get new keys. Users’ existing keys keep working.",
            ),
            Self::ServiceKeys => row(
                "service_keys",
                Kind::Switch,
                "Let service accounts get API keys",
                "When off, only users get new keys. Existing keys of service accounts keep working.",
            ),
            Self::OwnKeys => row(
                "own_keys",
                Kind::Choice(&[
                    ("manage", "See, change and revoke them"),
                    ("view", "See them only"),
                    ("none", "Nothing: keys are not listed"),
                ]),
                "What users can do with their own keys",
                "Creating keys is a separate setting. Administrators can always see and revoke every key.",
            ),
            Self::NameRequired => row(
                "name_required",
                Kind::Switch,
                "Require a name",
                "When off, a key without a name is named after the date.",
            ),
            Self::SessionKeys => row(
                "session_keys",
                Kind::Switch,
                "Let users create session keys",
                "They end when the person signs out. They are counted, and not listed among all keys. Turning this off refuses them at once.",
            ),
            Self::KeyMayCreate => row(
                "key_may_create",
                Kind::Switch,
                "Let programs create API keys with an API key",
                "Such a key can do no more, and lives no longer, than the key that created it. When off, keys are created in the browser only.",
            ),
            Self::KeyMayRevokeItself => row(
                "key_may_revoke_itself",
                Kind::Switch,
                "Let an API key revoke itself",
                "A program that is done, or whose key leaked, can end its own key: DELETE /api/v1/api_keys/FIRST_EIGHT.",
            ),
            Self::AcceptedForms => row(
                "accepted_forms",
                Kind::Several(Forms::CHOICES),
                "Accepted forms of an API key",
                "A key that is sent in another form is refused. Keys in URLs end up in logs and browser histories.",
            ),
            Self::MaxServiceKeys => row(
                "max_service_keys",
                Kind::Number(0, 1_000_000, "keys"),
                "Live keys of all service accounts together",
                "0 means no limit. The limit per account is under Lifetime rules.",
            ),
            Self::ServiceRights => row(
                "service_rights",
                Kind::Choice(&[("owner", "At most what the account can"), ("policy", "Whatever their policy allows")]),
                "Service-account keys can do",
                "For keys with a policy. With the first choice, removing a policy from the account removes it from its keys as well.",
            ),
            Self::OnPolicyDelete => row(
                "on_policy_delete",
                Kind::Choice(&[
                    ("cascade", "Deleted with it"),
                    ("disable", "Disabled"),
                    ("refuse", "Refuse to delete"),
                ]),
                "When a policy is deleted, its keys are",
                "Deleted with it, disabled, or the policy cannot be deleted while keys use it. Each can be undone.",
            ),
            Self::PurgeAfterDays => row(
                "purge_after_days",
                Kind::Number(1, 3_650, "days"),
                "Keep ended keys for",
                "Ended keys can be found, and revoked ones restored, for this long. Then they are removed for good.",
            ),
            Self::AuditRetentionDays => row(
                "audit_retention_days",
                Kind::Number(0, 3_650, "days"),
                "Keep the audit log for",
                "Older events are removed, and the removal is recorded. 0 keeps them forever.",
            ),
        }
    }
}
