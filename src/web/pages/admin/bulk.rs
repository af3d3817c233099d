//! From a selection to bulk work: what was chosen is frozen, and a page of its own asks to confirm it.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::bulk::draft::Confirmation;
use crate::actions::bulk::jobs::JobDetails;
use crate::actions::{App, Error};
use crate::domain::bulk::Selection;
use crate::domain::bulk::{BulkOperation, JobState};
use crate::domain::field_error::FieldError;
use crate::domain::ids::JobId;
use crate::domain::key_filter::KeyFilter;
use crate::domain::keys::secret::FirstEight;
use crate::web::access::{Admin, Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing};
use crate::web::html::{self, FieldErrors};
use crate::web::key_query::{KeyQuery, PATH};
use crate::web::labels::numbers::keys;
use crate::web::labels::numbers::{counted, number, owners};
use crate::web::labels::operations::OperationLabels;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::admin::export::ExportFormat;
use crate::web::paths;

/// "Delete 214 API keys?"
#[derive(Template)]
#[template(path = "pages/admin/bulk.html")]
struct BulkPage {
    layout: Layout,
    details: JobDetails,
    entered: Confirmation,
    field_errors: FieldErrors,
    back: String,
}

impl BulkPage {
    async fn load(app: &App, user: &SignedIn, id: JobId) -> Result<Self, PageError> {
        let details = app.find_job(user.actor.administrator()?, id).await?;
        let back = details.job.source.filter().map_or_else(|| PATH.to_owned(), list_path);
        let layout = Layout::new(user, Nav::AdminKeys);
        Ok(Self { layout, details, entered: Confirmation::default(), field_errors: FieldErrors::default(), back })
    }

    fn title(&self) -> String {
        let job = &self.details.job;
        let keys = keys(job.total);
        match job.operation.name() {
            BulkOperation::Expire => format!("Shorten the expiry of {keys}?"),
            operation => format!("{} {keys}?", operation.label()),
        }
    }

    /// "Delete 214 keys".
    fn button(&self) -> String {
        let job = &self.details.job;
        let keys = counted(job.total, "key", "keys");
        match job.operation.name() {
            BulkOperation::Expire => format!("Shorten expiry of {keys}"),
            operation => format!("{} {keys}", operation.label()),
        }
    }

    /// The filter in words; empty when keys were ticked.
    fn filter(&self) -> String {
        let filter = self.details.job.source.filter().and_then(KeyFilter::from_query);
        filter.map(|filter| filter.words()).unwrap_or_default()
    }

    fn is_filtered(&self) -> bool {
        self.details.job.source.filter().is_some()
    }

    /// "96 people and 14 service accounts".
    fn owners(&self) -> String {
        let job = &self.details.job;
        owners(job.people, job.services)
    }

    /// How many were used lately: bold, since tools are waiting for them.
    fn recent(&self) -> String {
        match self.details.job.recent {
            0 => "None was used in the last 7 days.".into(),
            1 => "1 was used in the last 7 days.".into(),
            many => format!("{} were used in the last 7 days.", number(many)),
        }
    }

    fn own(&self) -> String {
        match self.details.job.own {
            0 => String::new(),
            1 => "This includes 1 of your own keys.".into(),
            many => format!("This includes {} of your own keys.", number(many)),
        }
    }

    /// What it means for tools, and whether it can be undone.
    fn effect(&self) -> String {
        self.details.job.operation.name().effect(&self.details.restorable_until.day())
    }

    fn more(&self) -> i64 {
        self.details.job.total - i64::try_from(self.details.sample.len()).unwrap_or(0)
    }

    fn needs_expiry(&self) -> bool {
        self.details.job.operation.name() == BulkOperation::Expire
    }
}

/// The list that a stored filter shows.
pub fn list_path(filter: &str) -> String {
    KeyQuery::read(if filter.is_empty() { "view=all" } else { filter }).path()
}

/// What the form around the list sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelectionForm {
    /// The query of the list.
    #[serde(default)]
    state: String,
    /// `matching`: all that match, whatever is ticked.
    #[serde(default)]
    scope: String,
    /// What to do.
    #[serde(default, rename = "do")]
    act: String,
    /// The first eight of the ticked keys.
    #[serde(default)]
    key: Vec<String>,
}

