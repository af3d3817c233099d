//! The binary: its arguments, its words, its exit codes.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::support::database::{Database, Kind};
use crate::support::people::PASSWORD;
use crate::support::{TestApp, on_both};

pub fn claviger(database_url: &str, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_claviger"))
        .args(arguments)
        .env_clear()
        .env("DATABASE_URL", database_url)
        .env("CLAVIGER_LOG", "error")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("standard input");
    if let Err(error) = stdin.write_all(input.as_bytes()) {
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe, "a command that asks for nothing may end first");
    }
    drop(stdin);
    child.wait_with_output().expect("the binary ends")
}

fn text(output: &Output) -> (bool, String, String) {
    let read = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), read(&output.stdout), read(&output.stderr))
}

fn accounts_are_managed_while_a_server_runs_which_notices(app: TestApp) {
    let url = app.database.url.clone();
    // Another process changes something here: the server reads it from the change feed.
    let run = |arguments: &[&str], input: &str| {
        let said = text(&claviger(&url, arguments, input));
        app.run(app.app.follow_changes());
        said
    };
    let made = run(
        &["user", "create", "Chen", "--display-name", "Chen Wei", "--email", "chen@example.org", "--password-stdin"],
        &format!("{PASSWORD}\n"),
    );
    assert_eq!((made.0, made.1.as_str()), (true, "chen can sign in.\n"), "{}", made.2);
    let client = app.client();
    assert_eq!(client.sign_in("chen", PASSWORD).status, 303);
    let secret = client.secret("ci");
    assert_eq!(app.verify(&secret).status, 200);

    assert!(run(&["user", "create", "boss", "--admin", "--password-stdin"], PASSWORD).0);
    let list = run(&["user", "list"], "").1;
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].starts_with("User name") && lines[1].starts_with("boss") && lines[1].contains("admin"), "{list}");
    let json: serde_json::Value =
        serde_json::from_str(&run(&["user", "list", "--output", "json"], "").1).expect("json");
    assert_eq!(
        (json[1]["username"].as_str(), json[1]["email"].as_str(), json[1]["active"].as_bool()),
        (Some("chen"), Some("chen@example.org"), Some(true))
    );

    assert!(run(&["user", "deactivate", "chen"], "").0);
    assert!(!client.is_signed_in());
    assert_eq!(app.verify(&secret).status, 401);
    assert!(run(&["user", "activate", "chen"], "").0);
    assert_eq!(app.verify(&secret).status, 200);
    assert!(run(&["user", "set-password", "chen", "--password-stdin"], "another horse battery staple\n").0);
    assert_eq!(client.sign_in("chen", "another horse battery staple").status, 303);
    let refused = run(&["user", "deactivate", "boss"], "");
    assert_eq!(
        (refused.0, refused.2.as_str()),
        (false, "This is the last active administrator. Make another one first.\n")
    );
    assert_eq!(app.database.count("audit_events WHERE via = 'cli' AND actor_name = 'command line'"), 5);
}
on_both!(accounts_are_managed_while_a_server_runs_which_notices);

#[test]
fn mistakes_are_explained_and_end_with_a_failure() {
    let database = Database::new(Kind::Sqlite);
    let run = |arguments: &[&str], input: &str| text(&claviger(&database.url, arguments, input));
    assert!(run(&["user", "create", "ann", "--password-stdin"], PASSWORD).0);
    for (arguments, input, words) in [
        (&["user", "create", "ann", "--password-stdin"][..], PASSWORD, "This user name is taken. Choose another."),
        (&["user", "create", "b ob", "--password-stdin"], PASSWORD, "Use 1 to 64 letters"),
        (&["user", "create", "bob", "--email", "x", "--password-stdin"], PASSWORD, "Enter an email address"),
        (&["user", "create", "bob", "--password-stdin"], "short\n", "Choose a password of 15 characters or more"),
        (&["user", "create", "bob", "--password-stdin"], "", "Choose a password of 15 characters or more"),
        (&["user", "create", "bob"], PASSWORD, "There is no terminal to ask for the password. Use --password-stdin."),
        (&["user", "deactivate", "bob"], "", "There is no user \"bob\""),
        (&["user", "set-password", "bob", "--password-stdin"], PASSWORD, "There is no user \"bob\""),
        (&["user", "create", "bob", "--password", PASSWORD], "", "unexpected argument"),
    ] {
        let (success, out, err) = run(arguments, input);
        assert!(!success && out.is_empty() && err.contains(words), "{arguments:?}: {out}{err}");
        assert!(!err.contains("panicked"), "{err}");
    }
    assert_eq!(database.count("accounts"), 1);
}

#[test]
fn looking_for_people_where_there_is_no_database_makes_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("claviger.db");
    for arguments in [&["user", "list"][..], &["user", "deactivate", "ann"]] {
        let (success, _, err) = text(&claviger(&format!("sqlite://{}", path.display()), arguments, ""));
        assert!(!success && err.contains("There is no database at") && err.contains("DATABASE_URL"), "{err}");
    }
    assert!(!path.exists());
}

#[test]
fn all_mistakes_of_the_settings_are_named_together() {
    let output = Command::new(env!("CARGO_BIN_EXE_claviger"))
        .arg("serve")
        .env_clear()
        .envs([
            ("DATABASE_URL", "mysql://root:hunter2@x/y"),
            ("CLAVIGER_LISTEN", "nowhere"),
            ("CLAVIGER_LOG_FORMAT", "xml"),
        ])
        .output()
        .expect("the binary ends");
    let (success, _, err) = text(&output);
    assert!(!success);
    for variable in ["DATABASE_URL", "CLAVIGER_LISTEN", "CLAVIGER_LOG_FORMAT"] {
        assert!(err.contains(variable), "{err}");
    }
    assert!(!err.contains("hunter2"));
}

#[test]
fn help_documents_every_setting_and_shows_no_value_of_the_database() {
    let output = Command::new(env!("CARGO_BIN_EXE_claviger"))
        .arg("--help")
        .env_clear()
        .env("DATABASE_URL", "postgres://u:hunter2@x/y")
        .output()
        .expect("the binary ends");
    let help = text(&output).1;
    let operations =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md")).expect("the document");
    for variable in [
        "DATABASE_URL",
        "CLAVIGER_LISTEN",
        "CLAVIGER_PUBLIC_URL",
        "CLAVIGER_TRUSTED_PROXIES",
        "CLAVIGER_GATEWAY_NETWORKS",
        "CLAVIGER_KEY_PREFIX",
        "CLAVIGER_LOG",
        "CLAVIGER_LOG_FORMAT",
    ] {
        assert!(help.contains(variable) && operations.contains(&format!("`{variable}`")), "{variable}");
    }
    assert!(!help.contains("hunter2"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let app = TestApp::start(Kind::Sqlite);
    for n in 0..3 {
        app.person(&format!("person{n}"));
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_claviger"))
        .args(["user", "list"])
        .env_clear()
        .env("DATABASE_URL", &app.database.url)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the binary ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_unreachable_postgres_is_said_clearly_and_without_its_password() {
    let (success, _, err) = text(&claviger("postgres://claviger:hunter2@127.0.0.1:9/claviger", &["migrate"], ""));
    assert!(!success && err.contains("Connection refused") && !err.contains("hunter2"), "{err}");
}
