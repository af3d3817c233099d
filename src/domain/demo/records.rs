//! What a demo is made of.

use crate::domain::time::clock::Timestamp;

/// An account of the demo.
#[derive(Debug, Clone)]
pub struct DemoAccount {
    /// To sign in with.
    pub username: String,
    /// To read.
    pub display_name: String,
    /// A service account?
    pub is_service: bool,
    /// May it come in?
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the person came in last; `None` for service accounts, and for people who never did.
    pub last_sign_in_at: Option<Timestamp>,
    /// The policies that it holds: indexes into [`POLICIES`].
    pub policies: Vec<usize>,
}

/// What a key of the demo may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DemoGrant {
    /// What its owner may.
    Inherit,
    /// These permissions of its owner.
    Scopes(Vec<&'static str>),
    /// This policy of its owner: an index into [`POLICIES`].
    Policy(usize),
}

/// A key of the demo. It has no secret: nobody can use it.
#[derive(Debug, Clone)]
pub struct DemoKey {
    /// The public identifier.
    pub first_eight: String,
    /// What stands in the place of a secret's hash.
    pub secret_hash: [u8; 32],
    /// Whose: an index into the accounts.
    pub owner: usize,
    /// What it is called.
    pub name: String,
    /// Where it is used.
    pub note: String,
    /// What it may do.
    pub grant: DemoGrant,
    /// The resource that it is bound to: an index into [`RESOURCES`].
    pub resource: Option<usize>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was paused.
    pub disabled_at: Option<Timestamp>,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
    /// When, from where and with what it was used last.
    pub last_use: Option<(Timestamp, String, &'static str)>,
    /// How often it was used.
    pub use_count: i64,
}

impl DemoKey {
    /// How often it was used on each of the last days of its life, at most so many: days since 1970 with their uses. A weekend has
    /// fewer than a working day; a life that is longer than these days leaves the rest of [`use_count`](Self::use_count) before them.
    pub fn uses_by_day(&self, most: i64) -> Vec<(i64, i64)> {
        let Some((last, ..)) = self.last_use else { return Vec::new() };
        let (born, last) = (self.created_at.day_number(), last.day_number());
        let weight = |day: i64| if (day + 4) % 7 % 6 == 0 { 2 } else { 5 }; // 1970 began on a Thursday
        let whole: i64 = (born..=last).map(weight).sum();
        let mut days: Vec<(i64, i64)> =
            (born.max(last - most + 1)..=last).map(|day| (day, self.use_count * weight(day) / whole)).collect();
        let before = last - born >= most;
        let left = self.use_count - days.iter().map(|(_, uses)| uses).sum::<i64>();
        if let Some((_, uses)) = days.last_mut() {
            *uses += if before { i64::from(*uses == 0) } else { left };
        }
        days.retain(|(_, uses)| *uses > 0);
        days
    }
}
