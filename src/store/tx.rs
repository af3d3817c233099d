//! Transactions as types: what only reads takes a [`ReadTx`], what writes a [`WriteTx`], which can do both.
//!
//! A [`WriteTx`] collects what happened, and its end writes that down: the end of the audit log is locked last of all, so the
//! order of locks is decided here and nowhere else.

use std::ops::{Deref, DerefMut};

use diesel::query_dsl::methods::ExecuteDsl;
use diesel::result::QueryResult;

use crate::domain::audit::Event;
use crate::domain::change::Change;
use crate::domain::ids::KeyId;
use crate::store::Error;
use crate::store::audit::append;
use crate::store::connection::Db;

/// Reads the database: one unchanging state of it, where it is a transaction. On SQLite its connection refuses to write; on Postgres a
/// transaction that reads does.
pub struct ReadTx<'a> {
    db: &'a mut Db,
}

impl<'a> ReadTx<'a> {
    /// On a connection that has begun a transaction, or needs none.
    pub(in crate::store) fn on(db: &'a mut Db) -> Self {
        Self { db }
    }

    /// To be asked.
    pub(in crate::store) fn db(&mut self) -> &mut Db {
        self.db
    }

    /// To tell which database it is.
    pub(in crate::store) fn kind(&self) -> &Db {
        self.db
    }
}

/// Reads and writes. What is written counts at its end, all of it or nothing.
pub struct WriteTx<'a> {
    read: ReadTx<'a>,
    events: Vec<Event>,
    changes: Vec<Change>,
    /// Did a statement change a row?
    has_written: bool,
    /// Why there is no event.
    reason: Option<&'static str>,
}

impl<'a> Deref for WriteTx<'a> {
    type Target = ReadTx<'a>;

    fn deref(&self) -> &ReadTx<'a> {
        &self.read
    }
}

impl<'a> DerefMut for WriteTx<'a> {
    fn deref_mut(&mut self) -> &mut ReadTx<'a> {
        &mut self.read
    }
}

impl<'a> WriteTx<'a> {
    /// On a connection that has begun a transaction that may write.
    pub(in crate::store) fn on(db: &'a mut Db) -> Self {
        let (events, changes) = (Vec::new(), Vec::new());
        Self { read: ReadTx::on(db), events, changes, has_written: false, reason: None }
    }

    /// To be written to by a statement that certainly changes something; others go through [`Write`].
    pub(in crate::store) fn writing(&mut self) -> &mut Db {
        self.has_written = true;
        self.read.db()
    }

    /// Runs what only tidies up, and is nothing that anybody did.
    pub(in crate::store) fn tidy_with<T>(&mut self, work: impl FnOnce(&mut Db) -> QueryResult<T>) -> QueryResult<T> {
        work(self.read.db())
    }

    /// Runs what says how many rows it changed.
    pub(in crate::store) fn write_with(
        &mut self,
        work: impl FnOnce(&mut Db) -> QueryResult<usize>,
    ) -> QueryResult<usize> {
        let rows = work(self.read.db())?;
        self.has_written |= rows > 0;
        Ok(rows)
    }

    /// Has this event stand in the audit log, together with what was changed.
    pub fn audit(&mut self, event: Event) {
        self.events.push(event);
    }

    /// The same for several, in their order.
    pub fn audit_all(&mut self, events: Vec<Event>) {
        self.events.extend(events);
    }

    /// What is changed here is nothing for the audit log; says why.
    pub fn without_event(&mut self, reason: &'static str) {
        self.reason = Some(reason);
    }

    /// What may be verified differently from now on.
    pub(in crate::store) fn changed(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// The same for these keys.
    pub(in crate::store) fn changed_keys(&mut self, keys: &[KeyId]) {
        self.changes.extend(keys.iter().copied().map(Change::Key));
    }

    /// Locks the end of the audit log, appends the events, and asks `confirm` while nobody else can commit a change; gives what
    /// has changed.
    pub(in crate::store) fn finish<E: From<Error>>(
        mut self,
        confirm: Option<impl FnOnce() -> Result<(), E>>,
    ) -> Result<Vec<Change>, E> {
        if self.has_written && self.events.is_empty() && self.reason.is_none() {
            return Err(Error::Internal("something was changed without an event for the audit log".into()).into());
        }
        let changes = append::append(self.read.db(), &self.events, self.changes)?;
        if let Some(confirm) = confirm {
            append::lock(self.read.db())?;
            confirm()?;
        }
        Ok(changes)
    }
}

/// A statement that changes rows: only in a transaction that writes.
pub trait Write: Sized {
    /// Runs it; says how many rows it changed.
    fn write(self, tx: &mut WriteTx) -> QueryResult<usize>;
}

impl<S: ExecuteDsl<Db>> Write for S {
    fn write(self, tx: &mut WriteTx) -> QueryResult<usize> {
        tx.write_with(|db| S::execute(self, db))
    }
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use crate::store::address::Address;
    use crate::store::dialect::Purpose;
    use crate::store::schema::settings;

    #[test]
    fn a_connection_that_reads_refuses_to_write() {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::Sqlite(folder.path().join("claviger.db").to_string_lossy().into_owned());
        crate::store::migrations::migrate(&address).unwrap();
        let delete = |purpose| diesel::delete(settings::table).execute(&mut address.open(purpose).unwrap());
        for purpose in [Purpose::Reading, Purpose::Verifying] {
            let refused = delete(purpose).unwrap_err().to_string();
            assert!(refused.contains("readonly"), "{purpose:?}: {refused}");
        }
        assert_eq!(delete(Purpose::Writing), Ok(0), "nothing is set");
    }
}
