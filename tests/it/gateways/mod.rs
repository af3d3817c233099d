//! Real gateways in front of the real server, with the configurations of docs/gateways.md: what that page says is what is seen.

pub mod running;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use self::running::{Gateway, Tool, caddy, free_port, nginx};
use crate::server::{Server, set_up};
use crate::support::database::{Database, Kind};
use crate::support::people::eight;
use crate::support::{Answer, Client};
use crate::verify::unknown_key;

const PAGE: &str = include_str!("../../../docs/gateways.md");
/// Where the table begins.
const HEAD: &str = "| question | nginx | Caddy |\n|---|---|---|\n";

/// Claviger with keys of each kind.
struct Site {
    database: Database,
    server: Server,
    port: u16,
    person: Client,
    good: String,
    reader: String,
    revoked: String,
}

impl Site {
    fn start() -> Self {
        let database = Database::bare(Kind::Sqlite);
        let port = free_port();
        let mut server = serve(&database, port);
        let person = set_up(&mut server);
        let add = [("service", "tiled"), ("name", "read:data"), ("description", "")];
        assert_eq!(person.submit("/admin/permissions", "/admin/permissions", &add).status, 303);
        let policy = [("name", "Reader"), ("scope", "read:data")];
        assert_eq!(person.submit("/admin/policies/new", "/admin/policies/new", &policy).status, 303);
        assert_eq!(
            person.submit("/admin/users/miriam", "/admin/users/miriam/policies", &[("policy", "Reader")]).status,
            303
        );
        let good =
            person.generate_with(&[("name", "good"), ("access", "scopes"), ("scope", "claviger:keys:read")]).secret();
        let (reader, revoked) = (person.secret("reader"), person.secret("revoked"));
        person.act(&revoked, "revoke");
        Self { database, server, port, person, good, reader, revoked }
    }
}

fn serve(database: &Database, port: u16) -> Server {
    let listen = format!("127.0.0.1:{port}");
    Server::start(
        database,
        &[
            ("CLAVIGER_LISTEN", &listen),
            ("CLAVIGER_TRUSTED_PROXIES", "127.0.0.1"),
            ("CLAVIGER_HOSTS", "keys.example.org"),
        ],
    )
}

const IDENTITY: [&str; 7] =
    ["remote-user", "remote-name", "remote-email", "x-key-id", "x-key-scopes", "x-key-resource", "x-key-expires-at"];

/// What the client and the tool saw, in words.
fn seen(answer: &Answer, tool: &Tool, secrets: &[&str]) -> String {
    let challenges: Vec<&str> = answer
        .all("www-authenticate")
        .into_iter()
        .map(|challenge| challenge.split_whitespace().next().unwrap_or_default())
        .collect();
    let mut words = vec![answer.status.to_string()];
    if !challenges.is_empty() {
        words.push(challenges.join(" and "));
    }
    if !answer.header("retry-after").is_empty() {
        words.push("Retry-After".into());
    }
    match &tool.seen()[..] {
        [] => {}
        [(head, length)] => words.push(passed(head, *length, secrets)),
        more => panic!("the tool was asked {} times", more.len()),
    }
    words.join(", ")
}

/// What the tool got, in words: it names whatever is not as it should be.
fn passed(head: &str, length: usize, secrets: &[&str]) -> String {
    let mut words = vec!["passed".to_owned()];
    let mut headers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(':').expect("a header");
        headers.entry(name.to_ascii_lowercase()).or_default().push(value.trim());
    }
    for name in IDENTITY {
        let values = headers.remove(name).unwrap_or_default();
        let right = match name {
            "remote-user" => values == ["miriam"],
            "remote-name" => values == ["Miriam"],
            "x-key-id" => values.len() == 1 && secrets.iter().any(|secret| eight(secret) == values[0]),
            "x-key-scopes" => values.len() == 1 && values[0].contains(':'),
            "x-key-expires-at" => values.len() == 1 && values[0].ends_with('Z'),
            _ => values.iter().all(|value| value.is_empty()),
        };
        if !right {
            words.push(format!("{name}: {values:?}"));
        }
    }
    for (name, values) in
        headers.iter().filter(|(name, _)| name.contains('_') || name.starts_with("remote") || name.starts_with("x-key"))
    {
        words.push(format!("{name}: {values:?}"));
    }
    if secrets.iter().any(|secret| head.contains(*secret)) || head.to_lowercase().contains("authorization:") {
        words.push("with the key".into());
    }
    if length > 0 {
        words.push(format!("a body of {length} bytes"));
    }
    words.join(", ")
}

/// Many keys that nobody knows: 429, and not a status that says the gateway is broken. A good key passes.
fn flood(get: &impl Fn(&str, &[(&str, &str)]) -> String, good: &str) {
    let throttled = (0..500).map(|_| get("/", &[("x-api-key", "clv_nothing")])).find(|seen| !seen.starts_with("401"));
    assert_eq!(throttled, None, "what has not the form of a key is not counted");
    let throttled =
        (0..2_000).map(|n| get("/", &[("x-api-key", &unknown_key(n))])).find(|seen| !seen.starts_with("401"));
    assert_eq!(throttled.as_deref(), Some("429, Retry-After"));
    assert_eq!(get("/", &[("x-api-key", good)]), "200, passed");
}

