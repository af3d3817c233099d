//! Drawing a secret, and drawing it anew when a unique value was taken at the same moment.

use crate::actions::{App, Error};
use crate::domain::field_error::FieldError;
use crate::domain::keys::secret::{FirstEight, Secret};
use crate::store::{self, Unique};

/// How often a secret is drawn anew. Once is next to never.
const ATTEMPTS: usize = 5;

/// What the owner reads of a name that another live key has.
pub(in crate::actions) const NAME_TAKEN: &str = "Another of your keys has this name. Choose another name";

impl App {
    /// Does what draws a secret, until no unique value is taken at the same moment: another key has the same first eight, or the
    /// same form was answered.
    pub(in crate::actions) async fn attempt<T>(
        &self,
        mut once: impl AsyncFnMut() -> Result<T, Attempt>,
    ) -> Result<T, Error> {
        for _ in 0..ATTEMPTS {
            match once().await {
                Err(Attempt::Again) => {}
                Err(Attempt::Failed(error)) => return Err(error),
                Ok(done) => return Ok(done),
            }
        }
        Err(Error::Internal("no unique secret was found".into()))
    }

    /// Draws a first eight and a secret that carries it.
    pub(in crate::actions) fn draw_key(&self) -> (FirstEight, Secret) {
        let first_eight = FirstEight::generate(&mut *self.rng());
        let secret = self.draw_secret(&first_eight);
        (first_eight, secret)
    }

    /// Draws a secret that carries this first eight.
    pub(in crate::actions) fn draw_secret(&self, first_eight: &FirstEight) -> Secret {
        Secret::generate(&self.config.prefixes[0], first_eight, &mut *self.rng())
    }
}

/// How one attempt to issue a secret ended when it did not succeed.
pub(in crate::actions) enum Attempt {
    /// A unique value was taken at this very moment.
    Again,
    /// For good.
    Failed(Error),
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<store::Error> for Attempt {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict(Unique::FirstEight | Unique::UsedForm) => Self::Again,
            store::Error::Conflict(Unique::KeyName) => Self::Failed(FieldError::new("name", NAME_TAKEN).into()),
            error => Self::Failed(error.into()),
        }
    }
}

impl store::Failure for Attempt {
    fn outage(&self) -> Option<&str> {
        match self {
            Self::Again => None,
            Self::Failed(error) => error.outage(),
        }
    }
}
