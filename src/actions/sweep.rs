//! What Claviger does by itself, in the background: write down uses, forget what is over.

use super::{App, Error, sessions};
use crate::domain::clock::DAY;
use crate::store::{forms, replaced_secrets, sessions as session_rows};

impl App {
    /// Writes the uses noted since the last time; says of how many keys. Forgets throttle buckets that are full again.
    pub async fn flush_uses(&self) -> Result<usize, Error> {
        self.throttle.tidy();
        Ok(self.use_log.flush(&self.store).await?)
    }

    /// Removes sessions that are over, replaced secrets past their grace, and forms older than a day.
    pub async fn sweep(&self) -> Result<(), Error> {
        let now = self.now();
        self.store
            .write(move |db| {
                session_rows::purge(db, now, sessions::idle_since(now))?;
                replaced_secrets::purge(db, now)?;
                forms::purge(db, now.plus(-DAY))?;
                Ok(())
            })
            .await
    }
}
