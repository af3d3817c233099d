//! `claviger audit`: is the audit log whole?

use clap::Subcommand;

use super::output;
use crate::actions::App;
use crate::domain::audit::chain::Hash;

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Check that no event was changed, removed, inserted or swapped; says where the log is broken.
    Verify {
        /// The number and hash that an earlier check printed, as NUMBER:HASH. Finds a log that was rewritten as a whole.
        #[arg(long, value_name = "NUMBER:HASH", value_parser = noted)]
        noted: Option<(i64, Hash)>,
    },
}

fn noted(text: &str) -> Result<(i64, Hash), String> {
    let wrong = || "give the number and the hash that an earlier check printed, as NUMBER:HASH".to_owned();
    let (sequence, hash) = text.split_once(':').ok_or_else(wrong)?;
    let hash = hex::decode(hash).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)?;
    Ok((sequence.parse().map_err(|_| wrong())?, hash))
}

/// Does it.
pub async fn run(app: &App, command: Command) -> Result<(), String> {
    let Command::Verify { noted } = command;
    match app.verify_audit(noted).await.map_err(|error| error.to_string())? {
        Ok(whole) => {
            let purged = match whole.purged {
                0 => String::new(),
                number => format!(" Events up to number {number} were removed by the retention purge."),
            };
            output::line(&format!("The audit log is whole: {} events.{purged}", whole.events))?;
            output::line(&format!("Keep this elsewhere: {}:{}", whole.last, hex::encode(whole.hash)))
        }
        Err(broken) => Err(format!("The audit log is broken. {broken}")),
    }
}
