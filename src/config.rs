//! Every setting of the process: name, default, meaning. The one home of the environment; read once, all mistakes reported together.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use crate::domain::secret::Prefix;
use crate::store::Address;

/// What is logged when nobody says otherwise.
const DEFAULT_LOG: &str = "info,actix_server=warn,actix_session=warn";

/// The settings as they were given: flags first, then the environment, then the defaults.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Given {
    /// Where the keys are kept: `sqlite://PATH` (the folder is made when it is missing) or `postgres://USER:PASSWORD@HOST/NAME`.
    /// [default: `sqlite://data/claviger.db` in the present folder]
    #[arg(
        long,
        global = true,
        env = "DATABASE_URL",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Settings"
    )]
    pub database_url: Option<String>,
    /// The address and port to listen on. [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "CLAVIGER_LISTEN", value_name = "ADDRESS:PORT", help_heading = "Settings")]
    pub listen: Option<String>,
    /// The address that people and programs use, such as `https://keys.example.org`. [default: http:// and the listening address]
    #[arg(long, global = true, env = "CLAVIGER_PUBLIC_URL", value_name = "URL", help_heading = "Settings")]
    pub public_url: Option<String>,
    /// Reverse proxies whose `X-Forwarded-For` is believed: addresses or networks, separated by commas. [default: none]
    #[arg(long, global = true, env = "CLAVIGER_TRUSTED_PROXIES", value_name = "NETWORKS", help_heading = "Settings")]
    pub trusted_proxies: Option<String>,
    /// Who may ask `/verify`: addresses or networks, separated by commas. [default: loopback and private networks]
    #[arg(long, global = true, env = "CLAVIGER_GATEWAY_NETWORKS", value_name = "NETWORKS", help_heading = "Settings")]
    pub gateway_networks: Option<String>,
    /// What keys start with; several are accepted, separated by commas, the first makes new keys. [default: clv]
    #[arg(long, global = true, env = "CLAVIGER_KEY_PREFIX", value_name = "PREFIXES", help_heading = "Settings")]
    pub key_prefix: Option<String>,
    /// How long to go on after SIGTERM before the server ends, in seconds, so that a load balancer sees that it is not ready.
    /// [default: 0]
    #[arg(long, global = true, env = "CLAVIGER_SHUTDOWN_DELAY", value_name = "SECONDS", help_heading = "Settings")]
    pub shutdown_delay: Option<String>,
    /// Connections that one address may have at a time; trusted proxies may have any number. [default: 256]
    #[arg(
        long,
        global = true,
        env = "CLAVIGER_CONNECTIONS_PER_ADDRESS",
        value_name = "NUMBER",
        help_heading = "Settings"
    )]
    pub connections_per_address: Option<String>,
    /// What stands between this server and Postgres: `none`, or `transaction`, a pooler that gives each transaction another
    /// session (PgBouncer's transaction mode). [default: none]
    #[arg(long, global = true, env = "CLAVIGER_DATABASE_POOLER", value_name = "KIND", help_heading = "Settings")]
    pub database_pooler: Option<String>,
    /// What is logged, as a tracing filter such as `info` or `claviger=debug,warn`. [default: info, without the HTTP server's own lines]
    #[arg(long, global = true, env = "CLAVIGER_LOG", value_name = "FILTER", help_heading = "Settings")]
    pub log: Option<String>,
    /// How it is logged: `text` or `json`. [default: text]
    #[arg(long, global = true, env = "CLAVIGER_LOG_FORMAT", value_name = "FORMAT", help_heading = "Settings")]
    pub log_format: Option<String>,
}

/// The settings, parsed. No `Debug`: the database's address may hold a password.
#[derive(Clone)]
pub struct Config {
    /// Where the keys are kept.
    pub database: Address,
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The address that people use; `None` follows the listening address.
    pub public_url: Option<Url>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Who may ask `/verify`.
    pub gateway_networks: Vec<IpNet>,
    /// The prefixes of keys: the first makes new ones, all are accepted. Never empty.
    pub prefixes: Vec<Prefix>,
    /// How long to go on after SIGTERM before the server ends.
    pub shutdown_delay: Duration,
    /// Connections that one address may have at a time.
    pub connections_per_address: usize,
    /// What is logged.
    pub log: String,
    /// As JSON lines instead of text.
    pub log_json: bool,
}

