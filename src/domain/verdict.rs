//! The decision: is a presented secret good now? One pure function, and "no" is its default.

use crate::domain::keys::api_key::{ApiKey, Status, status};
use crate::domain::rights::Insufficient;
use crate::domain::time::clock::Timestamp;

/// What was found for a presented secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Did somebody stop the key?
    pub stopped: Option<Stopped>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// Is the key's owner active?
    pub owner_active: bool,
    /// Set when the secret is one that a rotation replaced: the end of its grace period.
    pub replaced_until: Option<Timestamp>,
    /// Was the policy of the key deleted?
    pub policy_deleted: bool,
    /// Does this server accept keys at all?
    pub accept_keys: bool,
}

/// How somebody stopped a key. One that was revoked may have been disabled before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Until it is enabled again.
    Disabled,
    /// For good.
    Revoked,
}

impl Facts {
    /// Of a key whose present secret was found, while nothing else is in its way.
    pub fn of(key: &ApiKey) -> Self {
        Self {
            stopped: match (&key.revoked, &key.disabled) {
                (Some(_), _) => Some(Stopped::Revoked),
                (None, Some(_)) => Some(Stopped::Disabled),
                (None, None) => None,
            },
            expires_at: key.expires_at,
            owner_active: true,
            replaced_until: None,
            policy_deleted: false,
            accept_keys: true,
        }
    }

    /// When the presented secret ends: with the key, or before it when a rotation replaced it.
    pub fn ends_at(&self) -> Option<Timestamp> {
        [self.expires_at, self.replaced_until].into_iter().flatten().min()
    }
}

/// Why a secret is refused. Outside, all reasons look the same; the owner and the administrator see which it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    /// No key has this secret.
    Unknown,
    /// The key was revoked.
    Revoked,
    /// The key is disabled.
    Disabled,
    /// The key's time passed.
    Expired,
    /// The secret was replaced and its grace period is over.
    Replaced,
    /// The owner is not active.
    OwnerInactive,
    /// The key's policy was deleted.
    PolicyDeleted,
    /// This server accepts no keys at present.
    KeysNotAccepted,
    /// The request carried the key in a form that this server does not accept.
    FormNotAccepted,
    /// The key is good, and does not have what was asked for.
    MissingPermission,
    /// The key is good, for another resource or for one when none was asked for.
    OtherResource,
}

impl From<Insufficient> for Refusal {
    fn from(lacking: Insufficient) -> Self {
        match lacking {
            Insufficient::Permission => Self::MissingPermission,
            Insufficient::Resource | Insufficient::UnknownResource => Self::OtherResource,
        }
    }
}

impl Refusal {
    /// Is the key good, and only not enough for what was asked?
    pub fn is_of_a_good_key(self) -> bool {
        matches!(self, Self::MissingPermission | Self::OtherResource)
    }

    /// The word for logs and the audit log.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Valid = not revoked, not disabled, not expired, owner active, policy there, keys accepted (docs/rules.md, rule 3). Whether a
/// valid key is enough for what is asked of it, [`rights`](super::rights) says.
pub fn decide(facts: &Facts, now: Timestamp) -> Result<(), Refusal> {
    let is = |how| facts.stopped == Some(how);
    match status(is(Stopped::Revoked), facts.expires_at, is(Stopped::Disabled), now) {
        Status::Revoked => return Err(Refusal::Revoked),
        Status::Expired => return Err(Refusal::Expired),
        Status::Disabled => return Err(Refusal::Disabled),
        Status::Active => {}
    }
    if facts.replaced_until.is_some_and(|end| end <= now) {
        return Err(Refusal::Replaced);
    }
    if !facts.owner_active {
        return Err(Refusal::OwnerInactive);
    }
    if facts.policy_deleted {
        return Err(Refusal::PolicyDeleted);
    }
    if !facts.accept_keys {
        return Err(Refusal::KeysNotAccepted);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::super::ids::{AccountId, KeyId};
    use super::*;
    use crate::domain::keys::api_key::Stop;
    use crate::domain::keys::secret::FirstEight;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn key() -> ApiKey {
        ApiKey {
            id: KeyId(1),
            first_eight: FirstEight::generate(&mut StdRng::seed_from_u64(1)),
            owner: AccountId(1),
            name: "ci".into(),
            note: String::new(),
            grant: crate::domain::rights::Grant::Inherit,
            resource: None,
            created_at: Timestamp(0),
            created_by: AccountId(1),
            rotated_at: None,
            end_limit: None,
            expires_at: Some(Timestamp(NOW.0 + 1)),
            disabled: None,
            revoked: None,
            last_use: None,
            use_count: 0,
            version: 1,
            changed_at: Timestamp(0),
        }
    }

    fn stopped() -> Stop {
        Stop { at: Timestamp(5), by: Some(AccountId(1)), reason: String::new() }
    }

    #[test]
    fn rule_3_valid_means_all_of_its_conditions() {
        for bits in 0_u32..128 {
            let on = |bit: u32| bits & (1 << bit) != 0;
            let key = ApiKey {
                revoked: on(0).then(stopped),
                expires_at: Some(if on(1) { NOW } else { Timestamp(NOW.0 + 1) }),
                disabled: on(2).then(stopped),
                ..key()
            };
            let facts = Facts {
                replaced_until: on(3).then_some(NOW),
                owner_active: !on(4),
                policy_deleted: on(5),
                accept_keys: !on(6),
                ..Facts::of(&key)
            };
            let reasons = [
                Refusal::Revoked,
                Refusal::Expired,
                Refusal::Disabled,
                Refusal::Replaced,
                Refusal::OwnerInactive,
                Refusal::PolicyDeleted,
                Refusal::KeysNotAccepted,
            ];
            let expected = (0..7).find(|bit| on(*bit)).map_or(Ok(()), |bit| Err(reasons[bit as usize]));
            assert_eq!(decide(&facts, NOW), expected, "{bits:07b}");
        }
    }

    #[test]
    fn a_key_without_an_end_and_an_old_secret_in_its_grace_are_good() {
        let key = ApiKey { expires_at: None, ..key() };
        let facts = Facts { replaced_until: Some(Timestamp(NOW.0 + 1)), ..Facts::of(&key) };
        assert_eq!(decide(&facts, NOW), Ok(()));
    }
}
