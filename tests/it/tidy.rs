//! The code base itself: the length of files, the one home of libraries, clock, randomness and environment.

use std::fs;
use std::path::{Path, PathBuf};

use claviger::domain::keys::secret::Prefix;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder with one of these endings: path from the root, and text.
fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                if !path.ends_with("node_modules") && !path.ends_with("vendor") {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
                let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} holds files");
    found
}

fn sources() -> Vec<(String, String)> {
    files("src", &[".rs"])
}

/// The lines in which a file outside `homes` names one of `words`.
fn strangers(homes: &[&str], words: &[&str]) -> Vec<String> {
    let outside = |name: &str| !homes.iter().any(|home| name.starts_with(home));
    let mut found = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| outside(name)) {
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{name}: {}", line.trim()));
            }
        }
    }
    found
}

#[test]
fn libraries_have_one_home() {
    assert_eq!(
        strangers(&["src/store/"], &["diesel::", "diesel_migrations", "r2d2::"]),
        [""; 0],
        "diesel lives in store"
    );
    assert_eq!(
        strangers(&["src/web/", "src/cli/serve.rs"], &["actix_web::", "actix_session::", "askama::"]),
        [""; 0],
        "actix and askama live in web; cli/serve.rs starts the server"
    );
    assert_eq!(
        strangers(&["src/domain/accounts/password.rs"], &["argon2::"]),
        [""; 0],
        "argon2 lives in domain/accounts/password.rs"
    );
}

#[test]
fn clock_randomness_and_environment_have_one_home() {
    assert_eq!(strangers(&["src/domain/time/clock.rs"], &["Timestamp::now", "SystemTime", "Utc::now"]), [""; 0]);
    assert_eq!(strangers(&["src/actions/mod.rs"], &["SysRng", "rand::rng(", "thread_rng", "OsRng"]), [""; 0]);
    assert_eq!(strangers(&["src/config/given.rs"], &["std::env", "env::var", "env = \""]), [""; 0]);
}

#[test]
fn only_dialect_knows_the_differences_between_the_databases() {
    let homes = ["src/store/dialect/", "src/store/connection.rs", "src/store/address.rs", "src/store/migrations.rs"];
    assert_eq!(strangers(&homes, &["Db::Postgres", "Db::Sqlite", "PRAGMA", "batch_execute"]), [""; 0]);
    assert_eq!(strangers(&["src/store/dialect/"], &["sql_query"]), [""; 0], "SQL text is written in one place");
}

#[test]
fn one_file_is_unsafe() {
    let home = ["src/store/dialect/sqlite_hooks.rs"];
    assert_eq!(strangers(&home, &["unsafe ", "unsafe_code"]), [""; 0], "SQLite's C interface, and nothing else");
}

#[test]
fn files_are_short_and_say_why_they_exist() {
    for (name, text) in sources().into_iter().chain(files("tests/it", &[".rs"])) {
        let lines = text.lines().count();
        let is_printed = name == "src/store/schema.rs"; // by `diesel print-schema`
        assert!(lines <= 400 || is_printed, "{name} has {lines} lines: redraw it");
        assert!(text.starts_with("//!"), "{name} does not begin with //!");
    }
}

#[test]
fn results_are_not_swallowed_and_nothing_is_left_unfinished() {
    assert_eq!(
        strangers(&[], &["todo!(", "unimplemented!(", "TODO", "FIXME", ".unwrap_or_default().ok()", "let _ ="]),
        [""; 0]
    );
    assert_eq!(strangers(&[], &["#[allow("]), [""; 0], "expect with a reason instead");
}

#[test]
fn templates_escape_everything_and_hold_no_inline_script_or_style() {
    for (name, text) in files("templates", &[".html"]) {
        for bad in ["|safe", "autoescape", "style=\"", "<style", " onclick", " onload", "javascript:"] {
            assert!(!text.contains(bad), "{name} holds {bad}");
        }
        for script in text.split("<script").skip(1) {
            assert!(script.starts_with(" src="), "{name} holds an inline script");
        }
        for foreign in ["http://", "https://", "src=\"//"] {
            assert!(!text.contains(foreign), "{name} names another host");
        }
    }
}

