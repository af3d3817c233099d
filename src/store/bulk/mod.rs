//! Bulk work: the jobs, and the keys that each has frozen.

pub mod job_keys;
pub mod jobs;
