//! Bringing the database to the form this binary needs. The migrations are inside the binary.

use std::collections::BTreeSet;

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::domain::change::Change;
use crate::store::address::Address;
use crate::store::connection::{Db, each};
use crate::store::dialect::Purpose;
use crate::store::keys::folding;
use crate::store::rights::permissions;
use crate::store::schema::__diesel_schema_migrations;
use crate::store::transaction::transact;
use crate::store::{Error, ReadTx, WriteTx, audit, dialect};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// How the database stands against this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Both know the same migrations.
    Current,
    /// So many migrations are missing.
    Behind(usize),
    /// A newer binary has been here; nothing that this one needs is missing.
    Newer,
}

/// Runs what is missing and says how many ran. Two processes at once: one migrates, the other waits and finds nothing to do.
/// All of it is one transaction: a process that dies in the middle leaves the database as it was.
pub fn migrate(address: &Address) -> Result<usize, Error> {
    let mut db = address.open(Purpose::Writing).map_err(|error| Error::Unavailable(error.to_string()))?;
    dialect::wait_for_lock(&mut db)?;
    let ran = transact(&mut db, dialect::begin_write, Error::Unknown, |db| {
        dialect::lock_migrations(db)?;
        let applied = each!(db, c => c.applied_migrations()).map_err(|error| Error::Internal(error.to_string()))?;
        if compare(db, &applied.iter().map(MigrationVersion::to_string).collect())? == State::Newer {
            return Err(Error::Newer);
        }
        let ran = run(db)?;
        audit::append::seal_old(db)?;
        let mut tx = WriteTx::on(db);
        tx.without_event("what a new version brings along");
        if ran > 0 {
            tx.changed(Change::Everything); // migrations change rows, and servers go on beside this one
        }
        folding::fill_in(&mut tx)?;
        permissions::register_own(&mut tx)?;
        tx.finish(None::<fn() -> Result<(), Error>>)?;
        Ok::<_, Error>(ran)
    })?;
    if ran > 0 {
        dialect::analyze(&mut db)?;
    }
    Ok(ran)
}

/// Compares without changing anything. The database has been migrated before.
pub fn state(tx: &mut ReadTx) -> Result<State, Error> {
    let applied: Vec<String> =
        __diesel_schema_migrations::table.select(__diesel_schema_migrations::version).load(tx.db())?;
    compare(tx.kind(), &applied.into_iter().collect())
}

fn compare(db: &Db, applied: &BTreeSet<String>) -> Result<State, Error> {
    let known = match db {
        Db::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES),
        Db::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE),
    }?;
    Ok(if !applied.is_subset(&known) {
        // Ready all the same while nothing of its own is missing: newer migrations keep what older binaries use.
        if known.is_subset(applied) { State::Newer } else { State::Behind(known.difference(applied).count()) }
    } else if *applied == known {
        State::Current
    } else {
        State::Behind(known.len() - applied.len())
    })
}

fn run(db: &mut Db) -> Result<usize, Error> {
    let ran = match db {
        Db::Postgres(c) => c.run_pending_migrations(POSTGRES).map(|ran| ran.len()),
        Db::Sqlite(c) => c.run_pending_migrations(SQLITE).map(|ran| ran.len()),
    };
    ran.map_err(|error| Error::Internal(error.to_string()))
}

fn versions<B: diesel::backend::Backend>(source: &EmbeddedMigrations) -> Result<BTreeSet<String>, Error>
where
    EmbeddedMigrations: MigrationSource<B>,
{
    let migrations: Vec<Box<dyn Migration<B>>> =
        source.migrations().map_err(|error| Error::Internal(error.to_string()))?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}
