//! "Why was this refused?": the one field where an administrator may paste a key. What is pasted is kept nowhere.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::why_refused::{Explanation, Proof};
use crate::actions::{App, Error};
use crate::domain::verdict::Refusal;
use crate::web::access::Admin;
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html::{self, Mistakes};
use crate::web::key_query::PATH;
use crate::web::key_view::KeyView;
use crate::web::shell::{Nav, Shell};

#[derive(Template)]
#[template(path = "pages/why_refused.html")]
struct WhyPage {
    shell: Shell,
    found: Option<(Explanation, KeyView)>,
    mistakes: Mistakes,
}

impl WhyPage {
    fn answer(found: &Explanation) -> &'static str {
        match (found.refusal, found.secret) {
            (None | Some(Refusal::Replaced), Proof::Wrong) => {
                "What you pasted has the first 8 of this key, but is not its secret: it was replaced by a rotation, or mistyped."
            }
            (None, Proof::None) => "This key is good at this moment. Paste the whole key to check its secret too.",
            (None, _) => "This key is good at this moment.",
            (Some(Refusal::Revoked), _) => "It was revoked. An administrator can restore it until it is purged.",
            (Some(Refusal::Disabled), _) => "It is disabled. It works again when it is enabled.",
            (Some(Refusal::Expired), _) => "It has expired. Its owner can generate a new one like it.",
            (Some(Refusal::Replaced), _) => {
                "A rotation replaced this secret, and its grace period is over. The tool needs the new one."
            }
            (Some(Refusal::OwnerInactive), _) => "Its owner is deactivated.",
            (Some(Refusal::PolicyDeleted), _) => "Its policy was deleted. Give it another one, or restore the policy.",
            (Some(Refusal::MissingPermission), _) => "It does not have the permissions that were asked for.",
            (Some(Refusal::OtherResource), _) => {
                "It is bound to another resource than the one that was asked for, or has nothing that keys for that one can be given."
            }
            (Some(Refusal::KeysNotAccepted), _) => "This server accepts no keys at present: the switch is off.",
            (Some(Refusal::Unknown), _) => "No key has this secret.",
        }
    }

    fn is_good(found: &Explanation) -> bool {
        found.refusal.is_none() && found.secret != Proof::Wrong
    }

    fn path(found: &Explanation) -> String {
        format!("{PATH}/{}", found.key.first_eight)
    }
}

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pasted {
    pasted: String,
}

/// `GET /admin/why-refused`
pub async fn page(Admin(user): Admin) -> Result<HttpResponse, PageError> {
    let shell = Shell::new(&user, Nav::WhyRefused);
    Ok(html::page(&WhyPage { shell, found: None, mistakes: Mistakes::default() }))
}

/// `POST /admin/why-refused`: the answer to the POST is the page, so that nothing pasted stands in an address.
pub async fn look_up(
    app: web::Data<App>,
    Form(Admin(user), form): Form<Admin, Pasted>,
) -> Result<HttpResponse, PageError> {
    let shell = Shell::new(&user, Nav::WhyRefused);
    match app.why_refused(&form.pasted).await {
        Ok(found) => {
            let view = KeyView { key: found.key.clone(), access: found.access.clone(), now: found.now };
            Ok(html::page(&WhyPage { shell, found: Some((found, view)), mistakes: Mistakes::default() }))
        }
        Err(Error::Invalid(mistakes)) => {
            Ok(html::invalid(&WhyPage { shell, found: None, mistakes: Mistakes(mistakes) }))
        }
        Err(error) => Err(error.into()),
    }
}
