//! What keys can be bound to, for administrators: the list, and the form that registers one more.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::rights::resources::ResourcePage;
use crate::actions::{App, Error};
use crate::domain::field_error::validate;
use crate::domain::ids::ResourceId;
use crate::domain::paging::From;
use crate::domain::rights::resource::{ResourceKind, ResourceName, parse_external_id, parse_title};
use crate::domain::text;
use crate::web::access::{Admin, Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::labels::numbers::words;
use crate::web::layout::{Layout, Nav};
use crate::web::list;
use crate::web::paths;

#[derive(Template)]
#[template(path = "pages/admin/resources.html")]
struct ResourcesPage {
    layout: Layout,
    page: ResourcePage,
    asked: Asked,
}

#[derive(Template)]
#[template(path = "pages/admin/resource_new.html")]
struct NewPage {
    layout: Layout,
    entered: Entered,
    field_errors: FieldErrors,
    kinds: Vec<String>,
}

/// What the list is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    after: Option<ResourceId>,
    before: Option<ResourceId>,
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    kind: String,
    external_id: String,
    title: String,
}

impl ResourcesPage {
    fn previous(&self) -> Option<String> {
        let searched = [("q", self.asked.q.as_str())];
        list::previous(paths::RESOURCES, &searched, &self.page.resources, |(resource, _)| resource.id)
    }

    fn next(&self) -> Option<String> {
        let searched = [("q", self.asked.q.as_str())];
        list::next(paths::RESOURCES, &searched, &self.page.resources, |(resource, _)| resource.id)
    }
}

/// `GET /admin/resources`
pub async fn list(
    app: web::Data<App>,
    Admin(user): Admin,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let asked = asked.into_inner();
    let search = text::folded(text::excerpt(asked.q.trim(), 100).as_str());
    let from = match (asked.after, asked.before) {
        (Some(id), _) => From::After(id),
        (None, Some(id)) => From::Before(id),
        (None, None) => From::Start,
    };
    let page = app.browse_resources(user.actor.administrator()?, search, from).await?;
    Ok(html::page(&ResourcesPage { layout: Layout::new(&user, Nav::Resources), page, asked }))
}

/// `POST /admin/resources`: the search, which leads to the list.
pub async fn search(Form(_, form): Form<Admin, html::Search>) -> HttpResponse {
    html::see_other(&html::searched(paths::RESOURCES, &[("q", &form.q)]))
}

/// `GET /admin/resources/new`
pub async fn new_page(app: web::Data<App>, Reauthenticated(user): Reauthenticated) -> Result<HttpResponse, PageError> {
    let layout = Layout::new(&user, Nav::Resources);
    let kinds = kinds(&app, &user).await?;
    Ok(html::page(&NewPage { layout, entered: Entered::default(), field_errors: FieldErrors::default(), kinds }))
}

async fn kinds(app: &App, user: &SignedIn) -> Result<Vec<String>, PageError> {
    let page = app.browse_resources(user.actor.administrator()?, String::new(), From::Start).await?;
    Ok(page.kinds.iter().map(|(kind, _)| kind.as_str().to_owned()).collect())
}

/// `POST /admin/resources/new`
pub async fn register(
    app: web::Data<App>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Entered>,
) -> Result<HttpResponse, PageError> {
    let entered = form;
    let registered = match read(&entered) {
        Ok((name, title)) => {
            app.register_resource(user.actor.reauthenticated()?, name.clone(), title).await.map(|()| name)
        }
        Err(error) => Err(error),
    };
    match registered {
        Ok(name) => {
            Flash::done(format!("{} is registered. Assign its administrators.", name.text())).leave(&user.session);
            Ok(html::see_other(&paths::resource(&name)))
        }
        Err(Error::Invalid(field_errors)) => {
            let (layout, kinds) = (Layout::new(&user, Nav::Resources), kinds(&app, &user).await?);
            Ok(html::invalid(&NewPage { layout, entered, field_errors: FieldErrors(field_errors), kinds }))
        }
        Err(error) => Err(error.into()),
    }
}

fn read(entered: &Entered) -> Result<(ResourceName, String), Error> {
    let mut field_errors = Vec::new();
    let kind = validate(&mut field_errors, ResourceKind::parse(entered.kind.trim()));
    let external_id = validate(&mut field_errors, parse_external_id(entered.external_id.trim()));
    let title = validate(&mut field_errors, parse_title(&entered.title));
    match (kind, external_id, title) {
        (Some(kind), Some(external_id), Some(title)) => Ok((ResourceName { kind, external_id }, title)),
        _ => Err(Error::Invalid(field_errors)),
    }
}
