//! `claviger demo`: a believable organisation to look around in.

use clap::Args;

use super::output;
use crate::actions::App;

/// How large, and which.
#[derive(Args)]
pub struct Command {
    /// How many keys.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=20_000_000))]
    keys: u32,
    /// The same number tells the same story.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Fills the database, and says how to sign in.
pub async fn run(app: &App, command: Command) -> Result<(), String> {
    let keys = usize::try_from(command.keys).unwrap_or(usize::MAX);
    let tell = |done: usize| {
        if done.is_multiple_of(120_000) {
            output::error(&format!("{done} of {keys} keys"));
        }
    };
    let admin = app.fill_demo(keys, command.seed, tell).await.map_err(|error| error.to_string())?;
    output::line(&format!("The database holds a demo of {keys} keys. Run `claviger serve`, and sign in as"))?;
    output::line(&format!("  user name  {}", admin.username))?;
    output::line(&format!("  password   {}", admin.password))
}
