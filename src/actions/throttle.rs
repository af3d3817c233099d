//! How often somebody may try to sign in. Delays, never a lock: nobody can shut another person out for good.
//!
//! Kept in memory, per node (docs/security.md says so). Each address has its own tries for an account, so one stranger does
//! not slow down anybody else; and from where its owner signed in last, the bound on all strangers together does not count.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::Error;
use crate::domain::user::Username;

/// Tries from one address: 60 at once, then one every 2 seconds.
const PER_ADDRESS: (u32, Duration) = (60, Duration::from_secs(2));
/// Tries for one account from one address: 10 at once, then one every 90 seconds.
const PER_ACCOUNT_AND_ADDRESS: (u32, Duration) = (10, Duration::from_secs(90));
/// Tries for one account from all addresses that it does not know: 100 at once, then one every 30 seconds.
const PER_ACCOUNT: (u32, Duration) = (100, Duration::from_secs(30));

/// The buckets, by a hash of whom they belong to, so that a flood from very many addresses keeps no text of theirs. The
/// hash is seeded at random: nobody can aim at another's bucket.
pub struct Throttle {
    seed: RandomState,
    addresses: DefaultKeyedRateLimiter<u64>,
    pairs: DefaultKeyedRateLimiter<u64>,
    accounts: DefaultKeyedRateLimiter<u64>,
}

impl Throttle {
    /// Full buckets for everybody.
    pub fn new() -> Self {
        Self {
            seed: RandomState::new(),
            addresses: limiter(PER_ADDRESS),
            pairs: limiter(PER_ACCOUNT_AND_ADDRESS),
            accounts: limiter(PER_ACCOUNT),
        }
    }

    /// Counts a try from this address.
    pub fn try_address(&self, address: Option<IpAddr>) -> Result<(), Error> {
        take(&self.addresses, self.seed.hash_one(network(address)))
    }

    /// Counts a try for this account. `known_address` is where its latest successful sign-in came from.
    pub fn try_account(
        &self,
        username: &Username,
        address: Option<IpAddr>,
        known_address: Option<&str>,
    ) -> Result<(), Error> {
        take(&self.pairs, self.seed.hash_one((username.as_str(), network(address))))?;
        let is_known = address.is_some_and(|address| known_address == Some(address.to_string().as_str()));
        if is_known { Ok(()) } else { take(&self.accounts, self.seed.hash_one(username.as_str())) }
    }

    /// Forgets buckets that are full again.
    pub fn tidy(&self) {
        self.addresses.retain_recent();
        self.accounts.retain_recent();
        self.pairs.retain_recent();
        self.addresses.shrink_to_fit();
        self.pairs.shrink_to_fit();
        self.accounts.shrink_to_fit();
    }
}

fn limiter((burst, period): (u32, Duration)) -> DefaultKeyedRateLimiter<u64> {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(period).unwrap_or_else(|| Quota::per_minute(burst));
    RateLimiter::keyed(quota.allow_burst(burst))
}

fn take(buckets: &DefaultKeyedRateLimiter<u64>, key: u64) -> Result<(), Error> {
    buckets.check_key(&key).map_err(|refused| {
        let seconds = refused.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
        let minutes = seconds.div_ceil(60);
        let text =
            format!("Too many attempts. Try again in {minutes} {}.", if minutes == 1 { "minute" } else { "minutes" });
        Error::TooMany { text, retry_after: seconds }
    })
}

/// One bucket for an IPv4 address, one for an IPv6 /64: a household has one of each.
fn network(address: Option<IpAddr>) -> String {
    match address {
        Some(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Some(address) => address.to_canonical().to_string(),
        None => String::new(),
    }
}
