//! For those who administer resources: the list, the keys that are bound to one, new ones, the master key, revoking.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::keys::get_or_create::{GotOrCreated, Wanted};
use crate::actions::keys::request::{FormId, Issued, KeyRequest};
use crate::actions::rights::grants::GrantOptions;
use crate::actions::rights::own_resources::OwnResources;
use crate::actions::{App, Error};
use crate::domain::ids::KeyId;
use crate::domain::keys::api_key::KeyNote;
use crate::domain::keys::lifetime::Expiry;
use crate::domain::keys::secret::FirstEight;
use crate::domain::paging::Count;
use crate::domain::rights::GrantRequest;
use crate::domain::rights::resource::Resource;
use crate::web::access::SignedIn;
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing, Once};
use crate::web::html;
use crate::web::issue::access_fields::Purpose;
use crate::web::issue::generate_dialog::{GenerateDialog, Offer};
use crate::web::issue::new_key::NewKey;
use crate::web::issue::reveal::Reveal;
use crate::web::issue::{self, IssuePage, Refused};
use crate::web::key_row::KeyRow;
use crate::web::labels::numbers::{number, words};
use crate::web::layout::{Layout, Nav};
use crate::web::paths;

#[derive(Template)]
#[template(path = "pages/own/resource_list.html")]
struct ListPage {
    layout: Layout,
    resources: Vec<(Resource, Count)>,
}

#[derive(Template)]
#[template(path = "pages/own/resources.html")]
struct OwnResourcesPage {
    layout: Layout,
    found: OwnResources,
    rows: Vec<KeyRow>,
    form_id: String,
    dialog: Dialog,
}

/// What is open over the page.
enum Dialog {
    None,
    Generate(Box<GenerateDialog>),
    Reveal(Box<Reveal>),
    ShownBefore(FirstEight),
    Revoke(Box<KeyRow>),
}

impl OwnResourcesPage {
    async fn load(app: &App, user: &SignedIn, layout: Layout, name: &str) -> Result<Self, PageError> {
        Self::load_from(app, user, layout, name, None).await
    }

    /// The page with the keys that are older than the one with this id.
    async fn load_from(
        app: &App,
        user: &SignedIn,
        layout: Layout,
        name: &str,
        older_than: Option<KeyId>,
    ) -> Result<Self, PageError> {
        let mut found =
            app.administered_resource(user.actor.administering(&paths::resource_name(name)?)?, older_than).await?;
        let now = app.now();
        let rows = std::mem::take(&mut found.keys).into_iter().map(|listed| KeyRow::new(listed, now)).collect();
        Ok(Self { layout, found, rows, form_id: app.new_form_id(), dialog: Dialog::None })
    }

    fn over(&self) -> String {
        paths::own_resource(&self.found.resource.name)
    }

    fn name(&self) -> String {
        self.found.resource.name.text()
    }

    /// What a gateway before a tool for this resource asks, such as for the first permission of its kind.
    fn question(&self) -> String {
        let asked = self.found.allowed.first().map(|first| format!("require_all={}&", first.name.as_str()));
        format!("/verify?{}resource={}", asked.unwrap_or_default(), self.name())
    }

    fn title(&self) -> String {
        let title = &self.found.resource.title;
        match &self.dialog {
            Dialog::None => title.clone(),
            Dialog::Generate(_) => format!("Generate API Key · {title}"),
            Dialog::Reveal(_) => format!("Your new API key · {title}"),
            Dialog::ShownBefore(_) => format!("Already shown · {title}"),
            Dialog::Revoke(row) => format!("Revoke key {} · {title}", row.view.key.first_eight),
        }
    }

    /// The path of the keys after these.
    fn older(&self) -> Option<String> {
        let last = self.rows.last().filter(|_| self.found.has_older)?;
        Some(format!("{}?older_than={}", self.over(), last.view.key.id))
    }

    fn is_own(&self, row: &KeyRow) -> bool {
        row.view.key.owner == self.layout.account.id
    }

    fn with_form(mut self, app: &App, entered: NewKey, refused: Refused) -> Self {
        let grants = GrantOptions {
            permissions: self.found.allowed.clone(),
            name_required: self.found.name_required,
            ..GrantOptions::default()
        };
        let purpose = Purpose::Resource(self.found.resource.title.clone());
        let offer = Offer { grants, purpose, rule: self.found.rule.clone(), over: self.over() };
        let refused = refused.or(|| self.found.refusal.clone());
        self.dialog = Dialog::Generate(Box::new(GenerateDialog::new(app, offer, entered, refused)));
        self
    }
}

impl IssuePage for OwnResourcesPage {
    fn done(&self) -> String {
        self.over()
    }

    fn reveal(&mut self, reveal: Reveal) {
        self.dialog = Dialog::Reveal(Box::new(reveal));
    }

    fn shown_before(&mut self, first_eight: FirstEight) {
        self.dialog = Dialog::ShownBefore(first_eight);
    }
}

/// From where the keys are listed.
#[derive(Debug, Deserialize)]
pub struct Asked {
    older_than: Option<KeyId>,
}

/// `GET /resources`
pub async fn list(app: web::Data<App>, user: SignedIn) -> Result<HttpResponse, PageError> {
    let resources = app.own_resources(user.actor.owner()?).await?;
    Ok(html::page(&ListPage { layout: Layout::new(&user, Nav::OwnResources), resources }))
}

/// `GET /resources/{resource}`
pub async fn page(
    app: web::Data<App>,
    user: SignedIn,
    name: web::Path<String>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let layout = Layout::new(&user, Nav::OwnResources);
    Ok(html::page(&OwnResourcesPage::load_from(&app, &user, layout, &name, asked.older_than).await?))
}

