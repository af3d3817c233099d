//! What crosses the wire as JSON: plain structures with serde, the same for whoever answers and whoever asks. They know the
//! domain alone.

pub mod accounts;
pub mod keys;
pub mod permissions;
mod problem;

pub use problem::{CONTENT_TYPE, Problem};
