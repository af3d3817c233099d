//! `claviger clock`: what time it is for Claviger, and how to put that right after the server's clock was wrong.

use clap::Subcommand;

use super::output;
use crate::actions::App;
use crate::domain::time::clock::system_time;

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Print what time it is by the clock that counts, and by this server's.
    Show,
    /// Let this server's clock count again, although it is behind the time that was noted while it was wrong. Ended keys and
    /// sessions may live again. End the server before, and start it afterwards.
    Accept,
}

/// Does it.
pub async fn run(app: &App, command: Command) -> Result<(), String> {
    match command {
        Command::Show => {
            output::line(&format!("The clock that counts: {}", app.now().rfc3339()))?;
            output::line(&format!("This server's clock:   {}", system_time().rfc3339()))
        }
        Command::Accept => {
            let (was, now) = app.accept_clock().await.map_err(|error| error.to_string())?;
            output::line(&format!(
                "The clock that counts was {}, and is {} from the next start on.",
                was.rfc3339(),
                now.rfc3339()
            ))
        }
    }
}
