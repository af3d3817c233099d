//! A pool of connections for one purpose. Work is done on a blocking thread, within a deadline; a pool whose connections do
//! not answer any more is thrown away.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use diesel::r2d2::{Error as PoolError, R2D2Connection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::connection::Db;
use crate::store::dialect::{self, Deadline, Purpose};
use crate::store::{Address, Error, Failure};

/// Pieces of work in a row that miss their deadline before a Postgres pool is thrown away: its connections may have died
/// without a word, and new ones would work.
const LATE: u32 = 3;

/// Opens connections for one purpose.
struct Connector {
    address: Address,
    purpose: Purpose,
}

impl r2d2::ManageConnection for Connector {
    type Connection = Db;
    type Error = PoolError;

    fn connect(&self) -> Result<Db, PoolError> {
        self.address.open(self.purpose).map_err(PoolError::ConnectionError)
    }

    fn is_valid(&self, db: &mut Db) -> Result<(), PoolError> {
        dialect::ping(db).map_err(PoolError::QueryError)
    }

    fn has_broken(&self, db: &mut Db) -> bool {
        std::thread::panicking() || R2D2Connection::is_broken(db)
    }
}

/// Connections, and the seats before them.
#[derive(Clone)]
struct Lot {
    connections: r2d2::Pool<Connector>,
    seats: Arc<Semaphore>,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections, and so pieces of work at a time.
    pub connections: u32,
    /// How long a piece of work waits for its turn.
    pub patience: Duration,
    /// How long it may take from then on.
    pub deadline: Duration,
}

/// A pool of connections for one purpose.
pub struct Pool {
    address: Address,
    purpose: Purpose,
    limits: Limits,
    lot: RwLock<Lot>,
    late: AtomicU32,
}

impl Pool {
    /// Connects once, so that a wrong address is told at once.
    pub fn open(address: &Address, purpose: Purpose, limits: Limits) -> Result<Self, Error> {
        let builder = builder(address, limits);
        let connector = Connector { address: address.clone(), purpose };
        let connections = builder.build(connector).map_err(|error| Error::Unavailable(error.to_string()))?;
        let lot = RwLock::new(Lot { connections, seats: seats(limits) });
        Ok(Self { address: address.clone(), purpose, limits, lot, late: AtomicU32::new(0) })
    }

    /// Waits for a turn, then works on a blocking thread. What takes longer than the deadline may still be done: `late` says
    /// what that means.
    pub async fn run<T, E, F>(&self, late: fn(String) -> Error, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        let Lot { connections, seats } = self.lot();
        let seat = tokio::time::timeout(self.limits.patience, seats.acquire_owned())
            .await
            .map_err(|_| Error::Unavailable("waited too long for a turn at the database".into()))?
            .map_err(|_| Error::Unavailable("the store is closed".into()))?;
        let until = Instant::now() + self.limits.deadline;
        let hop = tokio::task::spawn_blocking(move || on_thread(&connections, seat, Some(until), work));
        if let Ok(answer) = tokio::time::timeout(self.limits.deadline, hop).await {
            self.late.store(0, Ordering::Relaxed);
            return answer.unwrap_or_else(|panic| Err(Error::Internal(panic.to_string()).into()));
        }
        self.note_late();
        Err(late("the database took too long".into()).into())
    }

    /// Works without a deadline, for upkeep that takes as long as it takes.
    pub async fn run_at_leisure<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        let Lot { connections, seats } = self.lot();
        let seat = seats.acquire_owned().await.map_err(|_| Error::Unavailable("the store is closed".into()))?;
        let hop = tokio::task::spawn_blocking(move || on_thread(&connections, seat, None, work));
        hop.await.unwrap_or_else(|panic| Err(Error::Internal(panic.to_string()).into()))
    }

    /// Works on this thread, which may block: one of another piece of work.
    pub fn run_here<T, E: From<Error>>(&self, work: impl FnOnce(&mut Db) -> Result<T, E>) -> Result<T, E> {
        let mut db = self.lot().connections.get().map_err(|error| Error::Unavailable(error.to_string()))?;
        work(&mut db)
    }

    fn lot(&self) -> Lot {
        self.lot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Throws the connections away after several pieces of work in a row were late. Whoever still waits on one of them gives
    /// it back to a pool that nobody uses. SQLite has no connections that could die.
    fn note_late(&self) {
        let late = self.late.fetch_add(1, Ordering::Relaxed) + 1;
        if late < LATE || self.address.file().is_some() {
            return;
        }
        self.late.store(0, Ordering::Relaxed);
        tracing::warn!(purpose = ?self.purpose, "The database does not answer. All connections are opened anew.");
        let connector = Connector { address: self.address.clone(), purpose: self.purpose };
        let connections = builder(&self.address, self.limits).build_unchecked(connector);
        *self.lot.write().unwrap_or_else(PoisonError::into_inner) = Lot { connections, seats: seats(self.limits) };
    }
}

fn seats(limits: Limits) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(limits.connections as usize))
}

/// The connections to SQLite stay open: SQLite removes its log when the last one closes, and a process would find another
/// file under its name.
fn builder(address: &Address, limits: Limits) -> r2d2::Builder<Connector> {
    let builder = r2d2::Pool::builder()
        .max_size(limits.connections)
        .min_idle(Some(1))
        .connection_timeout(limits.patience.min(limits.deadline))
        .error_handler(Box::new(LogQuietly));
    match address {
        Address::Sqlite(_) => builder.max_lifetime(None).idle_timeout(None),
        Address::Postgres { .. } => builder,
    }
}

/// A connection that cannot be opened is told by the work that waits for it.
#[derive(Debug)]
struct LogQuietly;

impl r2d2::HandleError<PoolError> for LogQuietly {
    fn handle_error(&self, error: PoolError) {
        tracing::debug!(%error, "A connection to the database could not be opened.");
    }
}

fn on_thread<T, E: From<Error>>(
    connections: &r2d2::Pool<Connector>,
    seat: OwnedSemaphorePermit,
    until: Option<Instant>,
    work: impl FnOnce(&mut Db) -> Result<T, E>,
) -> Result<T, E> {
    let _seat = seat; // kept until the work is over, also when nobody waits for it any more
    let mut db = connections.get().map_err(|error| Error::Unavailable(error.to_string()))?;
    let _deadline = until.map(Deadline::at);
    work(&mut db)
}
