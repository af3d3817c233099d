//! The SQLite file and its log, as they were when this process opened them.
//!
//! Whoever replaces the file, or removes the log, under a running process leaves it with files that have no name any more:
//! it would acknowledge changes that are gone after the next start.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::store::{Error, dialect};

/// How long a log that was left behind is looked at.
const LOOKS_FOR: Duration = Duration::from_secs(10);

/// What a file is, whatever it is called.
type Identity = (u64, u64);

/// A database file and its write-ahead log.
#[derive(Clone)]
pub struct DatabaseFile {
    path: PathBuf,
    log: PathBuf,
    identity: Identity,
    /// `None` until it was seen.
    log_identity: Arc<Mutex<Option<Identity>>>,
}

/// What people read who replaced the file.
const REPLACED: &str = "the database file, or its log, was replaced or removed while Claviger runs, so nothing is written any more. \
     Restart Claviger; if a backup was put in place, remove the files that end in -wal and -shm before";

impl DatabaseFile {
    /// The file that is there now.
    pub fn of(path: &Path) -> Result<Self, Error> {
        let missing = || Error::Unavailable(format!("{} is not there", path.display()));
        Ok(Self {
            path: path.to_owned(),
            log: log_of(path),
            identity: identity(path).ok_or_else(missing)?,
            log_identity: Arc::default(),
        })
    }

    /// Fails when the file or its log is not the one any more that this process has open.
    pub fn check(&self) -> Result<(), Error> {
        if identity(&self.path) != Some(self.identity) {
            return Err(Error::Unavailable(REPLACED.into()));
        }
        let now = identity(&self.log);
        let mut seen = self.log_identity.lock().unwrap_or_else(PoisonError::into_inner);
        match (*seen, now) {
            (None, now) => *seen = now,
            (Some(before), Some(now)) if before == now => {}
            (Some(_), _) => return Err(Error::Unavailable(REPLACED.into())),
        }
        Ok(())
    }

    /// How long the log is, in bytes.
    pub fn log_length(&self) -> u64 {
        std::fs::metadata(&self.log).map(|file| file.len()).unwrap_or_default()
    }
}

/// Refuses to begin with a log that does not fit the file beside it: a backup was put in place, and the log of what was there
/// before left where it was. What is wrong stays as it is. What takes longer than ten seconds is not looked at to its end.
pub fn check_left_log(path: &Path) -> Result<(), Error> {
    let log = log_of(path);
    if std::fs::metadata(&log).map_or(0, |file| file.len()) == 0 || !dialect::install_hooks() {
        return Ok(());
    }
    dialect::damage_by_log(path, Instant::now() + LOOKS_FOR).map_or(Ok(()), |damage| {
        let (file, log) = (path.display(), log.display());
        Err(Error::Unavailable(format!(
            "{log} does not fit {file}: with it, the database would be damaged ({damage}), so nothing was changed. If {file} is a \
             backup that was put in place, this log belongs to another file: remove it and the file that ends in -shm, and start again"
        )))
    })
}

/// The path of a database's write-ahead log.
pub fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

fn identity(path: &Path) -> Option<Identity> {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}
