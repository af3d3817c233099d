//! How often somebody may try something. Delays, never a lock: nobody can shut another person out for good.
//!
//! Kept in memory, per node (docs/security.md says so). Each address has its own tries for an account, so one stranger does
//! not slow down anybody else; and from where its owner signed in last, the bound on all strangers together does not count.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::actions::Error;
use crate::domain::accounts::account::Username;
use crate::domain::ids::AccountId;
use crate::domain::network::network_of;
use crate::domain::time::clock::Clock;

/// So many at once, then one in this time.
type Limit = (u32, Duration);

/// Tries from one address.
const PER_ADDRESS: Limit = (60, Duration::from_secs(2));
/// Tries from one IPv6 /48: a host that rents one has 65,536 networks that count as addresses.
const PER_SITE: Limit = (120, Duration::from_secs(1));
/// Tries for one account from one address.
const PER_ACCOUNT_AND_ADDRESS: Limit = (10, Duration::from_secs(90));
/// Tries for one account from all addresses that it does not know.
const PER_ACCOUNT: Limit = (100, Duration::from_secs(30));
/// Keys that are made or given a new secret by one account.
const CREATIONS: Limit = (200, Duration::from_secs(10));
/// Unknown keys that one address presents.
const UNKNOWN_KEYS: Limit = (100, Duration::from_secs(1));

/// The buckets of one limit, by a hash of whom they belong to, so that a flood from very many addresses keeps no text of theirs.
type Buckets = RateLimiter<u64, DefaultKeyedStateStore<u64>, Time, NoOpMiddleware<Nanos>>;

/// The app's clock as the buckets read it.
#[derive(Clone)]
struct Time(Clock);

impl governor::clock::Clock for Time {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let micros = u64::try_from(self.0.now().0).unwrap_or(0);
        Nanos::new(micros.saturating_mul(1_000))
    }
}

/// How often who may try what.
pub struct Throttle {
    /// Drawn at random: nobody can aim at another's bucket.
    seed: RandomState,
    time: Time,
    addresses: Buckets,
    sites: Buckets,
    pairs: Buckets,
    accounts: Buckets,
    creations: Buckets,
    unknown_keys: Buckets,
}

impl Throttle {
    /// Full buckets for everybody.
    pub fn new(clock: &Clock) -> Self {
        let time = Time(clock.clone());
        let buckets = |limit| buckets(limit, &time);
        Self {
            seed: RandomState::new(),
            addresses: buckets(PER_ADDRESS),
            sites: buckets(PER_SITE),
            pairs: buckets(PER_ACCOUNT_AND_ADDRESS),
            accounts: buckets(PER_ACCOUNT),
            creations: buckets(CREATIONS),
            unknown_keys: buckets(UNKNOWN_KEYS),
            time,
        }
    }

    /// Counts a try to sign in from this address.
    pub fn try_address(&self, address: Option<IpAddr>) -> Result<(), Error> {
        if let Some(IpAddr::V6(v6)) = address.map(|address| address.to_canonical()) {
            let [a, b, c, ..] = v6.segments();
            self.take(&self.sites, Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))?;
        }
        self.take(&self.addresses, address.map(network_of))
    }

    /// Counts a try for this account. `known_address` is where its latest successful sign-in came from.
    pub fn try_account(
        &self,
        username: &Username,
        address: Option<IpAddr>,
        known_address: Option<&str>,
    ) -> Result<(), Error> {
        self.take(&self.pairs, (username.as_str(), address.map(network_of)))?;
        let is_known = address.is_some_and(|address| known_address == Some(address.to_string().as_str()));
        if is_known { Ok(()) } else { self.take(&self.accounts, username.as_str()) }
    }

    /// Counts a key that an account makes, or gives a new secret.
    pub fn try_creation(&self, account: Option<AccountId>) -> Result<(), Error> {
        account.map_or(Ok(()), |account| self.take(&self.creations, account))
    }

    /// Counts an unknown key that came from this address.
    pub fn try_unknown_key(&self, address: Option<IpAddr>) -> Result<(), Error> {
        self.take(&self.unknown_keys, address.map(network_of))
    }

    /// Forgets buckets that are full again.
    pub fn tidy(&self) {
        for buckets in [&self.addresses, &self.sites, &self.pairs, &self.accounts, &self.creations, &self.unknown_keys]
        {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }

    fn take(&self, buckets: &Buckets, whose: impl Hash) -> Result<(), Error> {
        buckets.check_key(&self.seed.hash_one(whose)).map_err(|refused| {
            let seconds = refused.wait_time_from(self.time.now()).as_secs() + 1;
            let minutes = seconds.div_ceil(60);
            let unit = if minutes == 1 { "minute" } else { "minutes" };
            let text = format!("Too many attempts. Try again in {minutes} {unit}.");
            Error::TooMany { text, retry_after: seconds }
        })
    }
}