impl Config {
    /// Parses all settings; every mistake is a sentence that names its variable.
    pub fn parse(given: &Given) -> Result<Self, Vec<String>> {
        let mut mistakes = Vec::new();
        let mut keep = |parsed: Result<(), String>| mistakes.extend(parsed.err());
        let mut config = Self {
            database: Address::Sqlite("data/claviger.db".into()),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            trusted_proxies: Vec::new(),
            gateway_networks: private_networks(),
            prefixes: vec![Prefix::default()],
            shutdown_delay: Duration::ZERO,
            connections_per_address: 256,
            log: DEFAULT_LOG.into(),
            log_json: false,
        };
        keep(set(given.database_url.as_ref(), &mut config.database, database));
        keep(set(given.listen.as_ref(), &mut config.listen, |text| {
            text.parse()
                .map_err(|_| format!("CLAVIGER_LISTEN is {text:?}. Give an address and a port, such as 127.0.0.1:8080"))
        }));
        keep(set(given.public_url.as_ref(), &mut config.public_url, |text| public_url(text).map(Some)));
        keep(set(given.trusted_proxies.as_ref(), &mut config.trusted_proxies, |text| {
            networks("CLAVIGER_TRUSTED_PROXIES", text)
        }));
        keep(set(given.gateway_networks.as_ref(), &mut config.gateway_networks, |text| {
            networks("CLAVIGER_GATEWAY_NETWORKS", text)
        }));
        keep(set(given.key_prefix.as_ref(), &mut config.prefixes, prefixes));
        keep(set(given.shutdown_delay.as_ref(), &mut config.shutdown_delay, |text| {
            number("CLAVIGER_SHUTDOWN_DELAY", text, 0, 600).map(Duration::from_secs)
        }));
        keep(set(given.connections_per_address.as_ref(), &mut config.connections_per_address, |text| {
            number("CLAVIGER_CONNECTIONS_PER_ADDRESS", text, 8, 1_000_000)
                .map(|number| usize::try_from(number).unwrap_or(usize::MAX))
        }));
        let mut pooled = false;
        keep(set(given.database_pooler.as_ref(), &mut pooled, |text| match text {
            "none" => Ok(false),
            "transaction" => Ok(true),
            _ => Err(format!("CLAVIGER_DATABASE_POOLER is {text:?}. Give none or transaction")),
        }));
        if let Address::Postgres { pooler, .. } = &mut config.database {
            *pooler = pooled;
        }
        keep(set(given.log.as_ref(), &mut config.log, |text| {
            let filter = tracing_subscriber::EnvFilter::try_new(text);
            filter
                .map(|_| text.to_owned())
                .map_err(|error| format!("CLAVIGER_LOG is {text:?}: {error}. Give a filter such as info"))
        }));
        keep(set(given.log_format.as_ref(), &mut config.log_json, |text| match text {
            "text" => Ok(false),
            "json" => Ok(true),
            _ => Err(format!("CLAVIGER_LOG_FORMAT is {text:?}. Give text or json")),
        }));
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
    }

    /// The address that people use, with the port that was really bound; without a slash at the end.
    pub fn public_address(&self, bound: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None if bound.ip().is_unspecified() => format!("http://localhost:{}", bound.port()),
            None => format!("http://{bound}"),
        }
    }

    /// Do people come by https?
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }
}

/// Parses a setting that was given and is not blank.
fn set<T>(given: Option<&String>, target: &mut T, parse: impl Fn(&str) -> Result<T, String>) -> Result<(), String> {
    match given.map(|text| text.trim()).filter(|text| !text.is_empty()) {
        Some(text) => parse(text).map(|value| *target = value),
        None => Ok(()),
    }
}

/// The text of a wrong address is not repeated: it may hold a password.
fn database(text: &str) -> Result<Address, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(Address::postgres(text));
    }
    match text.strip_prefix("sqlite://") {
        Some(path) if !path.is_empty() && !path.contains(['?', '\0']) && !path.ends_with('/') && path != ":memory:" => {
            Ok(Address::Sqlite(path.to_owned()))
        }
        _ => Err("DATABASE_URL is neither sqlite://PATH nor postgres://USER:PASSWORD@HOST/NAME. Give one of the two, such as sqlite://data/claviger.db".into()),
    }
}

