//! How operators ASK: arguments to one command to an exit code.

mod audit;
mod clock;
mod demo;
mod output;
mod serve;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::actions::{self, App};
use crate::config::{Config, Given, make_home};
use crate::domain::time::clock::Clock;
use crate::telemetry;

/// The keeper of the keys: a self-hosted server for API keys.
#[derive(Parser)]
#[command(name = "claviger", version, about, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    given: Given,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server (this is what happens without a command).
    Serve,
    /// Bring the database to the form this binary needs, and end.
    Migrate,
    /// Manage people's accounts; works while a server runs on the same database.
    #[command(subcommand)]
    User(user::Command),
    /// Check the audit log.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Look at the clock that counts, after this server's clock was wrong.
    #[command(subcommand)]
    Clock(clock::Command),
    /// Fill an empty database with people, keys and a year of activity, to look around.
    Demo(demo::Command),
}

/// Runs the command that the arguments name. What goes wrong is said on standard error.
pub fn run(arguments: Arguments) -> ExitCode {
    match execute(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            output::error(&problem);
            ExitCode::FAILURE
        }
    }
}

fn execute(arguments: Arguments) -> Result<(), String> {
    let config = Config::parse(&arguments.given).map_err(|errors| errors.join("\n"))?;
    let telemetry = telemetry::start(&config);
    let command = arguments.command.unwrap_or(Command::Serve);
    match command {
        Command::Serve => serve::run(config, telemetry.health.clone()),
        Command::Migrate => {
            make_home(&config.database)?;
            let ran = actions::site::start::migrate(&config).map_err(|error| error.to_string())?;
            output::line(&format!("{ran} migrations ran. The database is current."))
        }
        Command::User(command) => {
            if !command.makes_a_database() {
                existing(&config)?;
            }
            let app = start(config)?;
            wait(user::run(&app, command))
        }
        Command::Demo(command) => {
            let app = start(config)?;
            wait(demo::run(&app, command))
        }
        Command::Clock(command) => {
            existing(&config)?;
            let app = start(config)?;
            wait(clock::run(&app, command))
        }
        Command::Audit(command) => {
            existing(&config)?;
            let app = start(config)?;
            wait(audit::run(&app, command))
        }
    }
}

/// Refuses to make a new database where one was expected.
fn existing(config: &Config) -> Result<(), String> {
    if config.database.exists() {
        return Ok(());
    }
    Err(format!(
        "There is no database at {}. Run this where the server was started, or set DATABASE_URL.",
        config.database.place()
    ))
}

/// Runs a command to its end.
fn wait(command: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(command)
}

/// The app on the configured database, with the system's clock and randomness.
fn start(config: Config) -> Result<App, String> {
    make_home(&config.database)?;
    App::start(config, Clock::system(), actions::system_randomness()).map_err(|error| error.to_string())
}
