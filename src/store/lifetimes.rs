//! The table `lifetime_rules`: how long keys may live, for whom.

use diesel::prelude::*;

use super::Error;
use super::connection::Db;
use super::schema::lifetime_rules;
use crate::domain::lifetime::LifetimeRule;

/// The rule for everybody.
pub fn for_everyone(db: &mut Db) -> Result<LifetimeRule, Error> {
    let (default_days, longest_days, allow_never, keys_per_owner) = lifetime_rules::table
        .filter(lifetime_rules::applies_to.eq("everyone"))
        .order(lifetime_rules::id.asc())
        .select((
            lifetime_rules::default_days,
            lifetime_rules::longest_days,
            lifetime_rules::allow_never,
            lifetime_rules::keys_per_owner,
        ))
        .first(db)?;
    Ok(LifetimeRule { default_days, longest_days, allow_never, keys_per_owner })
}
