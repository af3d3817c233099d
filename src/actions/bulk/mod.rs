//! Bulk work: frozen in batches, confirmed, done in batches, undone.

pub(in crate::actions) mod batch;
pub(in crate::actions) mod ends;
pub(in crate::actions) mod freeze;
pub mod jobs;
pub mod run;
pub mod transfer;
pub(in crate::actions) mod transfer_batch;
