//! Session keys on External Tool Access: one more, and ending one before its session.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::actions::keys::request::FormId;
use crate::actions::keys::session_keys::IssuedForSession;
use crate::actions::{App, Error};
use crate::domain::keys::api_key::Listing;
use crate::domain::rights::AccessView;
use crate::web::access::SignedIn;
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing, Once};
use crate::web::html;
use crate::web::issue::reveal::Reveal;
use crate::web::issue::shown_once;
use crate::web::key_view::KeyView;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::confirm::ConfirmPage;
use crate::web::pages::own::external_tool_access::{Dialog, KeysPage};
use crate::web::paths;

/// `POST /external-tool-access/session-keys`
pub async fn generate(
    request: HttpRequest,
    app: web::Data<App>,
    Form(user, form): Form<SignedIn, Once>,
) -> Result<HttpResponse, PageError> {
    let form = FormId::parse(&form.form).map_err(Error::from)?;
    // Loaded before the key is made: nothing that could fail stands between the secret and the person.
    let mut page =
        KeysPage::load(&request, &app, &user, Layout::for_secret(&user, Nav::Keys), Listing::Current).await?;
    match app.generate_session_key(user.actor.owner()?, &user.session_id(), form).await {
        Ok(IssuedForSession::Now(key, secret)) => {
            let view = KeyView { key: *key, access: AccessView::inherited(), now: app.now() };
            let (done, snippets) = (KeysPage::PATH.to_owned(), Some(page.snippets()));
            page.dialog =
                Dialog::Reveal(Box::new(Reveal { view, secret, old_until: None, snippets, waits: false, done }));
            Ok(shown_once(&page))
        }
        Ok(IssuedForSession::Before) => {
            let text = "This session key was shown already, and cannot be shown again. End it, and generate another.";
            Flash::failed(text).leave(&user.session);
            Ok(html::see_other(KeysPage::PATH))
        }
        Err(error @ (Error::Conflict(_) | Error::Forbidden(_))) => {
            Flash::failed(error.to_string()).leave(&user.session);
            Ok(html::see_other(KeysPage::PATH))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /external-tool-access/session-keys/{first_eight}/end`
pub async fn end_page(
    app: web::Data<App>,
    user: SignedIn,
    first_eight: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let first_eight = paths::first_eight(&first_eight)?;
    let own = app.session_keys(user.actor.owner()?).await?;
    if !own.iter().any(|key| key.first_eight == first_eight) {
        return Err(Error::NotFound.into());
    }
    let page = ConfirmPage {
        layout: Layout::new(&user, Nav::Keys),
        title: format!("End session key {first_eight}?"),
        effect: "Tools that use it are refused at once. You can generate another one.".into(),
        action: format!("{}/session-keys/{first_eight}/end", KeysPage::PATH),
        button: "End session key",
        back: KeysPage::PATH.into(),
    };
    Ok(page.response())
}

/// `POST /external-tool-access/session-keys/{first_eight}/end`
pub async fn end(
    app: web::Data<App>,
    first_eight: web::Path<String>,
    Form(user, _): Form<SignedIn, Nothing>,
) -> Result<HttpResponse, PageError> {
    let first_eight = paths::first_eight(&first_eight)?;
    app.end_session_key(user.actor.owner()?, &first_eight).await?;
    Flash::done(format!("Session key {first_eight} ended. Tools that use it are refused from now on."))
        .leave(&user.session);
    Ok(html::see_other(KeysPage::PATH))
}
