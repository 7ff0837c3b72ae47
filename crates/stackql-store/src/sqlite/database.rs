//! The database of a store: its location, when it is opened, and who may use which connection.
//!
//! One connection writes and stays open. Each read of a file opens a connection of its own, so that it neither waits
//! for a writer nor sees an uncommitted change. An in-memory database has only one connection.

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

/// Interval between attempts to acquire a lock of another process.
const PAUSE: Duration = Duration::from_millis(20);
/// Number of SQLite virtual machine instructions between two checks for cancellation; less than a millisecond of work.
const STEPS: i32 = 10_000;
/// The pragma that turns foreign key checks on.
const FOREIGN_KEYS: &str = "foreign_keys";

/// The location of a database and the connection that writes to it.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    place: Place,
    /// How long to wait for a lock of another process.
    pub(crate) lock_timeout: Duration,
    /// The initialization script, which runs whenever the database is opened.
    pub(crate) script: Option<PathBuf>,
    /// Opened on first use.
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

    /// Whether the database exists, or a script is to create its content.
    pub(crate) fn exists(&self) -> bool {
        match &self.place {
            _ if self.script.is_some() => true,
            Place::Memory => self.lock().is_some(),
            // If the file's existence cannot be determined, opening it reports the error.
            Place::File(path) => path.try_exists().unwrap_or(true),
        }
    }

    /// Reads from a snapshot. If the database does not exist, `work` sees an empty one and no file is created.
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

    /// Changes the database in one transaction. If it does not exist, `work` runs on an empty one and no file is created.
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

    /// As [`Self::write`], but creates the database if it does not exist.
    pub(crate) fn write_creating<T>(
        &self,
        awaited: &CancelToken,
        work: impl FnOnce(&mut Connection) -> Result<T, BackendError>,
    ) -> Result<T, StoreError> {
        self.with_writer(awaited, |connection| transact(connection, awaited, work))
    }

    /// Uses the writing connection, which is opened first if necessary; that creates the file and runs the script.
    pub(crate) fn with_writer<T>(
        &self,
        awaited: &CancelToken,
        work: impl FnOnce(&mut Connection) -> Result<T, BackendError>,
    ) -> Result<T, StoreError> {
        let held = || {
            let mut writer = self.lock();
            if matches!(&self.place, Place::File(path) if !path.exists()) {
                // The file was deleted or moved. The open connection would write to the old file, so it is dropped.
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
            // The previous user may have panicked within a transaction.
            undo(connection)?;
            work(connection)
        };
        held().map_err(|failure| failure.at(&self.describe()))
    }

    /// The location of the database, for error messages.
    fn describe(&self) -> String {
        match &self.place {
            Place::Memory => "the database in memory".to_owned(),
            Place::File(path) => path.display().to_string(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Connection>> {
        // A panic poisons the lock and may leave a transaction open; the next user rolls it back.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the initialization script, which manages its own transactions or runs in autocommit mode.
    fn begin(&self, connection: &Connection) -> Result<(), BackendError> {
        let Some(path) = &self.script else { return Ok(()) };
        let statements = init_script::read(path)?;
        // Dumps turn the checks off while they load rows; the setting is restored afterwards.
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

    /// Opens the writing connection. The version of a file is checked before the file is modified.
    fn open(&self, awaited: &CancelToken) -> Result<Connection, BackendError> {
        let Place::File(path) = &self.place else {
            return blank();
        };
        if let Some(folder) = path.parent() {
            // An error is ignored here because opening the file will report it.
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
        // SQLite interprets some names as URIs or as in-memory databases; a path that begins with `./` is always a
        // file.
        let path = Path::new(".").join(path);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        set_cancel_handlers(&mut connection, awaited, self.lock_timeout)?;
        // Views and defaults of a file from another source must not call functions with side effects.
        connection.pragma_update(None, "trusted_schema", false)?;
        Ok(connection)
    }
}

/// An empty in-memory database with the current schema.
fn blank() -> Result<Connection, BackendError> {
    let mut connection = Connection::open_in_memory()?;
    // Temporary tables stay in memory, too.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Makes the connection wait for locks up to `patience`, and cancels both waiting and running statements with
/// `awaited`.
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

/// Runs `work` in one transaction, which is rolled back if it fails or the caller is gone.
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

/// Rolls back the open transaction, if there is one.
fn undo(connection: &Connection) -> Result<(), BackendError> {
    if !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    Ok(())
}
