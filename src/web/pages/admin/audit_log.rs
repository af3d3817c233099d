//! The audit log: filters in the URL, latest first, export. Nothing can be changed here.

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::App;
use crate::actions::audit::read::EventPage;
use crate::domain::audit::Action;
use crate::domain::audit::EventFilter;
use crate::domain::audit::ListedEvent;
use crate::domain::field_error::FieldError;
use crate::domain::paging::From;
use crate::domain::rights::resource::ResourceName;
use crate::domain::text;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span::DAY;
use crate::web::access::Admin;
use crate::web::errors::PageError;
use crate::web::export_row::neutral;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::labels::audit;
use crate::web::labels::numbers::number;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::admin::export::{ExportError, writer};
use crate::web::paths;

const PATH: &str = "/admin/audit-log";

#[derive(Template)]
#[template(path = "pages/admin/audit_log.html")]
struct AuditPage {
    layout: Layout,
    page: Option<EventPage>,
    asked: Asked,
    field_errors: FieldErrors,
}

/// What the address asks for. Blank is everything.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    #[serde(default)]
    actor: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    via: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    older: Option<i64>,
    newer: Option<i64>,
}

impl Asked {
    fn filter(&self) -> Result<EventFilter, FieldError> {
        let text = |field: &'static str, entered: &str| -> Result<Option<String>, FieldError> {
            let line = text::line(text::Limits { field, label: "Text", longest: 200 }, entered)?;
            Ok((!line.is_empty()).then_some(line))
        };
        let day = |field: &'static str, text: &str| match text.trim() {
            "" => Ok(None),
            text => Timestamp::parse_day(text)
                .map(Some)
                .ok_or_else(|| FieldError::new(field, "Enter a date as year-month-day, such as 2026-11-20")),
        };
        Ok(EventFilter {
            actor: text("actor", &self.actor)?.map(|actor| actor.to_lowercase()),
            target: text("target", &self.target)?,
            action: text("action", &self.action)?,
            address: text("address", &self.address)?,
            outcome: text("outcome", &self.outcome)?,
            via: text("via", &self.via)?,
            from: day("from", &self.from)?,
            before: day("to", &self.to)?.map(|day| day.plus(DAY)),
        })
    }

    fn place(&self) -> From<i64> {
        match (self.older, self.newer) {
            (Some(number), _) => From::After(number),
            (None, Some(number)) => From::Before(number),
            (None, None) => From::Start,
        }
    }

    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("actor", self.actor.as_str()),
            ("target", &self.target),
            ("action", &self.action),
            ("address", &self.address),
            ("outcome", &self.outcome),
            ("via", &self.via),
            ("from", &self.from),
            ("to", &self.to),
        ];
        all.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect()
    }

    fn query(&self, place: Option<(&str, i64)>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs());
        if let Some((name, number)) = place {
            query.append_pair(name, &number.to_string());
        }
        query.finish()
    }
}

impl AuditPage {
    fn newer(&self) -> Option<String> {
        let first = self.page.as_ref()?.events.previous()?;
        Some(format!("{PATH}?{}", self.asked.query(Some(("newer", first.sequence)))))
    }

    fn older(&self) -> Option<String> {
        let last = self.page.as_ref()?.events.next()?;
        Some(format!("{PATH}?{}", self.asked.query(Some(("older", last.sequence)))))
    }

    fn matching(&self) -> String {
        match self.page.as_ref().map_or(0, |page| page.matching) {
            many if many > 10_000 => "10,000+ events".into(),
            1 => "1 event".into(),
            some => format!("{} events", number(some)),
        }
    }

    fn export(&self) -> String {
        format!("{PATH}/export.csv?{}", self.asked.query(None))
    }

    fn is_filtered(&self) -> bool {
        !self.asked.pairs().is_empty()
    }

