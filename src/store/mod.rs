//! Where things are KEPT: the only folder that names Diesel. It keeps and finds; it decides nothing.
//!
//! [`Store::read`] and [`Store::write`] take one closure, make one hop to a blocking thread and run one transaction.

use std::sync::Arc;
use std::time::Duration;

use diesel::Connection;
use diesel::connection::TransactionManager;
use diesel::result::{DatabaseErrorKind, Error as DieselError, QueryResult};
use tokio::sync::Semaphore;

pub mod accounts;
mod address;
pub mod asked_permissions;
pub mod audit;
pub mod audit_list;
pub mod connection;
pub mod demo;
mod dialect;
pub mod forms;
pub mod job_keys;
pub mod jobs;
pub mod keys;
pub mod lifetimes;
pub mod migrations;
pub mod paging;
pub mod people;
pub mod permissions;
pub mod policies;
pub mod replaced_secrets;
pub mod resources;
pub mod rights;
pub mod saved_views;
mod schema;
pub mod session_keys;
pub mod sessions;
pub mod settings;
pub mod sign_in_links;
pub mod usage;
pub mod use_log;

pub use address::Address;
pub use connection::Db;
pub use dialect::Unique;

/// Connections kept open.
const POOL_SIZE: u32 = 8;
/// How long a request waits for a connection or for its turn to write.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long one hop may take in all; then the answer is "unknown", never "done".
const DEADLINE: Duration = Duration::from_secs(10);

/// Why something could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It would be there twice.
    #[error("a rule of uniqueness was violated: {0:?}")]
    Conflict(Unique),
    /// Something that it refers to is not there any more, or something refers to it.
    #[error("a rule of reference was violated")]
    Referred,
    /// The database cannot be reached, cannot write, or takes too long.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database did not answer in time; whether the work was done is unknown.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
    /// The database was made by a newer binary.
    #[error("the database was migrated by a newer version of Claviger. Start that version, or restore an older backup")]
    Newer,
    /// The database cannot be trusted to keep what it acknowledged.
    #[error("{0}")]
    NotDurable(&'static str),
    /// A defect, or a damaged database.
    #[error("the database answered unexpectedly: {0}")]
    Internal(String),
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information) => {
                Self::Conflict(dialect::violated(information.as_ref()))
            }
            DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => Self::Referred,
            error if dialect::is_outage(&error) => Self::Unavailable(error.to_string()),
            error => Self::Internal(error.to_string()),
        }
    }
}

/// The database behind a pool of connections. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: r2d2::Pool<Address>,
    /// SQLite: one connection of its own, set up for writing. Postgres: the pool of all.
    writing: r2d2::Pool<Address>,
    writers: Arc<Semaphore>,
}

/// Sets up the connections that write.
#[derive(Debug)]
struct ForWriting;

impl r2d2::CustomizeConnection<Db, diesel::r2d2::Error> for ForWriting {
    fn on_acquire(&self, db: &mut Db) -> Result<(), diesel::r2d2::Error> {
        dialect::set_up_writing(db).map_err(diesel::r2d2::Error::QueryError)
    }
}

impl Store {
    /// Connects, and checks that the database keeps what it acknowledges. Does not migrate.
    pub fn open(address: &Address) -> Result<Self, Error> {
        let unavailable = |error: String| Error::Unavailable(error);
        let mut first = address.open().map_err(|error| unavailable(error.to_string()))?;
        match dialect::durability(&mut first)? {
            dialect::Durability::Full => {}
            dialect::Durability::Recent(warning) => tracing::warn!("{warning}"),
            dialect::Durability::None(reason) => return Err(Error::NotDurable(reason)),
        }
        drop(first);
        let pool = || r2d2::Pool::builder().min_idle(Some(1)).connection_timeout(PATIENCE);
        let readers = pool().max_size(POOL_SIZE).build(address.clone()).map_err(|e| unavailable(e.to_string()))?;
        let (writing, writers) = match address {
            // SQLite has one writer at a time; waiting for the turn here instead of in SQLite keeps the waits short and fair.
            Address::Sqlite(_) => {
                let one = pool().max_size(1).connection_customizer(Box::new(ForWriting)).build(address.clone());
                (one.map_err(|error| unavailable(error.to_string()))?, 1)
            }
            // Writers leave half of the connections to readers: a stuck lock does not stop verification.
            Address::Postgres(_) => (readers.clone(), POOL_SIZE as usize / 2),
        };
        Ok(Self { pool: readers, writing, writers: Arc::new(Semaphore::new(writers)) })
    }

    /// One read-only transaction that sees one unchanging state.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.hop(&self.pool, Error::Unavailable, |db| transact(db, dialect::begin_read, Error::Unavailable, work)).await
    }

    /// Statements without a transaction around them: for the paths that every request takes.
    pub async fn look_up<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.hop(&self.pool, Error::Unavailable, work).await
    }

    /// Statements without a transaction and without a deadline, for upkeep that takes as long as it takes.
    pub async fn at_leisure<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let pool = self.pool.clone();
        let hop = tokio::task::spawn_blocking(move || {
            let mut db = pool.get().map_err(|error| Error::Unavailable(error.to_string()))?;
            work(&mut db)
        });
        hop.await.unwrap_or_else(|panic| Err(Error::Internal(panic.to_string()).into()))
    }

    /// One transaction that writes. An error from the closure rolls everything back.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.writers).acquire_owned())
            .await
            .map_err(|_| Error::Unavailable("waited too long for the turn to write".into()))?
            .map_err(|_| Error::Unavailable("the store is closed".into()))?;
        self.hop(&self.writing, Error::Unknown, move |db| {
            let _turn = turn; // kept until the work is over, also when nobody waits for it any more
            transact(db, dialect::begin_write, Error::Unknown, work)
        })
        .await
    }

    /// Works on a blocking thread. What takes longer than the deadline may still be done: `late` says what that means.
    async fn hop<T, E, F>(&self, pool: &r2d2::Pool<Address>, late: fn(String) -> Error, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let pool = pool.clone();
        let hop = tokio::task::spawn_blocking(move || {
            let mut db = pool.get().map_err(|error| Error::Unavailable(error.to_string()))?;
            work(&mut db)
        });
        match tokio::time::timeout(DEADLINE, hop).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(Error::Internal(panic.to_string()).into()),
            Err(_) => Err(late("the database took too long".into()).into()),
        }
    }
}

/// Begins, works, commits; rolls back on an error. `lost` says what it means when the database goes away while it commits:
/// of a write nobody knows whether it was done.
fn transact<T, E: From<Error>>(
    db: &mut Db,
    begin: fn(&mut Db) -> QueryResult<()>,
    lost: fn(String) -> Error,
    work: impl FnOnce(&mut Db) -> Result<T, E>,
) -> Result<T, E> {
    type Transactions = <Db as Connection>::TransactionManager;
    begin(db).map_err(Error::from)?;
    match work(db) {
        Ok(done) => {
            Transactions::commit_transaction(db).map_err(|error| match Error::from(error) {
                Error::Unavailable(reason) => lost(reason),
                error => error,
            })?;
            Ok(done)
        }
        Err(error) => {
            if let Err(rollback) = Transactions::rollback_transaction(db) {
                tracing::warn!(error = %rollback, "A transaction could not be rolled back; its connection is dropped.");
            }
            Err(error)
        }
    }
}
