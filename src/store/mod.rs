//! Where things are KEPT: the only folder that names Diesel. It keeps and finds; it decides nothing.
//!
//! [`Store::read`] and [`Store::write`] take one closure, make one hop to a blocking thread and run one transaction.

use std::sync::Arc;
use std::time::Duration;

use diesel::result::QueryResult;

use crate::domain::change::Change;
use crate::domain::time::clock::Timestamp;

pub mod accounts;
mod address;
pub mod audit;
mod breaker;
pub mod bulk;
mod changes;
mod connection;
mod counting;
pub mod demo;
mod dialect;
mod error;
pub mod feed;
mod file;
mod ids;
mod json;
pub mod keys;
mod keyset;
pub mod migrations;
mod pool;
pub mod purge;
pub mod rights;
mod schema;
pub mod settings;
mod transaction;
mod tx;
pub mod upkeep;
pub mod usage;

pub use address::Address;
pub use changes::Changes;
pub use dialect::Unique;
pub use error::{Error, Failure};
pub use tx::{ReadTx, WriteTx};

use tx::Write;

use breaker::Breaker;
use connection::Db;
use dialect::Purpose;
use file::DatabaseFile;
use pool::{Limits, Pool};
use transaction::transact;

/// Pages, exports, upkeep: everything that is read, but verifications.
const READING: Limits = Limits { connections: 8, patience: Duration::from_secs(3), deadline: Duration::from_secs(10) };
/// Verifications: nothing else takes their connections, and nobody behind a gateway waits long for a "no".
const VERIFYING: Limits =
    Limits { connections: 8, patience: Duration::from_secs(2), deadline: Duration::from_millis(500) };
/// SQLite has one writer at a time: waiting for the turn here instead of in SQLite keeps the waits short and fair.
const WRITING_SQLITE: Limits = Limits { connections: 1, ..READING };
/// A stuck lock stops writers alone.
const WRITING_POSTGRES: Limits = Limits { connections: 4, ..READING };

/// The change feed: an answer that takes longer than a quarter of the usual revocation bound is asked for anew.
const FEED: Limits =
    Limits { connections: 2, patience: Duration::from_millis(250), deadline: Duration::from_millis(250) };
/// A check of the structure takes a minute; beside it, SQLite's log is still taken over.
const UPKEEP: Limits = Limits { connections: 2, ..READING };

/// What a database knows of time when it is opened.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The moment that was noted last: see [`settings::Internal::ClockMark`].
    pub mark: Option<Timestamp>,
    /// When the latest event of the audit log was.
    pub latest_event: Option<Timestamp>,
    /// What time it is by the database's clock; `None` when it has none.
    pub time: Option<Timestamp>,
}

impl Known {
    fn by(tx: &mut ReadTx) -> Result<Self, Error> {
        let mark = settings::internal(tx, settings::Internal::ClockMark)?;
        Ok(Self {
            mark: mark.and_then(|text| text.parse().ok()).map(Timestamp),
            latest_event: audit::latest(tx)?,
            time: dialect::current_time(tx.db())?,
        })
    }
}

/// The database behind pools of connections.
pub struct Store {
    address: Address,
    reading: Pool,
    verifying: Pool,
    writing: Pool,
    /// A second connection for each writer: see [`Store::write_confirmed`].
    confirming: Arc<Pool>,
    upkeep: Pool,
    feed: Pool,
    changes: Changes,
    breaker: Breaker,
    file: Option<DatabaseFile>,
    trouble: upkeep::Trouble,
}

impl Store {
    /// Looks at what a process that did not end well left beside a SQLite file, before anything opens it: see
    /// [`file::check_left_log`].
    pub fn check_left_log(address: &Address) -> Result<(), Error> {
        address.file().map_or(Ok(()), file::check_left_log)
    }

    /// Connects, and checks that the database keeps what it acknowledges. Does not migrate.
    pub fn open(address: &Address) -> Result<(Self, Known), Error> {
        let mut first = address.open(Purpose::Reading).map_err(|error| Error::Unavailable(error.to_string()))?;
        match dialect::durability(&mut first)? {
            dialect::Durability::Full => {}
            dialect::Durability::Recent(warning) => tracing::warn!("{warning}"),
            dialect::Durability::None(reason) => return Err(Error::NotDurable(reason)),
        }
        let known = Known::by(&mut ReadTx::on(&mut first))?;
        let file = address.file().map(DatabaseFile::of).transpose()?;
        let writing = if file.is_some() { WRITING_SQLITE } else { WRITING_POSTGRES };
        let store = Self {
            address: address.clone(),
            reading: Pool::open(address, Purpose::Reading, READING)?,
            verifying: Pool::open(address, Purpose::Verifying, VERIFYING)?,
            writing: Pool::open(address, Purpose::Writing, writing)?,
            confirming: Arc::new(Pool::open(address, Purpose::Reading, writing)?),
            upkeep: Pool::open(address, Purpose::Upkeep, UPKEEP)?,
            feed: Pool::open(address, Purpose::Verifying, FEED)?,
            changes: Changes::default(),
            breaker: Breaker::default(),
            file,
            trouble: upkeep::Trouble::default(),
        };
        Ok((store, known))
    }