    fn actions() -> Vec<&'static str> {
        let mut words: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        words.sort_unstable();
        words
    }

    /// What actions are about: the noun before their dot, and what people read.
    const NOUNS: [(&'static str, &'static str); 14] = [
        ("key", "keys"),
        ("job", "bulk changes"),
        ("user", "users"),
        ("service_account", "service accounts"),
        ("session", "sessions"),
        ("policy", "policies"),
        ("permissions", "permissions"),
        ("resource", "resources"),
        ("rules", "lifetime rules"),
        ("setting", "settings"),
        ("attempt", "refused attempts"),
        ("audit", "the audit log"),
        ("view", "saved views"),
        ("site", "the site"),
    ];

    /// Where more is told about a target: a key, a user, a job.
    fn target_path(event: &ListedEvent) -> Option<String> {
        let noun = event.action.split('.').next().unwrap_or_default();
        match (noun, event.target.strip_prefix("job ")) {
            (_, Some(job)) => Some(format!("/admin/jobs/{job}")),
            ("key", _) if event.target.len() == 8 => Some(format!("/admin/api-keys/{}", event.target)),
            ("user", _) => Some(format!("/admin/users/{}", event.target)),
            ("service_account", _) => Some(format!("/admin/service-accounts/{}", event.target)),
            ("policy", _) => Some(paths::policy(&event.target)),
            ("resource", _) => ResourceName::parse(&event.target).ok().map(|name| paths::resource(&name)),
            ("setting", _) => Some("/admin/settings".into()),
            ("rules", _) => Some("/admin/lifetime-rules".into()),
            _ => None,
        }
    }
}

/// `GET /admin/audit-log`
pub async fn page(
    app: web::Data<App>,
    Admin(user): Admin,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let asked = asked.into_inner();
    let layout = Layout::new(&user, Nav::AuditLog);
    match asked.filter() {
        Ok(filter) => {
            let page = Some(app.read_audit(user.actor.administrator()?, &filter, asked.place()).await?);
            Ok(html::page(&AuditPage { layout, page, asked, field_errors: FieldErrors::default() }))
        }
        Err(field_error) => {
            Ok(html::invalid(&AuditPage { layout, page: None, asked, field_errors: FieldErrors(vec![field_error]) }))
        }
    }
}

/// `POST /admin/audit-log`: the fields post, so that a key pasted into one of them never stands in an address; the answer
/// leads to the list.
pub async fn search(Form(_, form): Form<Admin, Asked>) -> HttpResponse {
    html::see_other(&html::searched(PATH, &form.pairs()))
}

/// `GET /admin/audit-log/export.csv`
pub async fn export(
    request: HttpRequest,
    app: web::Data<App>,
    Admin(user): Admin,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let filter = asked.filter().map_err(crate::actions::Error::from)?;
    let export = app.begin_audit_export(user.actor.administrator()?, filter, request.query_string()).await?;
    let body = futures_util::stream::unfold(Some((app, export, true)), async |going| {
        let (app, mut export, head) = going?;
        match app.next_of_audit(&mut export).await {
            Ok(events) if events.is_empty() && !head => None,
            Ok(events) => Some((records(&events, head).map(Bytes::from), Some((app, export, false)))),
            Err(error) => Some((Err(ExportError::new(&error.to_string())), None)),
        }
    });
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"audit-log.csv\""))
        .streaming(Box::pin(body)))
}

fn records(events: &[ListedEvent], head: bool) -> Result<Vec<u8>, ExportError> {
    let mut writer = writer(b',');
    let failed = |error: csv::Error| ExportError::new(&error.to_string());
    if head {
        let names = ["sequence", "at", "actor", "via", "action", "target", "outcome", "address", "request", "details"];
        writer.write_record(names).map_err(failed)?;
    }
    for event in events {
        let cells = [
            event.sequence.to_string(),
            event.at.rfc3339(),
            neutral(&event.actor_name),
            event.via.clone(),
            event.action.clone(),
            neutral(&event.target),
            event.outcome.clone(),
            event.address.clone().unwrap_or_default(),
            event.request.clone().unwrap_or_default(),
            neutral(&event.details),
        ];
        writer.write_record(cells).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| ExportError::new(&error.to_string()))
}