#[test]
fn every_asset_that_a_template_names_exists() {
    for (name, text) in files("templates", &[".html"]) {
        for asset in text.split("assets::path(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert_ne!(claviger::web::assets::path(asset), "/static/missing", "{name} names {asset}");
        }
        let icons = fs::read_to_string(root().join("static/icons.svg")).expect("icons");
        for icon in text.split("ui::icon(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(icons.contains(&format!("id=\"i-{icon}\"")), "{name} names the icon {icon}");
        }
    }
}

#[test]
fn bootstrap_is_byte_identical_to_the_published_file() {
    use sha2::{Digest, Sha256};
    let bytes = fs::read(root().join("static/vendor/bootstrap-5.3.8.min.css")).expect("bootstrap");
    let hash = hex::encode(Sha256::digest(bytes));
    assert_eq!(hash, "d85327d99c7a3ee1f9b5d0500d1370acea3ad2db39c163c2f51f232baedbdede");
}

#[test]
fn nothing_in_the_tree_looks_like_a_key_to_a_scanner() {
    let pattern = regex::Regex::new(&Prefix::default().scanner_pattern()).expect("a pattern");
    let texts = [".rs", ".html", ".md", ".js", ".mjs", ".css", ".sql"];
    let folders = ["src", "tests", "templates", "static", "docs", "migrations"].map(|folder| files(folder, &texts));
    for (name, text) in folders.into_iter().flatten().chain(files("scripts", &[""])) {
        assert!(!pattern.is_match(&text), "{name} holds something that looks like a key");
    }
}

#[test]
fn the_published_scanner_pattern_is_the_generators() {
    let pattern = Prefix::default().scanner_pattern();
    for document in ["README.md", "docs/security.md"] {
        let text = fs::read_to_string(root().join(document)).expect("a document");
        assert!(text.contains(&pattern), "{document} does not hold {pattern}");
    }
}

#[test]
fn both_migration_folders_hold_the_same_names() {
    let names = |folder: &str| {
        let mut names: Vec<String> = files(folder, &[".sql"])
            .into_iter()
            .map(|(name, _)| name.strip_prefix(folder).expect("below").to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("migrations/sqlite"), names("migrations/postgres"));
}

#[test]
fn lines_of_templates_can_be_read() {
    let too_long: Vec<String> = files("templates", &[".html"])
        .into_iter()
        .flat_map(|(name, text)| {
            let long = text.lines().enumerate().filter(|(_, line)| line.chars().count() > 160);
            long.map(|(number, _)| format!("{name}:{}", number + 1)).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(too_long, [""; 0]);
}

/// Texts of statements are the code's own: what comes from outside is bound (docs/rules.md, Q1).
#[test]
fn no_statement_is_put_together_from_values() {
    let own = ["src/store/dialect/sqlite_hooks.rs"]; // a test of its own
    let put_together =
        strangers(&own, &["sql_query(format!", "sql_query(&format!", "sql::<Bool>(&format!", "sql::<Bool>(format!"]);
    assert_eq!(put_together, [""; 0]);
    let built = |line: &String| !["settings(", "SET {local}"].iter().any(|own| line.contains(own));
    let built: Vec<String> = strangers(&[], &["batch_execute(&"]).into_iter().filter(built).collect();
    assert_eq!(built, [""; 0]);
}

#[test]
fn what_is_cited_stands_in_the_rules() {
    let rules = fs::read_to_string(root().join("docs/rules.md")).expect("the rules");
    let cited =
        regex::Regex::new(r"docs/rules\.md, (rule )?([A-Z]?\d+)(?:(?:, | and )([A-Z]?\d+))*").expect("a pattern");
    let ids = regex::Regex::new(r"[A-Z]?\d+").expect("a pattern");
    let mut seen = 0;
    for (name, text) in
        sources().into_iter().chain(files("tests/it", &[".rs"])).filter(|(name, _)| !name.ends_with("tidy.rs"))
    {
        for citation in cited.captures_iter(&text) {
            let begins = if citation.get(1).is_some() {
                |id: &str| format!("\n{id}. ")
            } else {
                |id: &str| format!("\n| {id} |")
            };
            for id in ids.find_iter(&citation[0][14..]) {
                assert!(rules.contains(&begins(id.as_str())), "{name} cites {} of docs/rules.md", id.as_str());
                seen += 1;
            }
        }
    }
    assert!(seen > 40, "{seen} citations");
}