/// `GET /resources/{resource}/generate`
pub async fn generate_page(
    app: web::Data<App>,
    user: SignedIn,
    name: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let page = OwnResourcesPage::load(&app, &user, Layout::new(&user, Nav::OwnResources), &name).await?;
    let entered = NewKey { access: "scopes".into(), ..NewKey::default() };
    Ok(html::page(&page.with_form(&app, entered, Refused::default())))
}

/// `POST /resources/{resource}/generate`
pub async fn generate(
    app: web::Data<App>,
    name: web::Path<String>,
    Form(user, form): Form<SignedIn, NewKey>,
) -> Result<HttpResponse, PageError> {
    let page = OwnResourcesPage::load(&app, &user, Layout::for_secret(&user, Nav::OwnResources), &name).await?;
    let issued = match request(&page, &form) {
        Ok(wanted) => app.generate_key(user.actor.owner()?, wanted).await,
        Err(error) => Err(error),
    };
    match issued {
        Ok(issued) => Ok(issue::answer(page, &app, issued)),
        Err(error) => {
            let readable = listed(&page, &form).readable();
            let refused = Refused::by(app.with_all_field_errors(user.actor.owner()?, readable, error).await?)?;
            Ok(refused.answer(&page.with_form(&app, form, refused.clone())))
        }
    }
}

/// What the form asks for, as a list of scopes and bound to the resource.
fn listed(page: &OwnResourcesPage, entered: &NewKey) -> NewKey {
    // All of them, one by one: what the kind allows later is not in it.
    let all = || page.found.allowed.iter().map(|permission| permission.name.as_str().to_owned()).collect();
    let scope = if entered.access == "all" { all() } else { entered.scope.clone() };
    NewKey { access: "scopes".into(), scope, resource: page.name(), ..entered.clone() }
}

/// What the form asks for: a list out of what keys for this resource can be given, bound to it.
fn request(page: &OwnResourcesPage, entered: &NewKey) -> Result<KeyRequest, Error> {
    let allowed = || page.found.allowed.iter().map(|permission| permission.name.clone());
    let request = listed(page, entered).parse()?;
    if let GrantRequest::Scopes(wanted) = &request.wish
        && let Some(name) = wanted.iter().find(|name| !allowed().any(|one| one == **name))
    {
        let text = format!("Keys for {} cannot be given {}", page.name(), name.as_str());
        return Err(crate::domain::field_error::FieldError::new("scopes", text).into());
    }
    Ok(request)
}

/// `POST /resources/{resource}/master-key`: the own key that can do all that keys for the resource can, or a new one.
pub async fn master_key(
    app: web::Data<App>,
    name: web::Path<String>,
    Form(user, form): Form<SignedIn, Once>,
) -> Result<HttpResponse, PageError> {
    let form = FormId::parse(&form.form).map_err(Error::from)?;
    let page = OwnResourcesPage::load(&app, &user, Layout::for_secret(&user, Nav::OwnResources), &name).await?;
    let request = KeyRequest {
        name: None,
        note: KeyNote::parse("").map_err(Error::from)?,
        expiry: Expiry::Default,
        wish: GrantRequest::Inherit, // replaced by what the resource allows
        resource: Some(page.found.resource.name.clone()),
        form,
        asking: None,
    };
    match app.get_or_create_key(user.actor.administering(&page.found.resource.name)?, Wanted::All, request, None).await
    {
        Ok(GotOrCreated::Got(found)) => {
            let (first_eight, name) = (&found.0.first_eight, page.name());
            let text = format!("You have a master key for {name}: it is this one. Rotate it for a new secret.");
            Flash::done(text).leave(&user.session);
            Ok(html::see_other(&paths::own_key(first_eight)))
        }
        Ok(GotOrCreated::Created(new) | GotOrCreated::Rotated(new, _)) => {
            Ok(issue::answer(page, &app, Issued::Now(new)))
        }
        Ok(GotOrCreated::Before(first_eight)) => Ok(issue::answer(page, &app, Issued::Before(first_eight))),
        Err(Error::Invalid(field_errors)) => {
            let text = field_errors.first().map(|field_error| field_error.text.clone()).unwrap_or_default();
            Flash::failed(text).leave(&user.session);
            Ok(html::see_other(&page.over()))
        }
        Err(error @ (Error::Conflict(_) | Error::Forbidden(_))) => {
            Flash::failed(error.to_string()).leave(&user.session);
            Ok(html::see_other(&page.over()))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /resources/{resource}/keys/{first_eight}/revoke`
pub async fn revoke_page(
    app: web::Data<App>,
    user: SignedIn,
    asked: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let first_eight = paths::first_eight(&asked.1)?;
    let mut page = OwnResourcesPage::load(&app, &user, Layout::new(&user, Nav::OwnResources), &asked.0).await?;
    let found =
        app.find_key_of_resource(user.actor.administering(&paths::resource_name(&asked.0)?)?, &first_eight).await?;
    let Some(found) = found else { return Ok(html::see_other(&page.over())) }; // ended meanwhile
    page.dialog = Dialog::Revoke(Box::new(KeyRow::new(found, app.now())));
    Ok(html::page(&page))
}

/// `POST /resources/{resource}/keys/{first_eight}/revoke`
pub async fn revoke(
    app: web::Data<App>,
    asked: web::Path<(String, String)>,
    Form(user, _): Form<SignedIn, Nothing>,
) -> Result<HttpResponse, PageError> {
    let (resource, first_eight) = (paths::resource_name(&asked.0)?, paths::first_eight(&asked.1)?);
    app.revoke_key_of_resource(user.actor.administering(&resource)?, &first_eight).await?;
    Flash::done(format!("Key {first_eight} revoked. Tools that use it are refused from now on.")).leave(&user.session);
    Ok(html::see_other(&paths::own_resource(&resource)))
}
