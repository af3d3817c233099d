//! "Why was this refused?": the one field where an administrator may paste a key. What is pasted is kept nowhere.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::verification::diagnose::Explanation;
use crate::actions::verification::diagnose::Proof;
use crate::actions::{App, Error};
use crate::domain::time::clock::Timestamp;
use crate::domain::usage::Counted;
use crate::domain::verdict::Refusal;
use crate::web::access::Admin;
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::key_query::PATH;
use crate::web::key_view::KeyView;
use crate::web::labels::refusals::{now, of_word};
use crate::web::layout::{Layout, Nav};

#[derive(Template)]
#[template(path = "pages/admin/diagnose.html")]
struct WhyPage {
    layout: Layout,
    found: Option<(Explanation, KeyView)>,
    field_errors: FieldErrors,
}

impl WhyPage {
    /// What is true of the key now, and what to do.
    fn answer(found: &Explanation) -> String {
        match (found.refusal, &found.secret) {
            (None | Some(Refusal::Replaced), Proof::Wrong) => {
                "What you pasted has the first 8 of this key, but is not its secret: it was replaced by a rotation, or mistyped.".into()
            }
            (None, Proof::None) => "This key is good at this moment. Paste the whole key to check its secret too.".into(),
            (None, Proof::Old(until)) => format!(
                "This is the old secret of this key. It is good until {} UTC: the tool needs the new one before that.",
                until.minute()
            ),
            (None, _) => "This key is good at this moment.".into(),
            (Some(Refusal::Expired), _) => {
                let at = found.key.expires_at.map(Timestamp::minute).unwrap_or_default();
                format!("It expired on {at} UTC. Its owner can generate a new one like it.")
            }
            (Some(reason), _) => now(reason),
        }
    }

    /// One of its refusals, in words.
    fn refused(refusal: &Counted) -> String {
        of_word(&refusal.reason, &refusal.asked)
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
    let layout = Layout::new(&user, Nav::Diagnose);
    Ok(html::page(&WhyPage { layout, found: None, field_errors: FieldErrors::default() }))
}

/// `POST /admin/why-refused`: the answer to the POST is the page, so that nothing pasted stands in an address.
pub async fn diagnose(
    app: web::Data<App>,
    Form(Admin(user), form): Form<Admin, Pasted>,
) -> Result<HttpResponse, PageError> {
    let layout = Layout::new(&user, Nav::Diagnose);
    match app.diagnose(user.actor.administrator()?, &form.pasted).await {
        Ok(found) => {
            let view = KeyView { key: found.key.clone(), access: found.access.clone(), now: found.now };
            Ok(html::page(&WhyPage { layout, found: Some((found, view)), field_errors: FieldErrors::default() }))
        }
        Err(Error::Invalid(field_errors)) => {
            Ok(html::invalid(&WhyPage { layout, found: None, field_errors: FieldErrors(field_errors) }))
        }
        Err(error) => Err(error.into()),
    }
}
