//! Help: how keys are used, and what the answers of this server mean. The same link on every page.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::web::access::{self, SignedIn};
use crate::web::errors::PageError;
use crate::web::html;
use crate::web::layout::{Layout, Nav};
use crate::web::snippets::Snippets;

#[derive(Template)]
#[template(path = "pages/help.html")]
struct HelpPage {
    layout: Layout,
    snippets: Snippets,
}

/// `GET /help`
pub async fn page(request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    let place = access::place(&request)?;
    let snippets = Snippets::new(&place);
    Ok(html::page(&HelpPage { layout: Layout::new(&user, Nav::Help), snippets }))
}
