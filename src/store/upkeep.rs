//! What keeps the database well, and what tells that it is not.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::SignedDuration;

use crate::domain::time::clock::Timestamp;
use crate::store::connection::Db;
use crate::store::dialect::{self, Deadline};
use crate::store::migrations::{self, State};
use crate::store::{DatabaseFile, Error, Store};

/// A log that is longer is taken over into the database, in bytes.
const LONG_LOG: u64 = 4 * 1024 * 1024;
/// How long the check of the database's structure may take.
const CHECK_LASTS: Duration = Duration::from_mins(1);

/// Why nothing could be written the last time, if it could not.
#[derive(Clone, Default)]
pub struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    /// Notes how a write ended.
    pub fn note(&self, outage: Option<&str>) {
        let mut trouble = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.is_some() || outage.is_some() {
            *trouble = outage.map(str::to_owned);
        }
    }

    fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Why the database cannot be used as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// It does not answer.
    Unreachable,
    /// Migrations are missing.
    NotMigrated,
    /// Its file, or the log of it, was replaced under the running process.
    Replaced,
    /// The latest change could not be written: a full disk, a standby that only reads.
    NotWritable,
}

impl Problem {
    /// The word for monitors.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "database_unreachable",
            Self::NotMigrated => "migrations_missing",
            Self::Replaced => "database_file_replaced",
            Self::NotWritable => "database_not_writable",
        }
    }
}

impl Store {
    /// Why the database cannot be used as it should; nothing when it can. Changes nothing.
    pub async fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        match self.query(migrations::state).await {
            Ok(State::Current | State::Newer) => {}
            Ok(State::Behind(missing)) => {
                tracing::warn!(missing, "Migrations are missing.");
                problems.push(Problem::NotMigrated);
            }
            Err(error) => {
                tracing::warn!(%error, "The database cannot be asked.");
                problems.push(Problem::Unreachable);
            }
        }
        if let Some(Err(error)) = self.file.as_ref().map(DatabaseFile::check) {
            tracing::warn!(%error, "The database cannot be written.");
            problems.push(Problem::Replaced);
        } else if let Some(reason) = self.trouble.get() {
            tracing::warn!(reason, "The latest change could not be written.");
            problems.push(Problem::NotWritable);
        }
        problems
    }

    /// Does the database have a clock of its own, which all nodes share?
    pub fn has_clock(&self) -> bool {
        self.file.is_none()
    }

    /// What time it is by the database's clock, half of the way back added; `None` when it has none.
    pub async fn current_time(&self) -> Result<Option<Timestamp>, Error> {
        if !self.has_clock() {
            return Ok(None);
        }
        let asked = Instant::now();
        let told = self.query(|tx| Ok::<_, Error>(dialect::current_time(tx.db())?)).await?;
        let way = SignedDuration::try_from(asked.elapsed() / 2).unwrap_or_default();
        Ok(told.map(|told| told.plus(way)))
    }

    /// Takes SQLite's log over into the database, when it is long or `always`. Postgres does so by itself.
    pub async fn checkpoint(&self, always: bool) -> Result<(), Error> {
        match &self.file {
            Some(file) if always || file.log_length() > LONG_LOG => {
                self.at_leisure(|db| Ok(dialect::checkpoint(db)?)).await
            }
            _ => Ok(()),
        }
    }

    /// Lets the database look at what it holds, so that it plans well.
    pub async fn analyze(&self) -> Result<(), Error> {
        self.at_leisure(|db| Ok(dialect::analyze(db)?)).await
    }

    /// What a database wants after very much was loaded.
    pub async fn settle(&self) -> Result<(), Error> {
        self.at_leisure(|db| Ok(dialect::settle(db)?)).await
    }

    /// Looks through the structure of the database, for at most a minute: what is wrong with it, if anything is.
    pub async fn check_structure(&self) -> Result<Option<String>, Error> {
        self.at_leisure(|db: &mut Db| {
            let _deadline = Deadline::at(Instant::now() + CHECK_LASTS);
            Ok(dialect::structural_damage(db)?)
        })
        .await
    }
}
