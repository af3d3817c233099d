//! Bulk work: the jobs, and the keys that each has frozen.

pub mod carry_over;
pub mod drafts;
pub mod job_keys;
pub mod jobs;
pub mod leases;
mod old_rows;
