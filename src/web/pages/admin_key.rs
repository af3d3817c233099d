//! One key of anybody, for administrators: facts, what can be done to it, history. Never the secret.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::key::{in_words, parse};
use crate::actions::App;
use crate::actions::browse_keys::Owner;
use crate::actions::find_keys::KeyDetails;
use crate::domain::job::Verb;
use crate::web::access::Admin;
use crate::web::chart::Chart;
use crate::web::errors::PageError;
use crate::web::html;
use crate::web::key_query::PATH;
use crate::web::key_view::KeyView;
use crate::web::refusal_words::of_word;
use crate::web::shell::{Nav, Shell};

#[derive(Template)]
#[template(path = "pages/admin_key.html")]
struct AdminKeyPage {
    shell: Shell,
    view: KeyView,
    details: KeyDetails,
    chart: Chart,
    owner: Owner,
}

impl AdminKeyPage {
    fn path(&self) -> String {
        format!("{PATH}/{}", self.view.key.first_eight)
    }

    /// Where the key of a service account is rotated and changed.
    fn of_owner(&self) -> String {
        format!("{}/keys/{}", super::service_accounts::path(&self.owner.username), self.view.key.first_eight)
    }

    fn verbs(&self) -> Vec<Verb> {
        let status = self.view.key.status(self.view.now);
        Verb::CHOICES.into_iter().filter(|verb| verb.fits(status)).collect()
    }
}

/// `GET /admin/api-keys/{first_eight}`
pub async fn page(
    app: web::Data<App>,
    Admin(user): Admin,
    first_eight: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let (details, owner) = app.any_key(&parse(&first_eight)?).await?;
    let view = KeyView { key: details.key.clone(), access: details.access.clone(), now: app.now() };
    let chart = Chart::new(details.days.clone());
    Ok(html::page(&AdminKeyPage { shell: Shell::new(&user, Nav::AdminKeys), view, details, chart, owner }))
}