fn buckets((burst, period): Limit, time: &Time) -> Buckets {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(period).unwrap_or_else(|| Quota::per_minute(burst));
    RateLimiter::new(quota.allow_burst(burst), DefaultKeyedStateStore::default(), time.clone())
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::domain::time::clock::Timestamp;

    fn tries(throttle: &Throttle, addresses: impl Iterator<Item = String>) -> usize {
        let allowed = |address: &String| throttle.try_address(Some(address.parse().unwrap())).is_ok();
        addresses.filter(allowed).count()
    }

    #[test]
    fn an_ipv6_network_is_one_address_and_a_site_of_many_has_a_bound_of_its_own() {
        let throttle = Throttle::new(&Clock::frozen(Timestamp(1)));
        assert_eq!(tries(&throttle, (0..100).map(|host| format!("2001:db8:1:1::{host:x}"))), 60, "one /64");
        assert_eq!(tries(&throttle, (0..1_000).map(|net| format!("2001:db8:2:{net:x}::1"))), 120, "one /48");
        assert_eq!(tries(&throttle, (3..100).map(|site| format!("2001:db8:{site:x}:9::1"))), 97, "other sites go on");
        assert_eq!(tries(&throttle, (0..100).map(|_| "::ffff:10.0.0.1".to_owned())), 60, "IPv4 in disguise");
        assert_eq!(tries(&throttle, std::iter::once("10.0.0.1".to_owned())), 0, "is the same address");
    }

    #[test]
    fn strangers_slow_an_account_down_but_not_where_its_owner_signed_in() {
        let clock = Clock::frozen(Timestamp(1));
        let throttle = Throttle::new(&clock);
        let name = Username::parse("ada").unwrap();
        let from = |n: u32| Some(IpAddr::from(std::net::Ipv4Addr::from(n)));
        let allowed = |n: &u32| throttle.try_account(&name, from(*n), Some("0.0.0.9")).is_ok();
        assert_eq!((100..300).filter(allowed).count(), 100, "all strangers together");
        assert!(allowed(&9), "where she signed in last");
        clock.advance(SignedDuration::from_secs(31));
        assert!(allowed(&400) && !allowed(&401), "then one in 30 seconds");
    }

    #[test]
    fn keys_are_made_and_guessed_at_a_bounded_rate() {
        let clock = Clock::frozen(Timestamp(1));
        let throttle = Throttle::new(&clock);
        assert_eq!((0..500).filter(|_| throttle.try_creation(Some(AccountId(1))).is_ok()).count(), 200);
        assert!(throttle.try_creation(Some(AccountId(2))).is_ok(), "somebody else");
        let stranger = Some(IpAddr::from([10, 0, 0, 1]));
        assert_eq!((0..500).filter(|_| throttle.try_unknown_key(stranger).is_ok()).count(), 100);
        clock.advance(SignedDuration::from_secs(10));
        assert_eq!((0..500).filter(|_| throttle.try_unknown_key(stranger).is_ok()).count(), 10);
        assert_eq!((0..500).filter(|_| throttle.try_creation(Some(AccountId(1))).is_ok()).count(), 1);
    }
}
