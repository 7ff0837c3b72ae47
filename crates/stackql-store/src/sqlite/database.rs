//! The database behind a store: where it is, when it is opened, and who uses it when.
//!
//! One connection writes, and is kept. Reading has a connection of its own for as long as it lasts, so that it neither
//! waits for writing nor sees half of it; in memory there is but the one connection.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use stackql_engine::StoreError;

use super::blocking::CancelToken;
use super::error::BackendError;
use super::migrations::{SchemaState, migrate, standing};
use crate::init_script;

/// How long another process's lock is waited for between two looks at it.
const PAUSE: Duration = Duration::from_millis(20);
/// How many steps of SQLite's machine are taken between two looks at whether somebody waits; below a millisecond.
const STEPS: i32 = 10_000;
/// Whether references to rows of other tables are checked.
const FOREIGN_KEYS: &str = "foreign_keys";

/// Where a database is, and the connection that writes to it.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    place: Place,
    /// How long a lock of another process is waited for.
    pub(crate) lock_timeout: Duration,
    /// Statements that are run whenever the database is opened.
    pub(crate) script: Option<PathBuf>,
    /// Opened when it is first needed.
    writer: Arc<Mutex<Option<Connection>>>,
}

#[derive(Debug, Clone)]
pub(crate) enum Place {
    Memory,
    File(PathBuf),
}

impl Database {
    pub(crate) fn new(place: Place) -> Self {
        Self { place, lock_timeout: Duration::from_secs(30), script: None, writer: Arc::default() }
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        matches!(self.place, Place::Memory)
    }

    /// Whether anything was kept yet, or is to be by the script.
    pub(crate) fn exists(&self) -> bool {
        match &self.place {
            _ if self.script.is_some() => true,
            Place::Memory => self.lock().is_some(),
            // A file that cannot be asked about is one to complain about when it is opened.
            Place::File(path) => path.try_exists().unwrap_or(true),
        }
    }

    /// Reads, from a snapshot. Where nothing was kept yet it is an empty database, which leaves no trace.
    pub(crate) fn read<T>(
        &self,
        awaited: &CancelToken,
        work: impl FnOnce(&mut Connection) -> Result<T, BackendError>,
    ) -> Result<T, StoreError> {
        let Place::File(_) = &self.place else {
            return self.with_writer(awaited, work);
        };
        if self.script.is_some() && self.lock().is_none() {
            self.with_writer(awaited, |_| Ok(()))?;
        }
        let read = || {
            if !self.exists() {
                return work(&mut blank()?);
            }
            let mut connection = self.connect(awaited)?;
            if standing(&mut connection)? == SchemaState::Outdated {
                migrate(&mut connection)?;
            }
            work(&mut connection)
        };
        read().map_err(|failure| failure.at(&self.describe()))
    }

    /// Changes what there is, in one transaction; nothing, where there is no database.
    pub(crate) fn write<T>(
        &self,
        awaited: &CancelToken,
        work: impl FnOnce(&mut Connection) -> Result<T, BackendError>,
    ) -> Result<T, StoreError> {
        if self.exists() {
            self.write_creating(awaited, work)
        } else {
            self.read(awaited, |blank| transact(blank, awaited, work))
        }
    }

    /// As [`Self::write`], and makes the database where there is none.
    pub(crate) fn write_creating<T>(
        &self,
        awaited: &CancelToken,
        work: impl FnOnce(&mut Connection) -> Result<T, BackendError>,
    ) -> Result<T, StoreError> {
        self.with_writer(awaited, |connection| transact(connection, awaited, work))
    }

    /// Uses the connection that writes, which is opened where it is not. What there is of the database comes into being.
    pub(crate) fn with_writer<T>(
        &self,
        awaited: &CancelToken,
        work: impl FnOnce(&mut Connection) -> Result<T, BackendError>,
    ) -> Result<T, StoreError> {
        let held = || {
            let mut writer = self.lock();
            if matches!(&self.place, Place::File(path) if !path.exists()) {
                // Somebody took the file away; what is written to what they took is lost.
                *writer = None;
            }
            let connection = match &mut *writer {
                Some(connection) => connection,
                none => {
                    let opened = self.open(awaited)?;
                    self.begin(&opened)?;
                    none.insert(opened)
                }
            };
            set_cancel_handlers(connection, awaited, self.lock_timeout)?;
            // Who held it before may have panicked.
            undo(connection)?;
            work(connection)
        };
        held().map_err(|failure| failure.at(&self.describe()))
    }

