//! Bulk work: what it does to keys, the state it is in, what it leaves and why.

use serde::{Deserialize, Serialize};

use super::api_key::{ApiKey, Status};
use super::clock::Moment;
use super::rights::Grant;

/// What a job does to each of its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Revokes it: an administrator's "Delete". It can be restored until the purge.
    Delete,
    /// Pauses it.
    Disable,
    /// Ends its pause.
    Enable,
    /// Brings a revoked key back.
    Restore,
    /// Gives it an earlier end.
    Expire,
    /// Gives back what another job changed.
    Undo,
    /// Gives it the end that the lifetime rules allow.
    Shorten,
    /// Pauses it because nobody uses it; its owner may end the pause.
    Idle,
    /// Gives it another policy.
    GivePolicy,
    /// Gives it to another owner.
    Transfer,
}

impl Verb {
    /// Those that people choose, in the order of the bar.
    pub const CHOICES: [Self; 5] = [Self::Enable, Self::Disable, Self::Expire, Self::Restore, Self::Delete];
    const ALL: [Self; 10] = [
        Self::Enable,
        Self::Disable,
        Self::Expire,
        Self::Restore,
        Self::Delete,
        Self::Undo,
        Self::Shorten,
        Self::Idle,
        Self::GivePolicy,
        Self::Transfer,
    ];

    /// The word in the database, in URLs and in the audit log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Restore => "restore",
            Self::Expire => "expire",
            Self::Undo => "undo",
            Self::Shorten => "shorten",
            Self::Idle => "disable unused",
            Self::GivePolicy => "give policy",
            Self::Transfer => "transfer",
        }
    }

    /// The verb with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.word() == word)
    }

    /// What a button says, without what it is done to.
    pub fn label(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Disable => "Disable",
            Self::Enable => "Enable",
            Self::Restore => "Restore",
            Self::Expire => "Set expiry",
            Self::Undo => "Undo",
            Self::Shorten => "Shorten",
            Self::Idle => "Disable unused",
            Self::GivePolicy => "Give another policy",
            Self::Transfer => "Transfer",
        }
    }

    /// "Deleting 214 API keys".
    pub fn running(self) -> &'static str {
        match self {
            Self::Delete => "Deleting",
            Self::Disable => "Disabling",
            Self::Enable => "Enabling",
            Self::Restore => "Restoring",
            Self::Expire => "Setting the expiry of",
            Self::Undo => "Giving back",
            Self::Shorten => "Applying the lifetime rules to",
            Self::Idle => "Disabling unused",
            Self::GivePolicy => "Giving another policy to",
            Self::Transfer => "Transferring",
        }
    }

    /// "214 API keys deleted".
    pub fn done(self) -> &'static str {
        match self {
            Self::Delete => "deleted",
            Self::Disable => "disabled",
            Self::Enable => "enabled",
            Self::Restore => "restored",
            Self::Expire => "given an earlier expiry",
            Self::Undo => "given back",
            Self::Shorten => "given an earlier end by the lifetime rules",
            Self::Idle => "disabled because nobody used them",
            Self::GivePolicy => "given another policy",
            Self::Transfer => "transferred to another owner",
        }
    }

    /// Does it take something away from people?
    pub fn is_red(self) -> bool {
        self == Self::Delete
    }

    /// The icon beside the label.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Delete => "trash",
            Self::Disable | Self::Idle => "player-pause",
            Self::Enable => "circle-check",
            Self::Restore | Self::Undo => "history",
            Self::GivePolicy => "shield-lock",
            Self::Transfer => "users",
            Self::Expire | Self::Shorten => "clock-hour-4",
        }
    }

    /// Can it be done to a key of this status?
    pub fn fits(self, status: Status) -> bool {
        match self {
            Self::Delete | Self::GivePolicy => status != Status::Revoked,
            Self::Disable | Self::Idle => matches!(status, Status::Active | Status::Expired),
            Self::Enable => status == Status::Disabled,
            Self::Restore => status == Status::Revoked,
            Self::Expire | Self::Shorten | Self::Transfer => matches!(status, Status::Active | Status::Disabled),
            Self::Undo => true,
        }
    }
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Frozen, and waiting for somebody to confirm it.
    Draft,
    /// Confirmed, and waiting for a runner.
    Queued,
    /// Being done.
    Running,
    /// Done.
    Done,
    /// Ended by somebody before it was done.
    Stopped,
}

