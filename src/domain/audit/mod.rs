//! What the audit log holds: who did what to what, when, from where, and how it ended. Never a secret, first eight only.

pub mod chain;

use crate::domain::ids::AccountId;
use crate::domain::time::clock::Timestamp;

/// One entry, before the database numbers it.
#[derive(Debug, Clone)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// The account that acted; `None` for the system and for strangers.
    pub actor: Option<AccountId>,
    /// Its user name at that time, or what stood in its place.
    pub actor_name: String,
    /// By which channel.
    pub via: Via,
    /// What was done or tried.
    pub action: Action,
    /// To what: a first eight, a user name.
    pub target: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The rest as a JSON object.
    pub details: serde_json::Value,
    /// The client's address.
    pub address: Option<String>,
    /// The reference of the request, as in the log.
    pub request: Option<String>,
}

/// The channel by which somebody came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Via {
    /// A page.
    Session,
    /// An API key.
    Key,
    /// The command line on the server.
    Cli,
    /// Claviger itself.
    System,
}

impl Via {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Success,
    /// Refused.
    Failure,
}

impl Outcome {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

macro_rules! actions {
    ($($name:ident = $word:literal),* $(,)?) => {
        /// What was done or tried.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each name says what its word says")]
        pub enum Action { $($name),* }

        impl Action {
            /// The word in the database: noun, dot, verb.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

actions! {
    SiteSetUp = "site.set_up",
    DemoFill = "site.fill_demo",
    SignIn = "session.sign_in",
    SignOut = "session.sign_out",
    PasswordConfirm = "session.confirm_password",
    SessionsEnd = "session.end",
    UserCreate = "user.create",
    UserEdit = "user.edit",
    UserSetPassword = "user.set_password",
    UserDeactivate = "user.deactivate",
    UserActivate = "user.activate",
    UserSetRole = "user.set_role",
    UserLink = "user.make_link",
    KeyGenerate = "key.generate",
    KeyEdit = "key.edit",
    KeyDisable = "key.disable",
    KeyEnable = "key.enable",
    KeyRotate = "key.rotate",
    KeyRevoke = "key.revoke",
    KeyRefuse = "key.refuse",
    AttemptRefuse = "attempt.refuse",
    KeyRestore = "key.restore",
    KeySetExpiry = "key.set_expiry",
    KeyPurge = "key.purge",
    KeyExport = "key.export",
    JobStart = "job.start",
    JobFinish = "job.finish",
    JobStop = "job.stop",
    AuditPurge = "audit.purge",
    AuditExport = "audit.export",
    RulesChange = "rules.change",
    SettingChange = "setting.change",
    PolicyCreate = "policy.create",
    PolicyEdit = "policy.edit",
    PolicyDelete = "policy.delete",
    PolicyRestore = "policy.restore",
    PermissionsRegister = "permissions.register",
    PermissionRetire = "permissions.retire",
    PermissionsRestore = "permissions.restore",
    PermissionsMove = "permissions.move",
    PermissionRelease = "permissions.release",
    UserSetPolicies = "user.set_policies",
    UserDelete = "user.delete",
    KeyTransfer = "key.transfer",
    ResourceRegister = "resource.register",
    ResourceEdit = "resource.edit",
    ResourceDelete = "resource.delete",
    ResourceAddAdministrator = "resource.add_administrator",
    ResourceRemoveAdministrator = "resource.remove_administrator",
    ResourceKindEdit = "resource_kind.edit",
    ServiceCreate = "service_account.create",
    ServiceEdit = "service_account.edit",
    ServiceActivate = "service_account.activate",
    ServiceDeactivate = "service_account.deactivate",
    ViewSave = "view.save",
    ViewDelete = "view.delete",
}

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// By whom: a user name, `system`, `command line` …
    pub actor: Option<String>,
    /// To what: a first eight, a user name, `job 7` …
    pub target: Option<String>,
    /// An action's word, or the noun before its dot.
    pub action: Option<String>,
    /// From this address.
    pub address: Option<String>,
    /// `success` or `failure`.
    pub outcome: Option<String>,
    /// By which channel.
    pub via: Option<String>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub before: Option<Timestamp>,
}

/// One line of a key's history.
#[derive(Debug, Clone)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor_name: String,
    /// The action's word.
    pub action: String,
    /// From where.
    pub address: Option<String>,
}

/// An event as it is listed.
#[derive(Debug, Clone)]
pub struct ListedEvent {
    /// Its number.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor_name: String,
    /// By which channel.
    pub via: String,
    /// What.
    pub action: String,
    /// To what.
    pub target: String,
    /// How it ended.
    pub outcome: String,
    /// The rest, as the text of a JSON object.
    pub details: String,
    /// From where.
    pub address: Option<String>,
    /// By which request.
    pub request: Option<String>,
}
