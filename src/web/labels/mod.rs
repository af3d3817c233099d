//! What domain things are called on pages: events, refusals, jobs, numbers, bars.

pub mod audit;
pub mod chart;
pub mod jobs;
pub mod numbers;
pub mod operations;
pub mod refusals;