fn public_url(text: &str) -> Result<Url, String> {
    let wrong = || {
        format!(
            "CLAVIGER_PUBLIC_URL is {text:?}. Give http:// or https:// and a host, without a path, such as https://keys.example.org"
        )
    };
    let url = Url::parse(text).map_err(|_| wrong())?;
    let plain = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.host().is_some() && plain).then_some(url).ok_or_else(wrong)
}

fn networks(variable: &str, text: &str) -> Result<Vec<IpNet>, String> {
    let network = |part: &str| part.parse::<IpNet>().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            network(part).map_err(|_| {
                format!("{variable} holds {part:?}. Give addresses or networks such as 10.0.0.0/8, separated by commas")
            })
        })
        .collect()
}

fn number(variable: &str, text: &str, least: u64, most: u64) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{variable} is {text:?}. Give a number between {least} and {most}"))
}

fn prefixes(text: &str) -> Result<Vec<Prefix>, String> {
    let parse = |part: &str| {
        Prefix::parse(part.trim())
            .ok_or_else(|| format!("CLAVIGER_KEY_PREFIX holds {part:?}. Give 2 to 12 lower-case letters or digits"))
    };
    text.split(',').map(parse).collect()
}

/// Loopback, RFC 1918, RFC 4193 and link-local networks.
fn private_networks() -> Vec<IpNet> {
    const PRIVATE: [&str; 8] = [
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    ];
    PRIVATE.iter().filter_map(|network| network.parse().ok()).collect()
}

/// Makes the folder and the file of an SQLite database, readable by their owner alone, when they are missing.
pub fn make_home(database: &Address) -> Result<(), String> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    let Address::Sqlite(path) = database else { return Ok(()) };
    let path = Path::new(path);
    let failed = |error: std::io::Error| format!("DATABASE_URL: {} cannot be made: {error}", path.display());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    if !path.exists() {
        std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_reported_together_and_none_repeats_a_password() {
        let given = Given {
            database_url: Some("mysql://root:hunter2@host/db".into()),
            listen: Some("here".into()),
            public_url: Some("ftp://x".into()),
            trusted_proxies: Some("10.0.0.0/99".into()),
            gateway_networks: Some("x".into()),
            key_prefix: Some("CLV".into()),
            shutdown_delay: Some("soon".into()),
            connections_per_address: Some("1".into()),
            database_pooler: Some("session".into()),
            log: Some("a=b=c".into()),
            log_format: Some("xml".into()),
        };
        let mistakes = Config::parse(&given).err().unwrap();
        let text = mistakes.join("\n");
        for variable in [
            "DATABASE_URL",
            "CLAVIGER_LISTEN",
            "CLAVIGER_PUBLIC_URL",
            "CLAVIGER_TRUSTED_PROXIES",
            "CLAVIGER_GATEWAY_NETWORKS",
            "CLAVIGER_KEY_PREFIX",
            "CLAVIGER_SHUTDOWN_DELAY",
            "CLAVIGER_CONNECTIONS_PER_ADDRESS",
            "CLAVIGER_DATABASE_POOLER",
            "CLAVIGER_LOG is",
            "CLAVIGER_LOG_FORMAT",
        ] {
            assert!(text.contains(variable), "{variable} is missing from {text}");
        }
        assert_eq!(mistakes.len(), 11);
        assert!(!text.contains("hunter2"));
    }

    fn parsed(given: &Given) -> Config {
        Config::parse(given).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
    }

    #[test]
    fn blank_settings_are_the_defaults() {
        let given = Given { listen: Some("  ".into()), database_url: Some(String::new()), ..Given::default() };
        let config = parsed(&given);
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert!(matches!(config.database, Address::Sqlite(path) if path == "data/claviger.db"));
    }

    #[test]
    fn other_databases_are_refused() {
        for bad in [
            "data.db",
            "sqlite:data.db",
            "sqlite://",
            "sqlite://:memory:",
            "file:x",
            "mysql://x",
            "sqlite://a?mode=ro",
            "sqlite://dir/",
        ] {
            assert!(database(bad).is_err(), "{bad}");
        }
    }
}
