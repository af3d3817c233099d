//! Disable and enable, at once, from the list and from a key's page.

use actix_web::{HttpResponse, web};

use crate::actions::{App, Error};
use crate::web::access::SignedIn;
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing};
use crate::web::html;
use crate::web::paths;

/// `POST …/disable`
pub async fn disable(
    app: web::Data<App>,
    first_eight: web::Path<String>,
    Form(user, _): Form<SignedIn, Nothing>,
) -> Result<HttpResponse, PageError> {
    let key = paths::first_eight(&first_eight)?;
    match app.disable_key(user.actor.owner()?, &key).await {
        Ok(()) => {
            let text = format!("Key {key} disabled. Tools that use it are refused until you enable it.");
            Flash::done(text).with_undo(format!("{}/enable", paths::own_key(&key))).leave(&user.session);
        }
        Err(error) => explain(error, &user)?,
    }
    Ok(html::see_other("/external-tool-access"))
}

/// `POST …/enable`
pub async fn enable(
    app: web::Data<App>,
    first_eight: web::Path<String>,
    Form(user, _): Form<SignedIn, Nothing>,
) -> Result<HttpResponse, PageError> {
    let key = paths::first_eight(&first_eight)?;
    match app.enable_key(user.actor.owner()?, &key).await {
        Ok(enabled) => {
            let text = match enabled.expires_at {
                Some(end) => format!("Key {key} enabled. It works again until {} UTC.", end.minute()),
                None => format!("Key {key} enabled. It works again."),
            };
            Flash::done(text).leave(&user.session);
        }
        Err(error) => explain(error, &user)?,
    }
    Ok(html::see_other("/external-tool-access"))
}

/// What does not fit the key's state is said on the next page; anything else is an error.
fn explain(error: Error, user: &SignedIn) -> Result<(), PageError> {
    match error {
        Error::Conflict(text) | Error::Forbidden(text) => {
            Flash::failed(text).leave(&user.session);
            Ok(())
        }
        error => Err(error.into()),
    }
}
