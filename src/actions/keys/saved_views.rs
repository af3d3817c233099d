//! Saved views: filters of the grid that an administrator keeps under a name.

use serde_json::json;

use crate::actions::{Administrator, App, Error};
use crate::domain::audit::Action;
use crate::domain::field_error::FieldError;
use crate::domain::ids::SavedViewId;
use crate::domain::text::{self, Limits};
use crate::store::keys::saved_views;
use crate::store::{self, Unique, accounts};

use crate::domain::key_filter::SavedView;

/// Views that one administrator may keep.
const MOST: usize = 50;

/// Reads the name of a view: 1 to 60 characters on one line.
pub fn parse_name(input: &str) -> Result<String, FieldError> {
    let name = text::line(Limits { field: "name", label: "Name", longest: 60 }, input)?;
    if name.is_empty() { Err(FieldError::new("name", "Enter a name")) } else { Ok(name) }
}

impl App {
    /// The views of an account, by name.
    pub async fn saved_views(&self, by: Administrator<'_>) -> Result<Vec<SavedView>, Error> {
        let account = by.account.ok_or(Error::NotFound)?;
        Ok(self.store.query(move |tx| saved_views::list(tx, account)).await?)
    }

    /// Saves a query string of the grid under a name that the account does not have yet; gives its number.
    pub async fn save_view(&self, by: Administrator<'_>, name: String, query: String) -> Result<SavedViewId, Error> {
        let account = by.account.ok_or(Error::NotFound)?;
        let (actor, now) = (by.actor().clone(), self.now());
        self.act(by.authority(), move |tx| {
            accounts::lock(tx, account)?;
            if saved_views::list(tx, account)?.len() >= MOST {
                return Err(FieldError::new("name", format!("You have {MOST} saved views. Delete one first")).into());
            }
            let id = saved_views::insert(tx, account, &name, &query, now).map_err(|error| match error {
                store::Error::Conflict(Unique::ViewName) => {
                    FieldError::new("name", "You have a view with this name. Choose another").into()
                }
                error => Error::from(error),
            })?;
            tx.audit(actor.did(now, Action::ViewSave, &name, json!({ "query": query })));
            Ok(id)
        })
        .await
    }

    /// Deletes a view of the account. Somebody else's is not found.
    pub async fn delete_view(&self, by: Administrator<'_>, id: SavedViewId) -> Result<(), Error> {
        let account = by.account.ok_or(Error::NotFound)?;
        let (actor, now) = (by.actor().clone(), self.now());
        self.act(by.authority(), move |tx| {
            let view = saved_views::list(tx, account)?.into_iter().find(|view| view.id == id);
            let view = view.ok_or(Error::NotFound)?;
            saved_views::delete(tx, account, id)?;
            tx.audit(actor.did(now, Action::ViewDelete, &view.name, json!({ "query": view.query })));
            Ok(())
        })
        .await
    }
}
