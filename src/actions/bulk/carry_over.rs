//! Taking over the bulk work that versions before 2026-12 left in their tables.

use crate::actions::{App, Error};
use crate::domain::ids::JobId;
use crate::store::bulk::carry_over::{self, Carried};

/// Why there is no event.
const CARRIED: &str = "the same work stands in another table";

impl App {
    /// Takes over what servers of that version left, once none of them is at it any more. A job that cannot be taken over keeps no
    /// other waiting.
    pub(in crate::actions) async fn carry_over_jobs(&self) -> Result<(), Error> {
        let now = self.now();
        let waiting = self.store.read(move |tx| Ok::<_, Error>(carry_over::waiting(tx, now)?)).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        self.store.write_unaudited(CARRIED, move |tx| Ok::<_, Error>(carry_over::hold(tx, now)?)).await?;
        for id in waiting {
            if let Err(error) = self.carry_over_job(id).await {
                tracing::error!(job = id.0, %error, "A job of an earlier version was not taken over; it is tried again.");
            }
        }
        Ok(())
    }

    /// One transaction for each batch of its keys.
    async fn carry_over_job(&self, id: JobId) -> Result<(), Error> {
        while !self.is_ending() {
            let now = self.now();
            let carried = self
                .store
                .write_unaudited(CARRIED, move |tx| Ok::<_, Error>(carry_over::carry_over(tx, id, now)?))
                .await?;
            match carried {
                Carried::More => {}
                Carried::Done => break,
                Carried::Unreadable(found) => {
                    tracing::error!(
                        job = id.0,
                        found,
                        "A job of an earlier version cannot be read. It stays in the table jobs."
                    );
                    break;
                }
            }
        }
        Ok(())
    }
}
