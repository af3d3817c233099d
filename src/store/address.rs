//! Where the database is, and how connections to it are opened and set up.

use diesel::connection::CacheSize;
use diesel::prelude::*;
use diesel::{PgConnection, SqliteConnection};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::store::connection::Db;
use crate::store::dialect::{self, Purpose};

/// Where the database is. It may hold a password, so it has no `Debug`.
#[derive(Clone)]
pub enum Address {
    /// Postgres.
    Postgres {
        /// A `postgres://` URL.
        url: String,
        /// A pooler stands before it that gives each transaction another session (PgBouncer's transaction mode): nothing may
        /// be left in a session, neither settings nor prepared statements.
        pooler: bool,
    },
    /// The path of a file.
    Sqlite(String),
}

impl Address {
    /// A Postgres server that is asked directly, or through a pooler that keeps sessions.
    pub fn postgres(url: &str) -> Self {
        Self::Postgres { url: url.to_owned(), pooler: false }
    }

    /// Adds the password to an address that has none.
    pub fn set_password(&mut self, password: &str) -> Result<(), String> {
        let refuse = |text: &str| Err(format!("DATABASE_PASSWORD_FILE is given, but {text}"));
        let Self::Postgres { url, .. } = self else { return refuse("SQLite takes no password. Leave it out") };
        let user = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map_or("", |(user, _)| user);
        if user.contains(':') || url.contains("password=") {
            return refuse("DATABASE_URL holds a password as well. Give one of the two");
        }
        let separator = if url.contains('?') { '&' } else { '?' };
        *url = format!("{url}{separator}password={}", utf8_percent_encode(password, NON_ALPHANUMERIC));
        Ok(())
    }

    /// Is there a database yet, as far as a look at the disk can tell?
    pub fn exists(&self) -> bool {
        match self {
            Self::Postgres { .. } => true,
            Self::Sqlite(path) => std::path::Path::new(path).exists(),
        }
    }

    /// Where it is, for people: a path, or just "Postgres", since its URL may hold a password.
    pub fn place(&self) -> String {
        match self {
            Self::Postgres { .. } => "Postgres".into(),
            Self::Sqlite(path) => {
                std::path::absolute(path).map_or_else(|_| path.clone(), |path| path.display().to_string())
            }
        }
    }

    /// The path of the file, if it is one.
    pub fn file(&self) -> Option<&std::path::Path> {
        match self {
            Self::Postgres { .. } => None,
            Self::Sqlite(path) => Some(std::path::Path::new(path)),
        }
    }

    /// Is every transaction to bring its settings along, because its session is another one each time?
    pub fn is_pooled(&self) -> bool {
        matches!(self, Self::Postgres { pooler: true, .. })
    }

    /// Opens a connection and sets it up.
    pub fn open(&self, purpose: Purpose) -> ConnectionResult<Db> {
        let mut db = match self {
            Self::Postgres { url, .. } => Db::Postgres(PgConnection::establish(&with_timeouts(url))?),
            Self::Sqlite(path) => {
                if !dialect::install_hooks() {
                    return Err(ConnectionError::BadConnection("SQLite refused to be set up".into()));
                }
                Db::Sqlite(SqliteConnection::establish(path)?)
            }
        };
        if self.is_pooled() {
            db.set_prepared_statement_cache_size(CacheSize::Disabled);
            return Ok(db);
        }
        dialect::set_up(&mut db, purpose).map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(db)
    }
}

/// The URL with time limits of the connection itself, where it has none: without them, a connection that died without a
/// word (a failover, a firewall) holds whoever waits on it for a quarter of an hour.
fn with_timeouts(url: &str) -> String {
    const LIMITS: [(&str, &str); 6] = [
        ("connect_timeout", "3"),
        ("tcp_user_timeout", "5000"),
        ("keepalives", "1"),
        ("keepalives_idle", "5"),
        ("keepalives_interval", "2"),
        ("keepalives_count", "3"),
    ];
    let query = url.split_once('?').map(|(_, query)| query);
    let given = |name: &str| {
        let mut pairs = query.into_iter().flat_map(|query| query.split('&'));
        pairs.any(|pair| pair.split('=').next() == Some(name))
    };
    let missing: Vec<String> =
        LIMITS.iter().filter(|(name, _)| !given(name)).map(|(name, value)| format!("{name}={value}")).collect();
    if missing.is_empty() {
        return url.to_owned();
    }
    let separator = match query {
        None => "?",
        Some("") => "",
        Some(_) => "&",
    };
    format!("{url}{separator}{}", missing.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_limits_are_put_in_where_the_url_has_none() {
        let all = "connect_timeout=3&tcp_user_timeout=5000&keepalives=1&keepalives_idle=5&keepalives_interval=2&keepalives_count=3";
        let own = "postgres://u:p@h1:5432,h2:5432/db?target_session_attrs=read-write&connect_timeout=30";
        let rest = all.trim_start_matches("connect_timeout=3&");
        assert_eq!(with_timeouts("postgres://h/db"), format!("postgres://h/db?{all}"));
        assert_eq!(with_timeouts("postgres://h/db?"), format!("postgres://h/db?{all}"));
        assert_eq!(with_timeouts(own), format!("{own}&{rest}"), "what is given stays");
        assert_eq!(with_timeouts(&format!("postgres://h/db?{all}")), format!("postgres://h/db?{all}"));
    }
}
