//! The atomics of [`super::eras`]: `models/eras` puts others in their slot.

pub use std::sync::atomic::{AtomicU64, Ordering};
