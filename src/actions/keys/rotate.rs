//! Rotate: a new secret for the same record. The one before it lives on for the chosen grace period.

use jiff::SignedDuration;
use serde_json::json;

use crate::actions::keys::attempt::Attempt;
use crate::actions::keys::creation::creation_off;
use crate::actions::keys::edit::{REVOKED, own_living};
use crate::actions::keys::request::{FormId, Issued};
use crate::actions::rights::grants::{ActingKey, Attenuation, prove};
use crate::actions::{Actor, App, Error, Owner};
use crate::domain::audit::Action;
use crate::domain::field_error::FieldError;
use crate::domain::keys::api_key::{ApiKey, Status};
use crate::domain::keys::secret::{FirstEight, SecretHash};
use crate::domain::rights::policy::PolicyName;
use crate::domain::rights::{AccessView, GrantRequest, GrantView};
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::{DAY, HOUR};
use crate::store::keys::forms;
use crate::store::keys::forms::Shown;
use crate::store::keys::lifetime_rules;
use crate::store::keys::replaced_secrets;
use crate::store::keys::replaced_secrets::Rotation;
use crate::store::{ReadTx, WriteTx, accounts, keys, rights, settings};

/// How long the secret before stays good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
pub enum Grace {
    /// It ends at once.
    #[strum(serialize = "0h")]
    None,
    /// One hour.
    #[strum(serialize = "1h")]
    Hour,
    /// 24 hours.
    #[strum(serialize = "24h")]
    Day,
    /// 7 days.
    #[strum(serialize = "7d")]
    Week,
}

impl Grace {
    /// All of them, in the order of the form.
    pub fn all() -> impl Iterator<Item = Self> {
        <Self as strum::VariantArray>::VARIANTS.iter().copied()
    }

    /// The value in the form.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What people read: "The old key stops working …".
    pub fn label(self) -> &'static str {
        match self {
            Self::None => "at once",
            Self::Hour => "in 1 hour",
            Self::Day => "in 24 hours",
            Self::Week => "in 7 days",
        }
    }

    /// From the form.
    pub fn parse(word: &str) -> Result<Self, FieldError> {
        word.parse().map_err(|_| FieldError::new("old_ends", "Choose when the old key stops working"))
    }

    fn span(self) -> SignedDuration {
        match self {
            Self::None => SignedDuration::ZERO,
            Self::Hour => HOUR,
            Self::Day => DAY,
            Self::Week => 7 * DAY,
        }
    }
}

/// The answer to a rotation.
pub struct Rotated {
    /// The key and its new secret.
    pub issued: Issued,
    /// Until when the secret before it stays good, if it does.
    pub old_until: Option<Timestamp>,
}

impl App {
    /// Gives an active key of an owner a new secret, and a new life as long as its last one, within the rule of today. The
    /// owner is the actor, or a service account that an administrator administers.
    pub async fn rotate_key(
        &self,
        by: Owner<'_>,
        first_eight: &FirstEight,
        grace: Grace,
        form: FormId,
    ) -> Result<Rotated, Error> {
        let owner = by.account();
        self.throttle.try_creation(by.account)?;
        let maker = by.account.unwrap_or(owner);
        self.attempt(async || {
            let secret = self.draw_secret(first_eight);
            let (actor, first_eight, form) = (by.actor().clone(), first_eight.clone(), form.clone());
            let (hash, now) = (secret.hash(), self.now());
            let rotated = self.act(by.authority(), move |tx| {
                let key = own_living(tx, owner, &first_eight)?;
                if let Some(shown_before) = forms::find(tx, &form.hash(maker), maker)? {
                    return Ok(Err(shown_before));
                }
                let shown = Shown { first_eight: &first_eight, key: Some(key.id) };
                forms::insert(tx, &form.hash(maker), maker, &shown, now)?;
                let wish = wish_of(tx, &key)?;
                prove(tx, &actor, &wish)?;
                Ok::<_, Attempt>(Ok(renew(tx, &actor, &key, (hash, grace), None, now)?))
            });
            let rotated = rotated.await?;
            let old_until = rotated.as_ref().ok().and_then(|renewed| renewed.old_until);
            let made = rotated.map(|Renewed { key, access, .. }| (key, access));
            Ok(Rotated { issued: Issued::of(made, secret), old_until })
        })
        .await
    }
}

/// What would have to be wished for to get what a key has.
fn wish_of(tx: &mut ReadTx, key: &ApiKey) -> Result<GrantRequest, Error> {
    Ok(match rights::access(tx, key)?.grant {
        GrantView::Everything => GrantRequest::Inherit,
        GrantView::Scopes(_) => GrantRequest::Scopes(rights::scopes_of(tx, key.id)?),
        GrantView::Policy(name) => GrantRequest::Policy(PolicyName::from_db(name)),
    })
}

/// A key with a new secret.
pub(in crate::actions) struct Renewed {
    /// The key.
    pub key: ApiKey,
    /// What it may do.
    pub access: AccessView,
    /// Until when the secret before stays good, if it does.
    pub old_until: Option<Timestamp>,
}

/// Gives a key that is held against other transactions the secret with this hash.
pub(in crate::actions) fn renew(
    tx: &mut WriteTx,
    actor: &Actor,
    key: &ApiKey,
    (hash, grace): (SecretHash, Grace),
    asking: Option<&ActingKey>,
    now: Timestamp,
) -> Result<Renewed, Error> {
    if let Some(refusal) = refusal(key, now) {
        return Err(Error::Conflict(refusal.into()));
    }
    let owner = accounts::find(tx, key.owner)?.ok_or(Error::NotFound)?;
    if let Some(off) = creation_off(&settings::load(tx)?, owner.kind) {
        return Err(Error::Forbidden(off.into()));
    }
    let ceiling = asking.map(|asking| Attenuation::of(tx, asking, now)).transpose()?;
    let expires_at = key.renewed(&lifetime_rules::for_owner(tx, key.owner)?, now);
    if let Some(ceiling) = &ceiling {
        ceiling.may_rotate(key)?;
    }
    let expires_at = ceiling.as_ref().map_or(expires_at, |ceiling| ceiling.end(expires_at));
    let grace_ends = now.plus(grace.span()).min(key.expires_at.unwrap_or(Timestamp(i64::MAX)));
    replaced_secrets::rotate(tx, key.id, &Rotation { hash, expires_at, grace_ends }, now)?;
    let details = json!({
        "old_secret_ends": grace_ends.rfc3339(), "expires_at": expires_at.map(Timestamp::rfc3339),
        "by_key": asking.map(|asking| asking.first_eight.as_str()),
    });
    tx.audit(actor.did(now, Action::KeyRotate, key.first_eight.as_str(), details));
    let key = keys::find_own(tx, key.owner, &key.first_eight)?.ok_or(Error::NotFound)?;
    let access = rights::access(tx, &key)?;
    Ok(Renewed { key, access, old_until: (grace_ends > now).then_some(grace_ends) })
}

/// Why a key cannot be rotated in the state that it is in.
pub fn refusal(key: &ApiKey, now: Timestamp) -> Option<&'static str> {
    match key.status(now) {
        Status::Active => None,
        Status::Revoked => Some(REVOKED),
        Status::Disabled => Some("This key is disabled. Enable it before you rotate it."),
        Status::Expired => Some("This key has expired. Generate a new one like it."),
    }
}
