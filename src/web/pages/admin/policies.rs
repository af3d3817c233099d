//! The policies: all of them, and the form that makes or changes one.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::rights::policies::MOST_HOLDERS;
use crate::actions::rights::policies::PolicyDetails;
use crate::actions::rights::policies::PolicyDraft;
use crate::actions::{App, Error};
use crate::domain::field_error::{FieldError, validate};
use crate::domain::paging::Count;
use crate::domain::rights::permission::{Permission, PermissionName, Rights};
use crate::domain::rights::policy::Reached;
use crate::domain::rights::policy::{Policy, PolicyName, parse_description};
use crate::web::access::{Admin, Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::key_views::live_keys_path;
use crate::web::labels::numbers::words;
use crate::web::labels::numbers::{counted, number};
use crate::web::layout::{Layout, Nav};
use crate::web::paths;
use crate::web::permission_boxes::PermissionBoxes;

#[derive(Template)]
#[template(path = "pages/admin/policies.html")]
struct PoliciesPage {
    layout: Layout,
    policies: Vec<(Policy, Count, i64)>,
}

/// A policy: its form, and who and what it reaches.
#[derive(Template)]
#[template(path = "pages/admin/policy.html")]
struct PolicyPage {
    layout: Layout,
    /// `None`: a new one.
    details: Option<PolicyDetails>,
    catalogue: Vec<Permission>,
    entered: Entered,
    field_errors: FieldErrors,
    /// What the change would give and take, to be confirmed.
    asked: Option<Difference>,
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    scope: Vec<String>,
    /// The version that the person saw; 0 for a new one.
    #[serde(default)]
    version: i64,
    /// The permissions whose difference the person has seen.
    #[serde(default)]
    seen: String,
}

/// What a change gives and takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    given: Vec<String>,
    taken: Vec<String>,
}

impl Difference {
    fn between(before: &Rights, after: &Rights) -> Self {
        let names = |set: BTreeSet<&PermissionName>| set.into_iter().map(|name| name.as_str().to_owned()).collect();
        Self { given: names(after.difference(before).collect()), taken: names(before.difference(after).collect()) }
    }

    fn is_empty(&self) -> bool {
        self.given.is_empty() && self.taken.is_empty()
    }
}

impl Entered {
    fn of(policy: &Policy) -> Self {
        Self {
            name: policy.name.as_str().to_owned(),
            description: policy.description.clone(),
            scope: policy.permissions.iter().map(|name| name.as_str().to_owned()).collect(),
            version: policy.version,
            seen: String::new(),
        }
    }

    fn draft(&self) -> Result<PolicyDraft, Error> {
        let mut field_errors = Vec::new();
        let name = validate(&mut field_errors, PolicyName::parse(&self.name));
        let description = validate(&mut field_errors, parse_description(&self.description));
        let permissions = self.scope.iter().map(|name| PermissionName::parse("permissions", name));
        let permissions = validate(&mut field_errors, permissions.collect::<Result<Rights, _>>());
        match (name, description, permissions) {
            (Some(name), Some(description), Some(permissions)) => Ok(PolicyDraft { name, description, permissions }),
            _ => Err(Error::Invalid(field_errors)),
        }
    }
}

impl PolicyPage {
    /// How many accounts hold the policy that the page does not name.
    fn more_holders(details: &PolicyDetails) -> i64 {
        details.reached.holders - i64::try_from(details.holders.len()).unwrap_or(i64::MAX)
    }

    fn title(&self) -> String {
        self.details.as_ref().map_or_else(|| "New policy".into(), |details| details.policy.name.as_str().to_owned())
    }

    fn boxes(&self) -> PermissionBoxes {
        PermissionBoxes::new(&self.catalogue, |name| self.entered.scope.iter().any(|scope| scope == name))
    }

    /// The permissions that are entered, as the form says that their difference was seen.
    fn seen(&self) -> String {
        seen(&self.entered.scope)
    }
}

fn seen(scopes: &[String]) -> String {
    let mut scopes = scopes.to_vec();
    scopes.sort();
    scopes.dedup();
    if scopes.is_empty() { "nothing".into() } else { scopes.join(" ") }
}

/// "83 keys and 12 accounts".
pub fn reach(reached: &Reached) -> String {
    let (keys, holders) = (counted(reached.keys, "key", "keys"), counted(reached.holders, "account", "accounts"));
    format!("{keys} and {holders}")
}

/// `GET /admin/policies`
pub async fn list(app: web::Data<App>, Admin(user): Admin) -> Result<HttpResponse, PageError> {
    let policies = app.list_policies(user.actor.administrator()?).await?;
    Ok(html::page(&PoliciesPage { layout: Layout::new(&user, Nav::Policies), policies }))
}

