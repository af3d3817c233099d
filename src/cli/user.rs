//! `claviger user`: people's accounts. Passwords come from a prompt without echo or from standard input, never as an argument.

use std::io::{IsTerminal, Read};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::output;
use crate::actions::accounts::add::NewUser;
use crate::actions::{Actor, Administrator, App, Error};
use crate::domain::accounts::account::{Role, Username, parse_display_name, parse_email};
use crate::domain::accounts::password::{LONGEST_BYTES, Password, Proposal};
use crate::domain::field_error::validate;
use crate::domain::time::clock::Timestamp;
use crate::wire::accounts::User;

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Add a person who can sign in.
    Create {
        /// The name to sign in with.
        name: String,
        /// Make them an administrator.
        #[arg(long)]
        admin: bool,
        /// The name people read. [default: NAME]
        #[arg(long)]
        display_name: Option<String>,
        /// Their email address.
        #[arg(long)]
        email: Option<String>,
        #[command(flatten)]
        source: PasswordSource,
    },
    /// Everybody, by user name.
    List {
        /// As a table or as JSON.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        output: Format,
    },
    /// Replace a person's password, and end their sessions.
    SetPassword {
        /// Whose.
        name: String,
        #[command(flatten)]
        source: PasswordSource,
    },
    /// Keep a person out: sign-in stops, sessions end, keys are refused.
    Deactivate {
        /// Whom.
        name: String,
    },
    /// Let a person in again; their keys work again.
    Activate {
        /// Whom.
        name: String,
    },
}

/// Where the password comes from.
#[derive(Args)]
pub struct PasswordSource {
    /// Read the password from standard input (a line end at its end is dropped) instead of a prompt.
    #[arg(long)]
    password_stdin: bool,
}

/// How a list is printed.
#[derive(Clone, Copy, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

impl Command {
    /// Only a new person may be the first thing in a new database; all else needs one that is there.
    pub fn makes_a_database(&self) -> bool {
        matches!(self, Self::Create { .. })
    }
}

/// Does it.
pub async fn run(app: &App, command: Command) -> Result<(), String> {
    let operator = Actor::cli();
    let by = operator.reauthenticated().map_err(|error| error.to_string())?;
    match command {
        Command::Create { name, admin, display_name, email, source } => {
            let mut field_errors = Vec::new();
            let username = validate(&mut field_errors, Username::parse_new(&name));
            let display_name =
                validate(&mut field_errors, parse_display_name(display_name.as_deref().unwrap_or(name.trim())));
            let email = validate(&mut field_errors, parse_email(email.as_deref().unwrap_or_default()));
            let (Some(username), Some(display_name), Some(email)) = (username, display_name, email) else {
                return Err(explain(Error::Invalid(field_errors), &name));
            };
            let password = source.password(&username)?;
            let role = if admin { Role::Admin } else { Role::User };
            let user = NewUser { username: username.clone(), display_name, email, role, password };
            app.create_user(by, user).await.map_err(|error| explain(error, &name))?;
            output::line(&format!("{} can sign in.", username.as_str()))
        }
        Command::List { output } => list(app, by.administrator(), output).await,
        Command::SetPassword { name, source } => {
            let username = parse(&name)?;
            let password = source.password(&username)?;
            app.set_user_password(by, &username, password).await.map_err(|error| explain(error, &name))?;
            output::line(&format!("{} has a new password; all sessions were ended.", username.as_str()))
        }
        Command::Deactivate { name } => {
            let username = parse(&name)?;
            app.deactivate_user(by, &username).await.map_err(|error| explain(error, &name))?;
            output::line(&format!("{} is deactivated: sessions are ended, keys are refused.", username.as_str()))
        }
        Command::Activate { name } => {
            let username = parse(&name)?;
            app.activate_user(by, &username).await.map_err(|error| explain(error, &name))?;
            output::line(&format!("{} is active: sign-in and keys work again.", username.as_str()))
        }
    }
}

async fn list(app: &App, by: Administrator<'_>, format: Format) -> Result<(), String> {
    let people = app.list_users(by).await.map_err(|error| error.to_string())?;
    match format {
        Format::Json => {
            let people: Vec<User> = people.iter().map(User::from).collect();
            output::line(&json!(people).to_string())
        }
        Format::Table => {
            let rows: Vec<Vec<String>> = people
                .into_iter()
                .map(|person| {
                    vec![
                        person.username.as_str().to_owned(),
                        person.display_name,
                        person.email.unwrap_or_else(|| "-".into()),
                        person.role.as_str().into(),
                        if person.active { "yes" } else { "no" }.into(),
                        person.last_sign_in_at.map_or_else(|| "-".into(), Timestamp::minute),
                    ]
                })
                .collect();
            output::table(&["User name", "Display name", "Email", "Role", "Active", "Last sign-in (UTC)"], &rows)
        }
    }
}

impl PasswordSource {
    fn password(&self, owner: &Username) -> Result<Password, String> {
        let text = if self.password_stdin {
            let mut text = String::new();
            let limit = u64::try_from(LONGEST_BYTES).unwrap_or(u64::MAX) + 3;
            std::io::stdin()
                .take(limit)
                .read_to_string(&mut text)
                .map_err(|error| format!("standard input: {error}"))?;
            let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
            line.map(ToOwned::to_owned).unwrap_or(text)
        } else {
            if !std::io::stdin().is_terminal() {
                return Err("There is no terminal to ask for the password. Use --password-stdin.".into());
            }
            let ask = |prompt: &str| {
                rpassword::prompt_password(prompt).map_err(|error| format!("the prompt failed: {error}"))
            };
            let text = ask("Password: ")?;
            if text != ask("Password again: ")? {
                return Err("The two passwords differ. Nothing was changed.".into());
            }
            text
        };
        Proposal::parse("password", text)
            .and_then(|proposal| Password::chosen(proposal, owner))
            .map_err(|field_error| format!("{}. Nothing was changed.", field_error.text))
    }
}

fn parse(name: &str) -> Result<Username, String> {
    Username::parse(name).map_err(|field_error| format!("{}.", field_error.text))
}

fn explain(error: Error, name: &str) -> String {
    match error {
        Error::NotFound => format!("There is no user {name:?}. `claviger user list` shows everybody."),
        Error::Invalid(field_errors) => {
            field_errors.iter().map(|field_error| format!("{}.", field_error.text)).collect::<Vec<_>>().join("\n")
        }
        error => error.to_string(),
    }
}