/// `POST /admin/api-keys/bulk`: the ticked keys, or all matching.
pub async fn draft(
    app: web::Data<App>,
    Form(Admin(user), form): Form<Admin, SelectionForm>,
) -> Result<HttpResponse, PageError> {
    let query = KeyQuery::read(&form.state);
    let all = match form.scope.as_str() {
        "" => false,
        "matching" => true,
        _ => return Err(Error::from(FieldError::new("scope", "Select keys, or all that match")).into()),
    };
    if all && form.state.is_empty() {
        return Err(Error::from(FieldError::new("state", "The form does not say which list it is about")).into());
    }
    if !query.broken.is_empty() {
        Flash::failed("A filter cannot be read, so nothing was selected.").leave(&user.session);
        return Ok(html::see_other(&query.path()));
    }
    let ticked: Option<Vec<FirstEight>> = form.key.iter().map(|key| FirstEight::parse(key)).collect();
    let unread = || Error::from(FieldError::new("key", "A selected key is none. Reload the list, and select again"));
    let ticked = ticked.ok_or_else(unread)?;
    if ticked.is_empty() && !all {
        Flash::failed("Select at least one key first.").leave(&user.session);
        return Ok(html::see_other(&query.path()));
    }
    if form.act == "export" {
        let words: Vec<&str> = ticked.iter().map(FirstEight::as_str).collect();
        let chosen = if all { query.query_string() } else { format!("first_eight~in={}", words.join(";")) };
        return Ok(html::see_other(&ExportFormat::Csv.path(&chosen, false)));
    }
    let operation = form
        .act
        .parse::<BulkOperation>()
        .ok()
        .filter(|operation| BulkOperation::CHOICES.contains(operation))
        .ok_or(Error::NotFound)?;
    let chosen = if all { Selection::Matching(query.filter.clone()) } else { Selection::Ids(ticked) };
    begin(&app, &user, operation, chosen, &query.path()).await
}

/// `POST /admin/api-keys/{first_eight}/{operation}`: one key, from its menu.
pub async fn draft_one(
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    Form(Admin(user), _): Form<Admin, Nothing>,
) -> Result<HttpResponse, PageError> {
    let (key, operation) = path.into_inner();
    let key = FirstEight::parse(&key).ok_or(Error::NotFound)?;
    let operation = operation
        .parse::<BulkOperation>()
        .ok()
        .filter(|operation| BulkOperation::CHOICES.contains(operation))
        .ok_or(Error::NotFound)?;
    let back = format!("{PATH}/{key}");
    begin(&app, &user, operation, Selection::Ids(vec![key]), &back).await
}

async fn begin(
    app: &App,
    user: &SignedIn,
    operation: BulkOperation,
    chosen: Selection,
    back: &str,
) -> Result<HttpResponse, PageError> {
    match app.draft_job(user.actor.administrator()?, operation, chosen).await {
        Ok(id) => Ok(html::see_other(&format!("{PATH}/bulk/{id}"))),
        Err(Error::Invalid(field_errors)) => {
            let text = field_errors.first().map_or_else(String::new, |field_error| format!("{}.", field_error.text));
            Flash::failed(text).leave(&user.session);
            Ok(html::see_other(back))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /admin/api-keys/bulk/{id}`
pub async fn page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let page = BulkPage::load(&app, &user, paths::job_id(&id)?).await?;
    if page.details.job.operation.name().drafted().is_none() {
        return Err(Error::NotFound.into());
    }
    if page.details.job.state != JobState::Draft {
        return Ok(html::see_other(&format!("/admin/jobs/{}", page.details.job.id)));
    }
    Ok(html::page(&page))
}

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    #[serde(default)]
    number: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    expires_on: String,
}

/// `POST /admin/api-keys/bulk/{id}`
pub async fn confirm(
    app: web::Data<App>,
    id: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Entered>,
) -> Result<HttpResponse, PageError> {
    let id = paths::job_id(&id)?;
    let Entered { number, reason, expires_on } = form;
    let entered = Confirmation { number, reason, expires_on };
    match app.confirm_job(user.actor.reauthenticated()?, id, &entered).await {
        Ok(()) => Ok(html::see_other(&format!("/admin/jobs/{id}"))),
        Err(Error::Invalid(field_errors)) => {
            let page = BulkPage::load(&app, &user, id).await?;
            Ok(html::invalid(&BulkPage { entered, field_errors: FieldErrors(field_errors), ..page }))
        }
        Err(error) => Err(error.into()),
    }
}
