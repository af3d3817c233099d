//! A person who is signed in, as handlers know them. [`access`](super::access) says who is.

use actix_session::Session;

use crate::actions::{Actor, App, Error};
use crate::domain::accounts::account::Account;
use crate::domain::bulk::Job;
use crate::domain::settings::Settings;
use crate::web::sessions;

/// A person who is signed in.
pub struct SignedIn {
    /// Who.
    pub account: Account,
    /// As the audit log will know them.
    pub actor: Actor,
    /// Their session.
    pub session: Session,
    /// Are they an administrator of resources?
    pub administers_resources: bool,
    /// The site's settings.
    pub settings: Settings,
    /// Bulk changes at hand.
    pub work: Vec<Job>,
}

impl SignedIn {
    /// The id of their session.
    pub fn session_id(&self) -> String {
        sessions::id(&self.session).unwrap_or_default()
    }

    /// Takes the password that a form brought along, for this one request; an empty one proves nothing. The session stays as it is:
    /// the answer may show a secret, and nothing is written between that and the person.
    pub async fn prove(&mut self, app: &App, present: String) -> Result<(), Error> {
        if !present.is_empty() && !self.actor.is_proved {
            app.check_password(self.actor.owner()?, "present", present).await?;
            self.actor.is_proved = true;
        }
        Ok(())
    }
}
