//! The canary sweep (docs/rules.md, K9): whatever was issued or typed in secret is searched for in everything that the process
//! leaves behind, at the most talkative log level, also in other notations.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

use crate::server::{Server, set_up};
use crate::support::Client;
use crate::support::database::{Database, Kind};
use crate::support::people::{PASSWORD, key_path};

/// A canary in the notations in which it could sit in a log or a file.
fn notations(canary: &str) -> Vec<Vec<u8>> {
    let percent = hex::encode_upper(canary).as_bytes().chunks(2).flat_map(|pair| [b"%", pair].concat()).collect();
    vec![
        canary.as_bytes().to_vec(),
        BASE64_STANDARD.encode(canary).trim_end_matches('=').as_bytes().to_vec(),
        BASE64_URL_SAFE_NO_PAD.encode(canary).into_bytes(),
        hex::encode(canary).into_bytes(),
        hex::encode_upper(canary).into_bytes(),
        percent,
        serde_html_form::to_string([("", canary)]).expect("encodes").as_bytes()[1..].to_vec(),
    ]
}

fn holds(haystack: &[u8], canary: &str) -> bool {
    let found = |needle: &Vec<u8>| {
        let literal = regex::escape(std::str::from_utf8(needle).expect("ASCII"));
        regex::bytes::Regex::new(&literal).expect("a literal").is_match(haystack)
    };
    notations(canary).iter().any(found)
}

