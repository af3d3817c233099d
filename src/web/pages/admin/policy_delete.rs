//! "Delete policy Analyst and its 83 keys?": with its number, its name typed, and the way to keep the keys.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::rights::policies::PolicyDetails;
use crate::actions::{App, Error};
use crate::domain::settings::OnPolicyDelete;
use crate::web::access::{Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::labels::numbers::{counted, number};
use crate::web::layout::{Layout, Nav};
use crate::web::paths;

#[derive(Template)]
#[template(path = "pages/admin/policy_delete.html")]
struct DeletePage {
    layout: Layout,
    details: PolicyDetails,
    /// Keys that were used in the last seven days.
    recent: i64,
    field_errors: FieldErrors,
    typed: String,
}

impl DeletePage {
    fn name(&self) -> &str {
        self.details.policy.name.as_str()
    }

    fn path(&self) -> String {
        paths::policy(self.name())
    }

    fn keys(&self) -> String {
        counted(self.details.reached.keys, "key", "keys")
    }

    fn title(&self) -> String {
        match self.details.reached.keys {
            0 => format!("Delete policy {}?", self.name()),
            _ => format!("Delete policy {} and its {}?", self.name(), self.keys()),
        }
    }

    fn button(&self) -> String {
        match (self.details.reached.keys, self.details.on_delete) {
            (0, _) => "Delete policy".into(),
            (_, OnPolicyDelete::Disable) => format!("Delete policy, disable {}", self.keys()),
            _ => format!("Delete policy and {}", self.keys()),
        }
    }

    fn recent(&self) -> String {
        match self.recent {
            0 => "None of them was used in the last 7 days.".into(),
            1 => "1 was used in the last 7 days.".into(),
            many => format!("{} were used in the last 7 days.", number(many)),
        }
    }

    fn is_refused(&self) -> bool {
        self.details.on_delete == OnPolicyDelete::Refuse && self.details.reached.keys > 0
    }

    fn disables(&self) -> bool {
        self.details.on_delete == OnPolicyDelete::Disable
    }
}

/// What the form sends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    #[serde(default)]
    typed: String,
}

/// The policy that the keys are to get.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveTo {
    #[serde(default)]
    to: String,
}

async fn load(app: &App, user: &SignedIn, policy: &str, typed: String) -> Result<DeletePage, PageError> {
    let details = app.find_policy(user.actor.administrator()?, &paths::policy_name(policy)?).await?;
    let recent = app.recently_used_with_policy(user.actor.administrator()?, details.policy.id).await?;
    Ok(DeletePage {
        layout: Layout::new(user, Nav::Policies),
        details,
        recent,
        field_errors: FieldErrors::default(),
        typed,
    })
}

/// `GET /admin/policies/{policy}/delete`
pub async fn page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    policy: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    Ok(html::page(&load(&app, &user, &policy, String::new()).await?))
}

/// `POST /admin/policies/{policy}/delete`
pub async fn delete(
    app: web::Data<App>,
    policy: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Typed>,
) -> Result<HttpResponse, PageError> {
    let mut page = load(&app, &user, &policy, form.typed.clone()).await?;
    match app.delete_policy(user.actor.reauthenticated()?, &page.details.policy.name, &form.typed).await {
        Ok(job) => Ok(html::see_other(&format!("/admin/jobs/{job}"))),
        Err(Error::Invalid(field_errors)) => {
            page.field_errors = FieldErrors(field_errors);
            Ok(html::invalid(&page))
        }
        Err(Error::Conflict(text)) => {
            Flash::failed(text).leave(&user.session);
            Ok(html::see_other(&page.path()))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/policies/{policy}/move`: the keys get another policy.
pub async fn move_keys(
    app: web::Data<App>,
    policy: web::Path<String>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, MoveTo>,
) -> Result<HttpResponse, PageError> {
    let mut page = load(&app, &user, &policy, String::new()).await?;
    let to = crate::domain::rights::policy::PolicyName::parse(&form.to);
    let moved = match to {
        Ok(to) => app.move_keys(user.actor.reauthenticated()?, &page.details.policy.name, &to).await,
        Err(_) => Err(crate::domain::field_error::FieldError::new("to", "Choose another policy").into()),
    };
    match moved {
        Ok(job) => Ok(html::see_other(&format!("/admin/jobs/{job}"))),
        Err(Error::Invalid(field_errors)) => {
            page.field_errors = FieldErrors(field_errors);
            Ok(html::invalid(&page))
        }
        Err(Error::Conflict(text)) => {
            Flash::failed(text).leave(&user.session);
            Ok(html::see_other(&page.path()))
        }
        Err(error) => Err(error.into()),
    }
}
