//! Points in time, spans, the clock, and whether it can be believed.

pub mod clock;
pub mod span;
pub mod steadiness;
