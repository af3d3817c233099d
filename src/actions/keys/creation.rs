//! Whether an owner gets another key: the switches of the settings, the owner's state, the limits.

use crate::actions::Error;
use crate::actions::keys::room::counted;
use crate::domain::accounts::account::{Account, Kind};
use crate::domain::keys::lifetime::{Expiry, LifetimeRule};
use crate::domain::settings::Settings;
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::store::keys::lifetime_rules;
use crate::store::{ReadTx, keys, settings};

/// Why nobody, or no owner of this kind, gets new keys by the settings. The one place where the three switches count.
pub fn creation_off(settings: &Settings, kind: Kind) -> Option<&'static str> {
    match kind {
        _ if !settings.allow_creation => {
            Some("An administrator has turned off new API keys on this server. Existing keys keep working.")
        }
        Kind::User if !settings.user_keys => {
            Some("On this server, users do not create API keys. Your existing keys keep working. Ask an administrator.")
        }
        Kind::Service if !settings.service_keys => {
            Some("On this server, service accounts get no new API keys: see Site settings. Existing keys keep working.")
        }
        Kind::User | Kind::Service => None,
    }
}

/// Why a person who has `live` keys cannot get another.
pub(in crate::actions) fn refusal(settings: &Settings, rule: &LifetimeRule, live: i64) -> Option<String> {
    creation_off(settings, Kind::User).map(str::to_owned).or_else(|| too_many("You have", rule, live))
}

/// Why an administrator cannot make another key for a person who has `live` ones. That users do not create keys is no reason.
pub(in crate::actions) fn refusal_for_other(settings: &Settings, rule: &LifetimeRule, live: i64) -> Option<String> {
    let off = creation_off(&Settings { user_keys: true, ..settings.clone() }, Kind::User);
    off.map(str::to_owned).or_else(|| too_many("This person has", rule, live))
}

fn too_many(who_has: &str, rule: &LifetimeRule, live: i64) -> Option<String> {
    let limit = i64::from(rule.keys_per_owner);
    if limit == 0 || live < limit {
        return None;
    }
    let keys = text::counted(live, "live key", "live keys");
    let revoke = if live == limit { "one" } else { "some" };
    Some(format!("{who_has} {keys}, and the limit is {limit}. Revoke {revoke} to generate another."))
}

/// The switch, the owner, the limits and the lifetime rule. Gives the end that the key will have.
pub(in crate::actions) fn may_generate(
    tx: &mut ReadTx,
    owner: &Account,
    by_owner: bool,
    wish: Expiry,
    now: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    if !owner.active {
        return Err(Error::Forbidden(deactivated(owner.kind, by_owner).into()));
    }
    let rule = lifetime_rules::for_owner(tx, owner.id)?;
    let live = counted(tx, owner.id, now)?;
    if let Some(refusal) = why_not(tx, owner, by_owner, &rule, live, now)? {
        return Err(Error::Conflict(refusal));
    }
    Ok(rule.expires_at(wish, now)?)
}

/// Why an owner who is not active gets no keys.
pub(in crate::actions) fn deactivated(owner: Kind, by_owner: bool) -> &'static str {
    match owner {
        Kind::User if by_owner => "Your account is deactivated. Ask an administrator.",
        Kind::User => "This user is deactivated. Activate them first.",
        Kind::Service => "This service account is deactivated. Activate it first.",
    }
}

/// Why an owner who has `live` keys cannot get another.
pub(in crate::actions) fn why_not(
    tx: &mut ReadTx,
    owner: &Account,
    by_owner: bool,
    rule: &LifetimeRule,
    live: i64,
    now: Timestamp,
) -> Result<Option<String>, Error> {
    let settings = settings::load(tx)?;
    if owner.kind == Kind::User {
        let refusal = if by_owner { refusal } else { refusal_for_other };
        return Ok(refusal(&settings, rule, live));
    }
    if let Some(off) = creation_off(&settings, owner.kind) {
        return Ok(Some(off.into()));
    }
    let (each, all) = (i64::from(rule.keys_per_owner), i64::from(settings.max_service_keys));
    if each > 0 && live >= each {
        let text = format!(
            "This service account already has {each} live keys, the most allowed. Revoke one to generate another."
        );
        return Ok(Some(text));
    }
    if all > 0 && keys::count_live_of_services(tx, now)? >= all {
        let text = format!(
            "All service accounts together have {all} live keys, the most allowed. Revoke one, or raise the limit under Site settings."
        );
        return Ok(Some(text));
    }
    Ok(None)
}
