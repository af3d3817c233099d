//! Ending a session of somebody else: asked for first.

use actix_web::{HttpResponse, web};

use crate::actions::{App, Error};
use crate::web::access::Admin;
use crate::web::client;
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing};
use crate::web::html::{self};
use crate::web::layout::{Layout, Nav};
use crate::web::pages::confirm::ConfirmPage;
use crate::web::paths;

/// `GET /admin/users/{username}/sessions/{id}/end`
pub async fn end_session_page(
    app: web::Data<App>,
    Admin(user): Admin,
    asked: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let username = paths::username(&asked.0)?;
    let person = app.find_person(user.actor.administrator()?, &username).await?;
    let session = person.sessions.iter().find(|session| session.id.to_string() == asked.1).ok_or(Error::NotFound)?;
    let browser = client::browser_name(&session.user_agent);
    let page = ConfirmPage {
        layout: Layout::new(&user, Nav::Users),
        title: format!("End the session of {}?", person.account.display_name),
        effect: format!(
            "{browser} at {} is signed out at once, and session keys of that session end. The person can sign in again.",
            session.address
        ),
        action: format!("{}/sessions/{}/end", paths::user(&username), session.id),
        button: "End session",
        back: paths::user(&username),
    };
    Ok(page.response())
}

/// `POST /admin/users/{username}/sessions/{id}/end`
pub async fn end_session(
    app: web::Data<App>,
    asked: web::Path<(String, String)>,
    Form(Admin(user), _): Form<Admin, Nothing>,
) -> Result<HttpResponse, PageError> {
    let username = paths::username(&asked.0)?;
    let id = asked.1.parse().map_err(|_| Error::NotFound)?;
    app.end_session_of(user.actor.administrator()?, &username, id).await?;
    Flash::done("The session was ended.").leave(&user.session);
    Ok(html::see_other(&paths::user(&username)))
}
