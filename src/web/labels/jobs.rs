//! A job as pages name it, and where its page is.

use crate::domain::bulk::{BulkOperation, Job, JobState};
use crate::web::labels::numbers::{keys, number};
use crate::web::labels::operations::OperationLabels;

/// Can what it did be given back, as far as the job itself says?
pub fn is_undoable(job: &Job) -> bool {
    let did_something = job.done > 0 || job.operation.deleted_policy().is_some();
    job.is_over() && job.operation.name() != BulkOperation::Undo && job.undone_by.is_none() && did_something
}

/// What a job is or was about, as a heading.
pub fn heading(job: &Job) -> String {
    match job.state {
        _ if !job.is_frozen => format!("{} API keys", job.operation.name().running()),
        JobState::Draft | JobState::Queued | JobState::Running => {
            format!("{} {}", job.operation.name().running(), keys(job.total))
        }
        JobState::Done if job.total == 0 && job.operation.deleted_policy().is_some() => {
            "A policy without keys deleted".into()
        }
        JobState::Done => format!("{} {}", keys(job.done), job.operation.name().done()),
        JobState::Stopped => {
            format!("Stopped: {} of {} {}", number(job.done), keys(job.total), job.operation.name().done())
        }
    }
}