    /// One read-only transaction that sees one unchanging state.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut ReadTx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        let begin = self.begin(dialect::begin_read, Purpose::Reading);
        self.reading
            .run(Error::Unavailable, move |db| transact(db, begin, Error::Unavailable, |db| work(&mut ReadTx::on(db))))
            .await
    }

    /// As [`Self::read`], on connections that only verifications use, and with an answer in half a second: while the database
    /// is away, that is "unavailable" at once.
    pub async fn read_to_verify<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut ReadTx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        if !self.breaker.admits() {
            return Err(Error::Unavailable("the database did not answer a moment ago".into()).into());
        }
        let begin = self.begin(dialect::begin_read, Purpose::Verifying);
        let work = move |db: &mut Db| transact(db, begin, Error::Unavailable, |db| work(&mut ReadTx::on(db)));
        let read = self.verifying.run(Error::Unavailable, work).await;
        self.breaker.note(read.as_ref().err().and_then(E::outage).is_none());
        read
    }

    /// Statements without a transaction around them: for the paths that every request takes.
    pub async fn query<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut ReadTx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        self.reading.run(Error::Unavailable, move |db| work(&mut ReadTx::on(db))).await
    }

    /// What has changed since `seen`, by this process and any other: see [`feed::since`]. Answers in a quarter of a second, or not at all.
    pub async fn read_feed(&self, seen: Option<feed::Position>) -> Result<(feed::Position, Vec<Change>), Error> {
        self.feed.run(Error::Unavailable, move |db| feed::since(&mut ReadTx::on(db), seen)).await
    }

    /// Statements without a transaction and without a deadline, for upkeep that takes as long as it takes.
    async fn at_leisure<T, F>(&self, work: F) -> Result<T, Error>
    where
        F: FnOnce(&mut Db) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.upkeep.run_at_leisure(work).await
    }

    /// One transaction that writes. An error from the closure rolls everything back.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut WriteTx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        self.write_and(None::<fn() -> Result<(), E>>, work).await
    }

    /// One transaction that writes for somebody whose right may end at any moment. `confirm` is asked before the work, and once
    /// more before the commit, under the lock of the audit log, which whoever takes a right away takes as well: so one of the
    /// two comes after the other.
    ///
    /// It is asked on another connection then, which does not see what the work itself changed: ending one's own right is no
    /// reason to be refused. SQLite has one writer, so the first answer holds to the end.
    pub async fn write_confirmed<T, E, C, F>(&self, confirm: C, work: F) -> Result<T, E>
    where
        C: Fn(&mut ReadTx) -> Result<(), E> + Send + Sync + 'static,
        F: FnOnce(&mut WriteTx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        let confirm = Arc::new(confirm);
        let beside = self.file.is_none().then(|| Arc::clone(&self.confirming)).map(|beside| {
            let confirm = Arc::clone(&confirm);
            move || beside.run_here(|db| confirm(&mut ReadTx::on(db)))
        });
        let work = move |tx: &mut WriteTx| {
            confirm(tx)?;
            work(tx)
        };
        self.write_and(beside, work).await
    }

    /// As [`Self::write`], for what is nothing for the audit log: says why.
    pub async fn write_unaudited<T, E, F>(&self, reason: &'static str, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut WriteTx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        self.write(move |tx| {
            tx.without_event(reason);
            work(tx)
        })
        .await
    }

    async fn write_and<T, E, C, F>(&self, confirm: Option<C>, work: F) -> Result<T, E>
    where
        C: FnOnce() -> Result<(), E> + Send + 'static,
        F: FnOnce(&mut WriteTx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        let begin = self.begin(dialect::begin_write, Purpose::Writing);
        let (file, changes) = (self.file.clone(), self.changes.clone());
        let work = move |db: &mut Db| {
            if let Some(file) = &file {
                file.check()?;
            }
            changes.publish_after(|made| {
                transact(db, begin, Error::Unknown, |db| finished(WriteTx::on(db), confirm, work, made))
            })
        };
        let written = self.writing.run(Error::Unknown, work).await;
        self.trouble.note(written.as_ref().err().and_then(E::outage));
        written
    }

    /// One transaction that writes and has no deadline, for filling a database that nobody uses yet.
    pub async fn write_at_leisure<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut WriteTx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        let begin = self.begin(dialect::begin_write, Purpose::Writing);
        let changes = self.changes.clone();
        let work = move |db: &mut Db| {
            changes.publish_after(|made| {
                let confirm = None::<fn() -> Result<(), E>>;
                transact(db, begin, Error::Unknown, |db| finished(WriteTx::on(db), confirm, work, made))
            })
        };
        self.writing.run_at_leisure(work).await
    }

    /// What the transactions of this process change, each time one is committed.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// How a transaction begins: behind a pooler each one brings its settings along.
    fn begin(
        &self,
        begin: fn(&mut Db) -> QueryResult<()>,
        purpose: Purpose,
    ) -> impl FnOnce(&mut Db) -> QueryResult<()> + Send + 'static {
        let pooled = self.address.is_pooled();
        move |db| {
            begin(db)?;
            if pooled { dialect::set_up_transaction(db, purpose) } else { Ok(()) }
        }
    }
}

/// Does the work of a transaction to its end; puts what it changes into `made`.
fn finished<T, E: From<Error>>(
    mut tx: WriteTx<'_>,
    confirm: Option<impl FnOnce() -> Result<(), E>>,
    work: impl FnOnce(&mut WriteTx) -> Result<T, E>,
    made: &mut Vec<Change>,
) -> Result<T, E> {
    let done = work(&mut tx)?;
    *made = tx.finish(confirm)?;
    Ok(done)
}
