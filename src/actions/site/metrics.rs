//! What monitors read: counts since the start, and how things stand now, in the `OpenMetrics` text format
//! (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};

use crate::actions::{App, Error};
use crate::domain::time::clock::Uptime;
use crate::store::usage::kept_counts;

/// How a verification ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Verified {
    /// Good, and enough.
    Good,
    /// Good, and not enough for what was asked.
    Insufficient,
    /// A key that is not good, or a text that is no key.
    Refused,
    /// One of very many unknown keys from one address.
    TooMany,
    /// It could not be known.
    Unavailable,
}

/// The upper ends of the histogram's buckets, in microseconds.
const BUCKETS: [u64; 12] = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000];

/// How long things took. Nobody who notes a time waits for another.
#[derive(Debug, Default)]
struct Durations {
    /// The last one is of what took longer than all ends.
    counts: [AtomicU64; BUCKETS.len() + 1],
    micros: AtomicU64,
}

impl Durations {
    fn note(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.counts[BUCKETS.partition_point(|end| *end < micros)].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// A histogram as it stands at this moment.
#[derive(Debug)]
struct Histogram {
    seconds: f64,
    buckets: Vec<(f64, u64)>,
}

impl From<&Durations> for Histogram {
    #[expect(clippy::cast_precision_loss, reason = "seconds in a metric")]
    fn from(durations: &Durations) -> Self {
        let ends = BUCKETS.iter().map(|end| *end as f64 / 1e6).chain([f64::INFINITY]);
        let counts = durations.counts.iter().map(|count| count.load(Ordering::Relaxed));
        Self { seconds: durations.micros.load(Ordering::Relaxed) as f64 / 1e6, buckets: ends.zip(counts).collect() }
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder) -> Result<(), std::fmt::Error> {
        let count = self.buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.seconds, count, &self.buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

/// What is counted while the process runs.
#[derive(Debug, Default)]
pub struct Metrics {
    verified: [AtomicU64; <Verified as strum::VariantArray>::VARIANTS.len()],
    took: Durations,
    looked_up: AtomicU64,
}

impl Metrics {
    /// Counts a verification that began then.
    pub(in crate::actions) fn note(&self, verified: Verified, began: Instant) {
        self.verified[verified as usize].fetch_add(1, Ordering::Relaxed);
        self.took.note(began.elapsed());
    }

    /// Counts a verification that asked the database.
    pub(in crate::actions) fn note_look_up(&self) {
        self.looked_up.fetch_add(1, Ordering::Relaxed);
    }
}

/// Labels of one name.
type Labels = Vec<(&'static str, String)>;

impl App {
    /// All of it as a text. What only the database knows is left out while it does not answer.
    pub async fn metrics(&self) -> Result<String, Error> {
        let mut registry = Registry::with_prefix("claviger");
        self.of_verification(&mut registry);
        self.of_process(&mut registry);
        let kept = self.store.query(kept_counts::all).await;
        registry.register("database_up", "Does the database answer?", ConstGauge::new(i64::from(kept.is_ok())));
        let counts = Family::<Labels, Gauge>::default();
        for (name, (number, _)) in kept.unwrap_or_default() {
            counts.get_or_create(&vec![("name", name)]).set(number);
        }
        registry.register("counts", "Numbers that the sweep counted, such as keys by state", counts);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry)
            .map_err(|error| Error::Internal(format!("metrics cannot be written: {error}")))?;
        Ok(text)
    }

    fn of_verification(&self, registry: &mut Registry) {
        let metrics = &self.metrics;
        let outcomes = Family::<Labels, prometheus_client::metrics::counter::Counter>::default();
        for outcome in <Verified as strum::VariantArray>::VARIANTS {
            let count = metrics.verified[*outcome as usize].load(Ordering::Relaxed);
            let word: &'static str = outcome.into();
            outcomes.get_or_create(&vec![("outcome", word.to_owned())]).inc_by(count);
        }
        registry.register("verifications", "Verifications by how they ended", outcomes);
        let took = Histogram::from(&metrics.took);
        registry.register_with_unit("verification", "How long verifications took", Unit::Seconds, took);
        let looked_up = ConstCounter::new(metrics.looked_up.load(Ordering::Relaxed));
        registry.register("verification_cache_misses", "Verifications that asked the database", looked_up);
        let known = i64::try_from(self.known_keys()).unwrap_or(i64::MAX);
        registry.register("verification_cache_keys", "Keys that are remembered", ConstGauge::new(known));
        let left = self.cache.trusted_for(Uptime::now()).as_secs_f64();
        let about = "For how much longer memory is trusted without an answer of the change feed";
        registry.register_with_unit("change_feed_lease", about, Unit::Seconds, ConstGauge::new(left));
    }

    fn of_process(&self, registry: &mut Registry) {
        let number = |count: usize| ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
        registry.register("uses_pending", "Keys whose uses are not written yet", number(self.use_log.len()));
        registry.register("requests_in_flight", "Requests that are being answered", number(self.in_flight()));
        registry.register(
            "panics",
            "Background tasks and verifications that panicked",
            ConstCounter::new(self.panics()),
        );
        let ahead = ConstGauge::new(self.clock_ahead().as_secs_f64());
        let about = "By how much this server's clock is ahead of the one that counts";
        registry.register_with_unit("clock_ahead", about, Unit::Seconds, ahead);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_counted_in_the_first_bucket_that_it_fits() {
        let durations = Durations::default();
        for micros in [0, 50, 51, 500_000, 500_001, u64::MAX / 4] {
            durations.note(Duration::from_micros(micros));
        }
        let counts: Vec<u64> = Histogram::from(&durations).buckets.into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    }
}