/// The seventeen questions to one gateway: what was asked, and what was seen.
fn ask(start: fn(&Path, u16, u16) -> Gateway) -> Vec<(&'static str, String)> {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut site, tool) = (Site::start(), Tool::start());
    let gateway = start(folder.path(), site.port, tool.port);
    let (good, reader, revoked) = (site.good.clone(), site.reader.clone(), site.revoked.clone());
    let secrets = [good.as_str(), reader.as_str(), revoked.as_str()];
    let mut all = Vec::new();
    let bearer = format!("Bearer {good}");
    let get = |path: &str, headers: &[(&str, &str)]| seen(&gateway.tool.get(path, headers), &tool, &secrets);

    all.push(("a good key as `Authorization: Bearer`", get("/", &[("authorization", &bearer)])));
    let netrc = folder.path().join("netrc");
    std::fs::write(&netrc, format!("machine 127.0.0.1 login apikey password {good}\n")).expect("written");
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: data.example.org", "--netrc-file"])
        .arg(&netrc)
        .arg(format!("http://127.0.0.1:{}/", gateway.tool.port));
    let status = String::from_utf8(curl.output().expect("curl runs").stdout).expect("text");
    let got = tool.seen();
    all.push((
        "the same from `.netrc`, by curl",
        format!(
            "{status}, {}",
            got.first().map_or_else(|| "not passed".into(), |(head, length)| passed(head, *length, &secrets))
        ),
    ));
    all.push(("the same as `X-API-Key`", get("/", &[("x-api-key", &good)])));
    all.push(("no key", get("/", &[])));
    all.push(("a key that nobody knows", get("/", &[("x-api-key", "clv_nothing")])));
    all.push(("a revoked key", get("/", &[("x-api-key", &revoked)])));
    let with = get("/data/1", &[("x-api-key", &reader)]);
    let without = get("/data/1?resource_optional=true", &[("x-api-key", &good)]);
    all.push(("`/data/` with a key that has `read:data`; without it", format!("{with}; {without}")));
    all.push(("two different keys", get("/", &[("authorization", &bearer), ("x-api-key", &reader)])));
    let spoofed = [
        ("x-api-key", good.as_str()),
        ("remote-user", "root"),
        ("remote-email", "ceo@example.org"),
        ("x-key-scopes", "claviger:admin"),
        ("x-key-resource", "project:abc"),
    ];
    all.push((
        "a good key, and `Remote-User: root`, `Remote-Email`, `X-Key-Scopes`, `X-Key-Resource`",
        get("/", &spoofed),
    ));
    let underscored = [("x-api-key", good.as_str()), ("remote_user", "root"), ("x_key_scopes", "claviger:admin")];
    all.push(("a good key, and `Remote_User: root`, `X_Key_Scopes`", get("/", &underscored)));
    let forged = get("/", &[("x-api-key", &good), ("x-forwarded-for", "8.8.8.8")]);
    let page = site.person.key_page(&good).text();
    let whence = if page.contains("8.8.8.8") {
        "from 8.8.8.8"
    } else if page.contains("127.0.0.1") {
        "from the client's own address"
    } else {
        "from nowhere"
    };
    all.push((
        "a good key, and `X-Forwarded-For: 8.8.8.8`: the use that its page shows",
        format!("{forged}, {whence}"),
    ));
    let body = "x".repeat(100_000);
    let body = gateway.tool.send("POST", "/", &[("x-api-key", &good), ("content-type", "text/plain")], &body);
    all.push(("a POST of 100,000 bytes", seen(&body, &tool, &secrets)));
    let odd = gateway.tool.get("/a%2e%2e/b%20c?x=%00&resource_optional=true", &[("x-api-key", &good)]);
    let got = tool.seen();
    let line = got.first().map_or("", |(head, _)| head.lines().next().unwrap_or_default());
    let unchanged = if line.starts_with("GET /a%2e%2e/b%20c?x=%00&resource_optional=true HTTP/1.") {
        "passed unchanged"
    } else {
        line
    };
    all.push(("`/a%2e%2e/b%20c?x=%00` with a good key", format!("{}, {unchanged}", odd.status)));
    let outside = ["/verify", "/verify?x=1", "/%76erify"]
        .map(|path| gateway.pages.get(path, &[("x-api-key", &good)]).status.to_string());
    all.push(("`/verify`, `/verify?x=1`, `/%76erify` of Claviger's own site", outside.join(", ")));

    // Hung, gone, and back.
    site.server.freeze();
    let since = Instant::now();
    let hung = get("/", &[("x-api-key", &good)]);
    let slow = if since.elapsed() < Duration::from_secs(4) { "within 4 s" } else { "after more than 4 s" };
    site.server.signal("-CONT");
    all.push(("Claviger hangs", format!("{hung}, {slow}")));
    let gone = std::mem::replace(&mut site.server, serve(&Database::bare(Kind::Sqlite), free_port()));
    gone.end("-KILL");
    all.push(("Claviger is gone", get("/", &[("x-api-key", &good)])));
    site.server = serve(&site.database, site.port);
    all.push(("Claviger is back", get("/", &[("x-api-key", &good)])));
    flood(&get, &good);
    all
}

#[test]
fn the_table_of_the_page_is_what_nginx_and_caddy_do() {
    let (nginx, caddy) = std::thread::scope(|scope| {
        let other = scope.spawn(|| ask(caddy));
        (ask(nginx), other.join().expect("no panic"))
    });
    assert_eq!(nginx.len(), 17);
    let mut table = HEAD.to_owned();
    for ((question, by_nginx), (_, by_caddy)) in nginx.iter().zip(&caddy) {
        writeln!(table, "| {question} | {by_nginx} | {by_caddy} |").expect("written");
    }
    let written =
        PAGE.split_once(HEAD).map(|(_, rest)| format!("{HEAD}{}", rest.split("\n\n").next().unwrap_or_default()));
    let written = written.unwrap_or_default();
    assert!(written.trim_end() == table.trim_end(), "docs/gateways.md has to say:\n{table}");
}
