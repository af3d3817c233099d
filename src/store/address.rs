//! Where the database is, and how the pool opens connections to it.

use diesel::prelude::*;
use diesel::r2d2::{Error as PoolError, R2D2Connection};
use diesel::{PgConnection, SqliteConnection};

use super::connection::Db;
use super::dialect;

/// Where the database is. It may hold a password, so it has no `Debug`.
#[derive(Clone)]
pub enum Address {
    /// A `postgres://` URL.
    Postgres(String),
    /// The path of a file.
    Sqlite(String),
}

impl Address {
    /// Is there a database yet, as far as a look at the disk can tell?
    pub fn exists(&self) -> bool {
        match self {
            Self::Postgres(_) => true,
            Self::Sqlite(path) => std::path::Path::new(path).exists(),
        }
    }

    /// Where it is, for people: a path, or just "Postgres", since its URL may hold a password.
    pub fn place(&self) -> String {
        match self {
            Self::Postgres(_) => "Postgres".into(),
            Self::Sqlite(path) => {
                std::path::absolute(path).map_or_else(|_| path.clone(), |path| path.display().to_string())
            }
        }
    }

    /// Opens a connection and sets it up.
    pub fn open(&self) -> ConnectionResult<Db> {
        let mut db = match self {
            Self::Postgres(url) => Db::Postgres(PgConnection::establish(url)?),
            Self::Sqlite(path) => Db::Sqlite(SqliteConnection::establish(path)?),
        };
        dialect::set_up(&mut db).map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(db)
    }
}

impl r2d2::ManageConnection for Address {
    type Connection = Db;
    type Error = PoolError;

    fn connect(&self) -> Result<Db, PoolError> {
        self.open().map_err(PoolError::ConnectionError)
    }

    fn is_valid(&self, db: &mut Db) -> Result<(), PoolError> {
        match db {
            Db::Sqlite(_) => Ok(()),
            Db::Postgres(connection) => connection.ping().map_err(PoolError::QueryError),
        }
    }

    fn has_broken(&self, db: &mut Db) -> bool {
        std::thread::panicking() || R2D2Connection::is_broken(db)
    }
}
