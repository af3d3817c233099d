//! The table `settings`: the site's settings, and what Claviger keeps for itself.

use diesel::prelude::*;

use crate::domain::change::Change;
use crate::domain::settings::Settings;
use crate::domain::time::clock::Timestamp;
use crate::store::schema::settings;
use crate::store::{Error, ReadTx, Write, WriteTx};

/// Values that are no site setting.
#[derive(Debug, Clone, Copy, strum::IntoStaticStr)]
pub enum Internal {
    /// SHA-256 of the set-up link's token, in hex. Gone once the site is set up.
    #[strum(serialize = "internal.setup_token_hash")]
    SetupToken,
    /// The key that signs session cookies, in hex.
    #[strum(serialize = "internal.cookie_key")]
    CookieKey,
    /// What time it was, in microseconds, when that was noted last: the clock never falls behind it.
    #[strum(serialize = "internal.clock_mark")]
    ClockMark,
    /// When it was noted which events are to be purged, and the moment before which they are, in microseconds.
    #[strum(serialize = "internal.audit_purge_plan")]
    AuditPurgePlan,
}

impl Internal {
    fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The site's settings.
pub fn load(tx: &mut ReadTx) -> Result<Settings, Error> {
    let rows: Vec<(String, String)> = settings::table
        .filter(settings::name.not_like("internal.%"))
        .select((settings::name, settings::value))
        .load(tx.db())?;
    let mut settings = Settings::default();
    for (name, value) in rows {
        settings.apply(&name, &value);
    }
    Ok(settings)
}

/// Replaces a site setting.
pub fn set(tx: &mut WriteTx, name: &str, value: &str, now: Timestamp) -> Result<(), Error> {
    tx.changed(Change::Everything);
    replace(tx, name, value, now)
}

fn replace(tx: &mut WriteTx, name: &str, value: &str, now: Timestamp) -> Result<(), Error> {
    diesel::delete(settings::table.find(name)).write(tx)?;
    diesel::insert_into(settings::table)
        .values((settings::name.eq(name), settings::value.eq(value), settings::changed_at.eq(now.0)))
        .write(tx)?;
    Ok(())
}

/// A value of Claviger's own.
pub fn internal(tx: &mut ReadTx, which: Internal) -> Result<Option<String>, Error> {
    Ok(settings::table.find(which.as_str()).select(settings::value).first(tx.db()).optional()?)
}

/// Replaces a value of Claviger's own.
pub fn set_internal(tx: &mut WriteTx, which: Internal, value: &str, now: Timestamp) -> Result<(), Error> {
    replace(tx, which.as_str(), value, now)
}

/// Removes a value of Claviger's own, if it is there.
pub fn delete_internal(tx: &mut WriteTx, which: Internal) -> Result<(), Error> {
    diesel::delete(settings::table.find(which.as_str())).write(tx)?;
    Ok(())
}

/// Removes a value if it is still `value`; says whether it was. Of several at once, one succeeds.
pub fn take_internal(tx: &mut WriteTx, which: Internal, value: &str) -> Result<bool, Error> {
    let same = settings::table.find(which.as_str()).filter(settings::value.eq(value));
    Ok(diesel::delete(same).write(tx)? == 1)
}
