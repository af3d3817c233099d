//! Bulk work while it goes on, and what came of it.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::actions::bulk::jobs::JobDetails;
use crate::actions::{App, Error};
use crate::domain::bulk::{BulkOperation, Job, JobState, SkipReason, Source};
use crate::domain::key_filter::KeyFilter;
use crate::domain::time::clock::Timestamp;
use crate::web::access::{Admin, BY_ITSELF, Reauthenticated};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing};
use crate::web::html;
use crate::web::key_query::PATH;
use crate::web::labels::jobs::{heading, is_undoable};
use crate::web::labels::numbers::keys;
use crate::web::labels::numbers::number;
use crate::web::labels::operations::OperationLabels;
use crate::web::layout::{Layout, Nav};
use crate::web::paths;

/// One job.
#[derive(Template)]
#[template(path = "pages/admin/job.html")]
struct JobPage {
    layout: Layout,
    details: JobDetails,
    now: Timestamp,
}

/// Those of late.
#[derive(Template)]
#[template(path = "pages/admin/jobs.html")]
struct JobsPage {
    layout: Layout,
    jobs: Vec<Job>,
}

impl JobPage {
    fn job(&self) -> &Job {
        &self.details.job
    }

    /// "Deleting 214 API keys", "212 API keys deleted", "Stopped: 128 of 214 API keys deleted".
    fn title(&self) -> String {
        heading(self.job())
    }

    /// "128 of 214 deleted".
    fn progress(&self) -> String {
        let job = self.job();
        if !job.is_frozen {
            return "Finding out which keys it is about.".into();
        }
        format!("{} of {} {}", number(job.done), number(job.total), job.operation.name().done())
    }

    fn decided(&self) -> i64 {
        self.job().done + self.job().skipped
    }

    /// "2 keys were left in place because they changed while the work was running."
    fn skipped(&self) -> Vec<String> {
        let sentence = |(why, count): &(SkipReason, i64)| {
            let one = *count == 1;
            let keys = if one { "1 key was".to_owned() } else { format!("{} keys were", number(*count)) };
            let (as_before, full) =
                if one { ("left as it was", "its owner has") } else { ("left as they were", "their owners have") };
            match why {
                SkipReason::Changed => {
                    format!("{keys} left in place because somebody changed them after this list was made.")
                }
                SkipReason::Gone => format!("{keys} left because they had been purged."),
                SkipReason::NoRoom => {
                    format!("{keys} left because the new owner has as many keys as are allowed, or is not active.")
                }
                SkipReason::OwnerFull => format!("{keys} {as_before} because {full} as many keys as are allowed."),
                SkipReason::RulesForbid => format!("{keys} {as_before} because the lifetime rules allow no later end."),
                SkipReason::PolicyGone => format!("{keys} left because the policy that they were to get was deleted."),
                SkipReason::EndsEarlier => format!("{keys} left in place because they end earlier anyway."),
            }
        };
        self.details.skipped.iter().map(sentence).collect()
    }

    /// "3 of these keys end earlier than they did: …"
    fn shortened(&self) -> Option<String> {
        let keys = match self.job().shortened {
            0 => return None,
            1 => "1 of these keys ends".to_owned(),
            more => format!("{} of these keys end", number(more)),
        };
        Some(format!("{keys} earlier than before, because the lifetime rules of today allow no later end."))
    }

    fn its_keys(&self) -> String {
        match self.job().total {
            1 => "the key of this job".into(),
            many => format!("the {} keys of this job", number(many)),
        }
    }

    fn skipped_path(&self) -> String {
        format!("{PATH}?left_by_job~eq={}", self.job().id)
    }

    fn keys_path(&self) -> String {
        format!("{PATH}?job~eq={}", self.job().id)
    }

    /// The filter in words; empty when there was none.
    fn filter(&self) -> String {
        let filter = self.job().source.filter().and_then(KeyFilter::from_query);
        filter.map(|filter| filter.words()).unwrap_or_default()
    }

    /// How the keys were chosen.
    fn chosen_by(&self) -> String {
        match &self.job().source {
            Source::Ticked => "Individually selected".into(),
            Source::Filter(_) if self.filter().is_empty() => "All keys".into(),
            Source::Filter(_) => self.filter(),
            Source::Rules => "The lifetime rules".into(),
            Source::Owner(_) => "All live keys of one owner".into(),
            Source::LiveOfPolicy(_) => "All live keys with the policy".into(),
            Source::Policy(_) => "All keys with one policy".into(),
            Source::Job(_) => "Keys changed by the job that it undoes".into(),
            Source::Unrecorded => "Not recorded".into(),
        }
    }

    fn can_be_undone(&self) -> bool {
        is_undoable(self.job()) && self.now < self.details.restorable_until
    }

    /// Where a browser without scripts asks for what is new.
    fn again(&self) -> String {
        format!("{}?{BY_ITSELF}", paths::job(self.job().id))
    }

    fn remaining(&self) -> String {
        keys(self.job().remaining())
    }
}

/// `GET /admin/jobs`
pub async fn list(app: web::Data<App>, Admin(user): Admin) -> Result<HttpResponse, PageError> {
    let jobs = app.list_jobs(user.actor.administrator()?).await?;
    Ok(html::page(&JobsPage { layout: Layout::new(&user, Nav::Jobs), jobs }))
}

/// `GET /admin/jobs/{id}`
pub async fn page(app: web::Data<App>, Admin(user): Admin, id: web::Path<String>) -> Result<HttpResponse, PageError> {
    let details = app.find_job(user.actor.administrator()?, paths::job_id(&id)?).await?;
    if details.job.state == JobState::Draft && details.job.operation.name() == BulkOperation::Shorten {
        return Ok(html::see_other(&format!("/admin/lifetime-rules/impact/{}", details.job.id)));
    }
    if details.job.state == JobState::Draft {
        return Ok(html::see_other(&format!("{PATH}/bulk/{}", details.job.id)));
    }
    let now = app.now();
    Ok(html::page(&JobPage { layout: Layout::new(&user, Nav::Jobs), details, now }))
}

/// `POST /admin/jobs/{id}/stop`
pub async fn stop(
    app: web::Data<App>,
    id: web::Path<String>,
    Form(Admin(user), _): Form<Admin, Nothing>,
) -> Result<HttpResponse, PageError> {
    let id = paths::job_id(&id)?;
    match app.stop_job(user.actor.administrator()?, id).await {
        Ok(()) | Err(Error::Conflict(_)) => Ok(html::see_other(&format!("/admin/jobs/{id}"))),
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/jobs/{id}/undo`
pub async fn undo(
    app: web::Data<App>,
    id: web::Path<String>,
    Form(Reauthenticated(user), _): Form<Reauthenticated, Nothing>,
) -> Result<HttpResponse, PageError> {
    let id = paths::job_id(&id)?;
    match app.undo_job(user.actor.reauthenticated()?, id).await {
        Ok(undo) => Ok(html::see_other(&format!("/admin/jobs/{undo}"))),
        Err(Error::Conflict(text)) => {
            Flash::failed(text).leave(&user.session);
            Ok(html::see_other(&format!("/admin/jobs/{id}")))
        }
        Err(error) => Err(error.into()),
    }
}
