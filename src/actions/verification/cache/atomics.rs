//! The atomics of [`super::eras`]: `models/eras` puts others in their place.

pub use std::sync::atomic::{AtomicU64, Ordering};