    /// Where it is, in words.
    fn describe(&self) -> String {
        match &self.place {
            Place::Memory => "the database in memory".to_owned(),
            Place::File(path) => path.display().to_string(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Connection>> {
        // What a panic leaves undone is rolled back by who comes next.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the script, which begins and ends transactions itself, or has each statement in one of its own.
    fn begin(&self, connection: &Connection) -> Result<(), BackendError> {
        let Some(path) = &self.script else { return Ok(()) };
        let statements = init_script::read(path)?;
        // Dumps set it for the loading of theirs.
        let checks = connection.pragma_query_value(None, FOREIGN_KEYS, |row| row.get::<_, bool>(0))?;
        let run = connection.execute_batch(&statements).map_err(BackendError::from).and_then(|()| {
            match connection.is_autocommit() {
                true => Ok(()),
                false => Err(StoreError::Unusable("its transaction has no COMMIT".to_owned()).into()),
            }
        });
        undo(connection)?;
        connection.pragma_update(None, FOREIGN_KEYS, checks)?;
        run.map_err(|failure| {
            let said = failure.at(&self.describe());
            init_script::failed(path, &said).into()
        })
    }

    /// Opens the connection that writes. A file is looked at before it is touched.
    fn open(&self, awaited: &CancelToken) -> Result<Connection, BackendError> {
        let Place::File(path) = &self.place else {
            return blank();
        };
        if let Some(folder) = path.parent() {
            // What keeps it from being made is what SQLite will say.
            let _ = fs::create_dir_all(folder);
        }
        let mut connection = self.connect(awaited)?;
        let standing = standing(&mut connection)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        if standing == SchemaState::Outdated {
            migrate(&mut connection)?;
        }
        Ok(connection)
    }

    fn connect(&self, awaited: &CancelToken) -> Result<Connection, BackendError> {
        let Place::File(path) = &self.place else {
            return blank();
        };
        // SQLite takes some names for addresses, or for memory; none of those begins like this.
        let path = Path::new(".").join(path);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        set_cancel_handlers(&mut connection, awaited, self.lock_timeout)?;
        // What a file that somebody sent has in its views and defaults calls no function with effects.
        connection.pragma_update(None, "trusted_schema", false)?;
        Ok(connection)
    }
}

/// A database with nothing in it, in memory.
fn blank() -> Result<Connection, BackendError> {
    let mut connection = Connection::open_in_memory()?;
    // Nor does what is on its way go to disk.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Lets a connection wait for locks, and both that and its work end when nobody waits for it any more.
fn set_cancel_handlers(
    connection: &mut Connection,
    awaited: &CancelToken,
    patience: Duration,
) -> Result<(), BackendError> {
    let looks = patience.as_millis() / PAUSE.as_millis();
    let waits = awaited.clone();
    connection.busy_handler(Some(move |looked: i32| {
        let patient = !waits.is_over() && u128::try_from(looked).is_ok_and(|looked| looked < looks);
        if patient {
            sleep(PAUSE);
        }
        patient
    }))?;
    let works = awaited.clone();
    connection.progress_handler(STEPS, Some(move || works.is_over()))?;
    Ok(())
}

/// All of the work or nothing of it; nothing, too, where nobody waits for it any more.
fn transact<T>(
    connection: &mut Connection,
    awaited: &CancelToken,
    work: impl FnOnce(&mut Connection) -> Result<T, BackendError>,
) -> Result<T, BackendError> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let done = work(connection).and_then(|done| {
        if awaited.is_over() {
            return Err(StoreError::Rows("nobody waits for what was to be kept".to_owned()).into());
        }
        connection.execute_batch("COMMIT")?;
        Ok(done)
    });
    if done.is_err() {
        undo(connection)?;
    }
    done
}

/// Rolls back what was begun and not ended.
fn undo(connection: &Connection) -> Result<(), BackendError> {
    if !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    Ok(())
}
