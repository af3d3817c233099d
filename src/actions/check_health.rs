//! Is Claviger able to answer?

use super::{App, Error};
use crate::store::migrations::{self, State};

impl App {
    /// Is the database reachable and its form the one this binary needs?
    pub async fn is_ready(&self) -> Result<bool, Error> {
        let state = self.store.look_up(migrations::state).await?;
        Ok(state == State::Current)
    }
}