/// `GET /admin/policies/new`
pub async fn new_page(app: web::Data<App>, Reauthenticated(user): Reauthenticated) -> Result<HttpResponse, PageError> {
    Ok(html::page(&new_form(&app, &user, Entered::default(), FieldErrors::default()).await?))
}

async fn new_form(
    app: &App,
    user: &SignedIn,
    entered: Entered,
    field_errors: FieldErrors,
) -> Result<PolicyPage, PageError> {
    let catalogue = app.catalogue(user.actor.administrator()?).await?;
    let layout = Layout::new(user, Nav::Policies);
    Ok(PolicyPage { layout, details: None, catalogue, entered, field_errors, asked: None })
}

/// `POST /admin/policies/new`
pub async fn create(
    app: web::Data<App>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Entered>,
) -> Result<HttpResponse, PageError> {
    let entered = form;
    let made = match entered.draft() {
        Ok(draft) => {
            let name = draft.name.clone();
            app.create_policy(user.actor.reauthenticated()?, draft).await.map(|()| name)
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(name) => {
            Flash::done(format!("Policy {} created.", name.as_str())).leave(&user.session);
            Ok(html::see_other(&paths::policy(name.as_str())))
        }
        Err(Error::Invalid(field_errors)) => {
            Ok(html::invalid(&new_form(&app, &user, entered, FieldErrors(field_errors)).await?))
        }
        Err(error) => Err(error.into()),
    }
}

/// How much the page shows.
#[derive(Default, Deserialize)]
pub struct Shown {
    /// `all`: every account that holds the policy, not only the first few.
    #[serde(default)]
    holders: String,
}

/// `GET /admin/policies/{policy}`
pub async fn page(
    app: web::Data<App>,
    Admin(user): Admin,
    policy: web::Path<String>,
    shown: web::Query<Shown>,
) -> Result<HttpResponse, PageError> {
    let name = paths::policy_name(&policy)?;
    let details = match shown.holders.as_str() {
        "all" => app.find_policy_with(user.actor.administrator()?, &name, MOST_HOLDERS).await?,
        _ => app.find_policy(user.actor.administrator()?, &name).await?,
    };
    let entered = Entered::of(&details.policy);
    Ok(html::page(&form(&user, details, entered, FieldErrors::default(), None)))
}

fn form(
    user: &SignedIn,
    details: PolicyDetails,
    entered: Entered,
    field_errors: FieldErrors,
    asked: Option<Difference>,
) -> PolicyPage {
    let (layout, catalogue) = (Layout::new(user, Nav::Policies), details.catalogue.clone());
    PolicyPage { layout, details: Some(details), catalogue, entered, field_errors, asked }
}

/// `POST /admin/policies/{policy}`: a change of the permissions of a policy that reaches anybody is shown before it is saved.
pub async fn save(
    app: web::Data<App>,
    policy: web::Path<String>,
    Form(Reauthenticated(user), entered): Form<Reauthenticated, Entered>,
) -> Result<HttpResponse, PageError> {
    let name = paths::policy_name(&policy)?;
    let details = app.find_policy(user.actor.administrator()?, &name).await?;
    let draft = match entered.draft() {
        Ok(draft) => draft,
        Err(Error::Invalid(field_errors)) => {
            return Ok(html::invalid(&form(&user, details, entered, FieldErrors(field_errors), None)));
        }
        Err(error) => return Err(error.into()),
    };
    let difference = Difference::between(&details.policy.permissions, &draft.permissions);
    let reaches = details.reached.keys > 0 || details.reached.holders > 0;
    if reaches && !difference.is_empty() && entered.seen != seen(&entered.scope) {
        return Ok(html::page(&form(&user, details, entered, FieldErrors::default(), Some(difference))));
    }
    let new_name = draft.name.clone();
    match app.change_policy(user.actor.reauthenticated()?, &name, entered.version, draft).await {
        Ok(()) => {
            Flash::done(format!("Policy {} saved.", new_name.as_str())).leave(&user.session);
            Ok(html::see_other(&paths::policy(new_name.as_str())))
        }
        Err(Error::Invalid(field_errors)) => {
            Ok(html::invalid(&form(&user, details, entered, FieldErrors(field_errors), None)))
        }
        Err(Error::Conflict(text)) => {
            let field_errors = FieldErrors(vec![FieldError::new("name", text)]);
            let page = form(&user, details, entered, field_errors, None);
            Ok(html::body(HttpResponse::Conflict(), &page))
        }
        Err(error) => Err(error.into()),
    }
}
