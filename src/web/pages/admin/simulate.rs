//! "Test access": choose permissions and a resource, and read what a gateway would be told.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::verification::simulate::{Askable, Would};
use crate::actions::{App, Whose};
use crate::domain::field_error::validate;
use crate::domain::rights::Required;
use crate::domain::rights::permission::{PermissionName, Rights};
use crate::domain::rights::resource::ResourceName;
use crate::domain::verdict::Refusal;
use crate::web::access::{Admin, SignedIn};
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::layout::{Layout, Nav};
use crate::web::paths;
use crate::web::permission_boxes::PermissionBoxes;

#[derive(Template)]
#[template(path = "pages/admin/simulate.html")]
struct WouldPage {
    layout: Layout,
    asked: Askable,
    entered: Entered,
    field_errors: FieldErrors,
    answer: Option<Would>,
    /// The page of the key.
    back: String,
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    #[serde(default)]
    scope: Vec<String>,
    #[serde(default)]
    resource: String,
}

impl Entered {
    fn demand(&self) -> Result<Required, FieldErrors> {
        let mut field_errors = Vec::new();
        let names = self.scope.iter().map(|name| PermissionName::parse("scope", name));
        let all = validate(&mut field_errors, names.collect::<Result<Rights, _>>());
        let resource = match self.resource.trim() {
            "" => Some(None),
            name => validate(&mut field_errors, ResourceName::parse(name).map(Some)),
        };
        match (all, resource) {
            (Some(all), Some(resource)) => {
                Ok(Required { all: all.into_iter().collect(), resource, ..Required::default() })
            }
            _ => Err(FieldErrors(field_errors)),
        }
    }
}

impl WouldPage {
    fn boxes(&self) -> PermissionBoxes {
        PermissionBoxes::new(&self.asked.catalogue, |name| self.entered.scope.iter().any(|scope| scope == name))
    }

    /// The question as a gateway puts it.
    fn question(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for scope in &self.entered.scope {
            query.append_pair("require_all", scope);
        }
        if !self.entered.resource.trim().is_empty() {
            query.append_pair("resource", self.entered.resource.trim());
        }
        let query = query.finish().replace("%3A", ":");
        if query.is_empty() { "/verify".into() } else { format!("/verify?{query}") }
    }

    fn reason(&self, refusal: Refusal, would: &Would) -> String {
        match refusal {
            Refusal::Revoked => "It was revoked.".into(),
            Refusal::Disabled => "It is disabled.".into(),
            Refusal::Expired => "It has expired.".into(),
            Refusal::OwnerInactive => "Its owner is deactivated.".into(),
            Refusal::PolicyDeleted => "Its policy was deleted.".into(),
            Refusal::KeysNotAccepted => "This server accepts no keys at present.".into(),
            Refusal::OtherResource => match &would.bound {
                Some(bound) => format!("It is bound to {}, and good for that alone.", bound.text()),
                None => {
                    "It is bound to no resource, and has nothing that keys for this one can be given; or there is no such resource.".into()
                }
            },
            Refusal::MissingPermission | Refusal::Unknown | Refusal::Replaced | Refusal::FormNotAccepted => {
                let has = |name: &&String| would.rights.iter().any(|right| right.as_str() == name.as_str());
                let missing: Vec<&str> =
                    self.entered.scope.iter().filter(|name| !has(name)).map(String::as_str).collect();
                format!("It does not have {}.", missing.join(", "))
            }
        }
    }
}

async fn show(
    app: &App,
    user: &SignedIn,
    whose: Whose<'_>,
    first_eight: &str,
    entered: Option<Entered>,
) -> Result<HttpResponse, PageError> {
    let first_eight = paths::first_eight(first_eight)?;
    let asked = app.askable(whose, &first_eight).await?;
    let (nav, back) = match whose {
        Whose::Own(_) => (Nav::Keys, format!("/external-tool-access/keys/{first_eight}")),
        Whose::Anybodys(_) => (Nav::AdminKeys, paths::key(&first_eight)),
    };
    let layout = Layout::new(user, nav);
    let mut page = WouldPage {
        layout,
        asked,
        entered: Entered::default(),
        field_errors: FieldErrors::default(),
        answer: None,
        back,
    };
    let Some(entered) = entered else { return Ok(html::page(&page)) };
    let demand = entered.demand();
    page.entered = entered;
    match demand {
        Ok(demand) => {
            page.answer = Some(app.simulate(whose, &first_eight, demand).await?);
            Ok(html::page(&page))
        }
        Err(field_errors) => {
            page.field_errors = field_errors;
            Ok(html::invalid(&page))
        }
    }
}

/// `GET /external-tool-access/keys/{first_eight}/would-allow`
pub async fn own_page(
    app: web::Data<App>,
    user: SignedIn,
    first_eight: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    show(&app, &user, Whose::Own(user.actor.owner()?), &first_eight, None).await
}

/// `POST /external-tool-access/keys/{first_eight}/would-allow`
pub async fn own_ask(
    app: web::Data<App>,
    first_eight: web::Path<String>,
    Form(user, form): Form<SignedIn, Entered>,
) -> Result<HttpResponse, PageError> {
    show(&app, &user, Whose::Own(user.actor.owner()?), &first_eight, Some(form)).await
}

/// `GET /admin/api-keys/{first_eight}/would-allow`
pub async fn page(
    app: web::Data<App>,
    Admin(user): Admin,
    first_eight: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    show(&app, &user, Whose::Anybodys(user.actor.administrator()?), &first_eight, None).await
}

/// `POST /admin/api-keys/{first_eight}/would-allow`
pub async fn ask(
    app: web::Data<App>,
    first_eight: web::Path<String>,
    Form(Admin(user), form): Form<Admin, Entered>,
) -> Result<HttpResponse, PageError> {
    show(&app, &user, Whose::Anybodys(user.actor.administrator()?), &first_eight, Some(form)).await
}