impl JobState {
    const ALL: [Self; 5] = [Self::Draft, Self::Queued, Self::Running, Self::Done, Self::Stopped];

    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
        }
    }

    /// From the database.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// What it does.
    pub verb: Verb,
    /// The state it is in.
    pub state: JobState,
    /// The moment at which its keys were chosen.
    pub frozen_at: Moment,
    /// The query string of the filter by which they were chosen; `None` when they were ticked one by one.
    pub filter: Option<String>,
    /// Who asked for it.
    pub asked_by: AskedBy,
    /// Why, as they said; may be empty.
    pub reason: String,
    /// The end that [`Verb::Expire`] gives.
    pub expires_at: Option<Moment>,
    /// What else its verb needs, as JSON; may be empty.
    pub parameter: String,
    /// The job that [`Verb::Undo`] gives back.
    pub undoes: Option<i64>,
    /// The job that gave this one back.
    pub undone_by: Option<i64>,
    /// How many keys it was given.
    pub total: i64,
    /// Of how many owners who are people.
    pub people: i64,
    /// Of how many service accounts.
    pub services: i64,
    /// How many of them were used in the week before.
    pub recent: i64,
    /// How many of them belong to the one who asked.
    pub own: i64,
    /// How many it changed.
    pub done: i64,
    /// How many it left as they were.
    pub left: i64,
    /// Did somebody ask it to stop?
    pub stop_asked: bool,
    /// When it was confirmed.
    pub confirmed_at: Option<Moment>,
    /// When it ended.
    pub finished_at: Option<Moment>,
}

/// Who asks for bulk work: the actor of its events.
#[derive(Debug, Clone)]
pub struct AskedBy {
    /// The account.
    pub account: i64,
    /// Its user name.
    pub name: String,
    /// From which address.
    pub address: Option<String>,
    /// By which request.
    pub request: Option<String>,
}

impl Job {
    /// Is it over?
    pub fn is_over(&self) -> bool {
        matches!(self.state, JobState::Done | JobState::Stopped)
    }

    /// More keys than can be taken in at a glance: the number has to be typed.
    pub fn needs_number(&self) -> bool {
        self.total > 10 || self.filter.is_some()
    }

    /// The policy that was deleted together with these keys.
    pub fn deleted_policy(&self) -> Option<DeletedPolicy> {
        matches!(self.verb, Verb::Delete | Verb::Disable).then(|| serde_json::from_str(&self.parameter).ok()).flatten()
    }

    /// Keys of which nothing was decided.
    pub fn remaining(&self) -> i64 {
        (self.total - self.done - self.left).max(0)
    }
}

/// A policy that was deleted, and whose keys a job ends or pauses; stands in the job as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedPolicy {
    /// Its id.
    pub policy: i64,
    /// What it was called.
    pub name: String,
}

/// What a transfer changed of a key besides its owner; stands beside the key as JSON, for its undo.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeforeTransfer {
    /// What it was called.
    #[serde(default)]
    pub name: String,
    /// What it could do, when that was held to a list.
    pub grant: Option<BeforeGrant>,
}

impl BeforeTransfer {
    /// As it was noted; nothing when nothing was.
    pub fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// To be noted.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What a key could do, in ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeforeGrant {
    /// Its policy.
    pub policy: Option<i64>,
    /// The permissions of its list; `None` when it had none.
    pub scopes: Option<Vec<i64>>,
}

impl BeforeGrant {
    /// The grant with these.
    pub fn grant(&self) -> Grant {
        match (self.policy, &self.scopes) {
            (Some(policy), _) => Grant::Policy(policy),
            (None, Some(_)) => Grant::Scopes,
            (None, None) => Grant::Inherit,
        }
    }
}

/// Why a job left a key as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// It was changed after the job was frozen.
    Changed,
    /// It ends before the new end.
    EndsEarlier,
    /// It is no longer there.
    Gone,
    /// The policy that it was to get was deleted.
    PolicyGone,
    /// The owner that it was to get has as many keys as are allowed, or is not active any more.
    NoRoom,
}

impl Left {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::EndsEarlier => "ends earlier",
            Self::Gone => "gone",
            Self::PolicyGone => "policy gone",
            Self::NoRoom => "no room",
        }
    }
}

/// What is to be done with one key of a job: changed, or left.
pub fn decide(verb: Verb, key: Option<&ApiKey>, version: i64, expires_at: Option<Moment>) -> Result<(), Left> {
    let Some(key) = key else { return Err(Left::Gone) };
    if key.version != version {
        return Err(Left::Changed);
    }
    if verb == Verb::Shorten && expires_at.is_none() {
        return Err(Left::EndsEarlier);
    }
    if verb == Verb::Expire && key.expires_at.is_some_and(|end| expires_at.is_none_or(|new| end <= new)) {
        return Err(Left::EndsEarlier);
    }
    Ok(())
}