/// Uses everything that handles a secret, well and badly; gives all canaries by name.
fn live_through_it(client: &Client) -> Vec<(&'static str, String)> {
    let mut canaries = vec![("the password", PASSWORD.to_owned())];
    let secret = client.secret("ci");
    canaries.push(("the secret", secret.clone()));
    canaries.push(("the secret's random part", secret[13..56].to_owned()));
    for (name, value) in [
        ("authorization", format!("Bearer {secret}")),
        ("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("apikey:{secret}")))),
        ("authorization", format!("Digest {secret}")),
        ("x-api-key", secret.clone()),
        ("apikey", format!("{secret}x")),
        ("user-agent", "x".repeat(50)),
        ("user-agent", format!("tool/1 ({secret})")),
        ("user-agent", format!("tool/1 {}", secret.replace('_', "%5F"))),
        ("user-agent", format!("tool/1 {}", BASE64_STANDARD.encode(format!("apikey:{secret}")))),
    ] {
        for path in ["/verify", "/api/v1/whoami", "/account", "/nowhere"] {
            client.get_with(path, &[(name, &value)]);
            client.get_with(path, &[(name, &value), ("x-api-key", &secret)]);
        }
    }
    let agent = [("user-agent", secret.as_str()), ("sec-fetch-site", "same-origin")];
    for password in [PASSWORD, "a wrong one"] {
        let elsewhere = Client::new(&client.url);
        elsewhere.post_with("/sign-in", &[("username", "admin"), ("password", password)], &agent);
    }
    for path in [
        format!("/verify?api_key={secret}"),
        format!("/{secret}"),
        format!("/external-tool-access/keys/{secret}/edit"),
        format!("/static/{secret}"),
    ] {
        client.get(&path);
    }
    let rotate = format!("{}/rotate", key_path(&secret));
    let rotated = client.submit(&rotate, &rotate, &[("old_ends", "1h")]).secret();
    canaries.push(("the rotated secret", rotated.clone()));
    client.act(&rotated, "disable");
    client.get_with("/verify", &[("x-api-key", &rotated)]);
    client.sign_in("miriam", "a wrong password that nobody may read");
    canaries.push(("a wrong password", "a wrong password that nobody may read".to_owned()));
    client.sign_in("a password in the wrong field", "x");
    canaries.push(("a password in the wrong field", "a password in the wrong field".to_owned()));
    client.submit(
        "/account",
        "/account/password",
        &[
            ("present", "not the present one 1234"),
            ("password", "a chosen one of good length"),
            ("again", "something different here"),
        ],
    );
    canaries.push(("a password that was not taken", "a chosen one of good length".to_owned()));
    let link = client.submit(
        "/admin/users/add",
        "/admin/users/add",
        &[("username", "lena"), ("display_name", "Lena"), ("role", "user")],
    );
    let link = link.texts("#link").remove(0);
    let token = link.split_once("token=").expect("a token").1.to_owned();
    Client::new(&client.url).get(&format!("/welcome?token={token}"));
    canaries.push(("the token of a one-time link", token));
    let grid = "/admin/api-keys?view=all";
    client.submit(grid, "/admin/api-keys/search", &[("q", &rotated)]);
    client.submit(grid, "/admin/api-keys/search", &[("q", &format!("see {rotated} here"))]);
    client.submit("/admin/why-refused", "/admin/why-refused", &[("pasted", &rotated)]);
    client.get(&format!("/admin/api-keys?name~contains={rotated}"));
    client.get(&format!("/admin/audit-log?target={rotated}"));
    client.submit(grid, "/admin/api-keys/views", &[("name", &rotated[..60]), ("state", "view=all")]);
    let draft = client.submit(grid, "/admin/api-keys/bulk", &[("key", &rotated[4..12]), ("do", "disable")]);
    let draft = draft.header("location").to_owned();
    client.submit(&draft, &draft, &[("reason", &format!("because {rotated}"))]);
    client.submit("/account", "/account/profile", &[("display_name", &rotated)]);
    let edit = format!("{}/edit", key_path(&rotated));
    client.submit(&edit, &edit, &[("name", &rotated), ("note", &rotated)]);
    for hidden in [
        rotated[..54].to_owned(),
        rotated.replace('_', "%5F"),
        format!("Basic {}", BASE64_STANDARD.encode(format!("apikey:{rotated}"))),
    ] {
        let answer = client.submit(&edit, &edit, &[("name", "hidden"), ("note", &hidden)]);
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    canaries.push(("much of a secret", rotated[..54].to_owned()));
    let cookie = client.cookie("claviger").expect("a cookie");
    canaries.push(("the session id", cookie[cookie.len() - 64..].to_owned()));
    let token = client.get("/account").hidden_fields("/sign-out").remove("csrf").expect("a token");
    canaries.push(("the form token", token));
    client.act(&rotated, "revoke");
    canaries
}

fn sweep(kind: Kind) {
    let database = Database::bare(kind);
    let mut server = Server::start(&database, &[("CLAVIGER_LOG", "trace"), ("HOME", "/nonexistent")]);
    let client = set_up(&mut server);
    let canaries = live_through_it(&client);
    // The database's files are read while the process lives: the write-ahead log is part of it.
    let mut found = Vec::new();
    for file in std::fs::read_dir(database.folder.path()).expect("the folder") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("bytes");
        found.push((path.display().to_string(), bytes));
    }
    let tables = [
        "api_keys",
        "key_secrets",
        "sessions",
        "audit_events",
        "settings",
        "used_forms",
        "accounts",
        "bulk_jobs",
        "saved_views",
        "sign_in_links",
    ];
    for table in tables {
        found.push((format!("table {table}"), database.dump(table).join("\n").into_bytes()));
    }
    let (_, out, err) = server.end("-TERM");
    assert!(err.contains("TRACE"), "the log is at its most talkative");
    found.push(("standard output".into(), out.into_bytes()));
    found.push(("standard error".into(), err.into_bytes()));
    for (name, canary) in &canaries {
        for (place, bytes) in &found {
            assert!(!holds(bytes, canary), "{name} sits in {place}");
        }
    }
    let control = database.text("SELECT username AS value FROM accounts");
    assert!(found.iter().any(|(_, bytes)| holds(bytes, &control)), "the search finds what is there");
}

#[test]
fn no_secret_is_left_anywhere_on_sqlite() {
    sweep(Kind::Sqlite);
}

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn no_secret_is_left_anywhere_on_postgres() {
    sweep(Kind::Postgres);
}
