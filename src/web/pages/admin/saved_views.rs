//! Saving and deleting views of the grid.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::actions::keys::saved_views::parse_name;
use crate::actions::{App, Error};
use crate::web::access::Admin;
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing};
use crate::web::html::{self, FieldErrors};
use crate::web::key_query::{KeyQuery, PATH};
use crate::web::pages::admin::api_keys::{Dialog, GridPage};

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewView {
    name: String,
    state: String,
}

/// `POST /admin/api-keys/views`
pub async fn save(
    app: web::Data<App>,
    Form(Admin(user), form): Form<Admin, NewView>,
) -> Result<HttpResponse, PageError> {
    let mut query = KeyQuery::read(&form.state);
    (query.cursor, query.view) = (None, None);
    let saved = match parse_name(&form.name) {
        Ok(name) => app.save_view(user.actor.administrator()?, name, query.query_string()).await,
        Err(field_error) => Err(field_error.into()),
    };
    match saved {
        Ok(id) => {
            Flash::done("View saved. Its link means the same for every administrator.").leave(&user.session);
            query.view = Some(id.to_string());
            Ok(html::see_other(&query.path()))
        }
        Err(Error::Invalid(field_errors)) => {
            let mut page = GridPage::load(&app, &user, query).await?;
            page.dialog = Dialog::SaveView(form.name, FieldErrors(field_errors));
            Ok(html::invalid(&page))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/api-keys/views/{id}/delete`
pub async fn delete(
    app: web::Data<App>,
    id: web::Path<String>,
    Form(Admin(user), _): Form<Admin, Nothing>,
) -> Result<HttpResponse, PageError> {
    let id = id.parse().map_err(|_| Error::NotFound)?;
    app.delete_view(user.actor.administrator()?, id).await?;
    Flash::done("View deleted. Links to it still show its filters.").leave(&user.session);
    Ok(html::see_other(PATH))
}
