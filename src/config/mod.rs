//! Every setting of the process, parsed: read once, all errors reported together.

mod given;
mod values;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use values::{database, hosts, networks, number, password_in, prefixes, private_networks, public_url, set};

use crate::domain::keys::secret::Prefix;
use crate::store::Address;

pub use given::Given;

/// What is logged when nobody says otherwise.
const DEFAULT_LOG: &str = "info,actix_server=warn,actix_session=warn";

/// The settings, parsed. No `Debug`: the database's address may hold a password.
#[derive(Clone)]
pub struct Config {
    /// Where the keys are kept.
    pub database: Address,
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The address that people use; `None` follows the listening address.
    pub public_url: Option<Url>,
    /// Host names under which this server is asked, besides the public address; lower case.
    pub hosts: Vec<String>,
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
    /// Keys that are remembered, at most.
    pub cache_keys: usize,
    /// After how many milliseconds, at most, a change counts on every server.
    pub revocation_bound: u64,
    /// What is logged.
    pub log: String,
    /// As JSON lines instead of text.
    pub log_json: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: Address::Sqlite("data/claviger.db".into()),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            gateway_networks: private_networks(),
            prefixes: vec![Prefix::default()],
            shutdown_delay: Duration::ZERO,
            connections_per_address: 256,
            cache_keys: 1_000_000,
            revocation_bound: 1_000,
            log: DEFAULT_LOG.into(),
            log_json: false,
        }
    }
}

impl Config {
    /// Parses all settings; every error is a sentence that names its variable.
    pub fn parse(given: &Given) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let mut keep = |parsed: Result<(), String>| errors.extend(parsed.err());
        let mut config = Self::default();
        keep(set(given.database_url.as_ref(), &mut config.database, database));
        keep(set(given.listen.as_ref(), &mut config.listen, |text| {
            text.parse()
                .map_err(|_| format!("CLAVIGER_LISTEN is {text:?}. Give an address and a port, such as 127.0.0.1:8080"))
        }));
        keep(set(given.public_url.as_ref(), &mut config.public_url, |text| public_url(text).map(Some)));
        keep(set(given.hosts.as_ref(), &mut config.hosts, hosts));
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
        keep(set(given.cache_keys.as_ref(), &mut config.cache_keys, |text| {
            number("CLAVIGER_CACHE_KEYS", text, 0, 100_000_000)
                .map(|number| usize::try_from(number).unwrap_or(usize::MAX))
        }));
        keep(set(given.revocation_bound.as_ref(), &mut config.revocation_bound, |text| {
            number("CLAVIGER_REVOCATION_BOUND_MS", text, 100, 60_000)
        }));
        let mut password = None;
        keep(set(given.database_password_file.as_ref(), &mut password, |path| password_in(path).map(Some)));
        if let Some(password) = password {
            keep(config.database.set_password(&password));
        }
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
        if errors.is_empty() { Ok(config) } else { Err(errors) }
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
            database_password_file: Some("/nowhere/hunter2".into()),
            public_url: Some("ftp://x".into()),
            hosts: Some("https://x".into()),
            trusted_proxies: Some("10.0.0.0/99".into()),
            gateway_networks: Some("x".into()),
            key_prefix: Some("CLV".into()),
            shutdown_delay: Some("soon".into()),
            connections_per_address: Some("1".into()),
            cache_keys: Some("many".into()),
            revocation_bound: Some("10".into()),
            database_pooler: Some("session".into()),
            log: Some("a=b=c".into()),
            log_format: Some("xml".into()),
        };
        let errors = Config::parse(&given).err().unwrap();
        let text = errors.join("\n");
        for variable in [
            "DATABASE_URL",
            "CLAVIGER_LISTEN",
            "CLAVIGER_PUBLIC_URL",
            "DATABASE_PASSWORD_FILE",
            "CLAVIGER_HOSTS",
            "CLAVIGER_TRUSTED_PROXIES",
            "CLAVIGER_GATEWAY_NETWORKS",
            "CLAVIGER_KEY_PREFIX",
            "CLAVIGER_SHUTDOWN_DELAY",
            "CLAVIGER_CONNECTIONS_PER_ADDRESS",
            "CLAVIGER_CACHE_KEYS",
            "CLAVIGER_REVOCATION_BOUND_MS",
            "CLAVIGER_DATABASE_POOLER",
            "CLAVIGER_LOG is",
            "CLAVIGER_LOG_FORMAT",
        ] {
            assert!(text.contains(variable), "{variable} is missing from {text}");
        }
        assert_eq!(errors.len(), 15);
        assert!(!text.contains("hunter2"));
    }

    #[test]
    fn a_password_is_read_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let url_with = |url: &str, text: &str| {
            std::fs::write(&path, text).unwrap();
            let given = Given {
                database_url: Some(url.into()),
                database_password_file: Some(path.display().to_string()),
                ..Given::default()
            };
            match Config::parse(&given).map(|config| config.database) {
                Ok(Address::Postgres { url, .. }) => Ok(url),
                Ok(Address::Sqlite(path)) => Ok(path),
                Err(errors) => Err(errors.join(" ")),
            }
        };
        assert_eq!(
            url_with("postgres://ada@h1,h2/db", "p&s%w/?\n").unwrap(),
            "postgres://ada@h1,h2/db?password=p%26s%25w%2F%3F"
        );
        assert_eq!(url_with("postgres://ada@h/db?a=b", "x").unwrap(), "postgres://ada@h/db?a=b&password=x");
        for (url, text) in [
            ("postgres://ada:x@h/db", "y"),
            ("sqlite://data.db", "y"),
            ("postgres://h/db", ""),
            ("postgres://h/db", "a\nb"),
        ] {
            assert!(url_with(url, text).unwrap_err().contains("DATABASE_PASSWORD_FILE"), "{url}");
        }
    }

    fn parsed(given: &Given) -> Config {
        Config::parse(given).unwrap_or_else(|errors| panic!("{errors:?}"))
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
