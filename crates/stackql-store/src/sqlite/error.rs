//! Errors of the SQLite store, and their translation to `StoreError` with the database's location.

use arrow::error::ArrowError;
use rusqlite::ErrorCode;
use stackql_engine::StoreError;

/// An error raised where the location of the database is not known.
#[derive(Debug)]
pub(crate) enum BackendError {
    Sqlite(rusqlite::Error),
    Store(StoreError),
    /// The file has this version, written by a newer program.
    Newer(i32),
    /// The file is a database of another application.
    Foreign,
}

impl BackendError {
    /// Converts the error to a [`StoreError`] with the database's location and advice.
    pub(crate) fn at(self, place: &str) -> StoreError {
        let error = match self {
            Self::Store(error) => return error,
            Self::Newer(version) => {
                return StoreError::Unusable(format!(
                    "{place} was written by a newer version of this program (form {version} of the file); update this one, or \
                     name another file"
                ));
            }
            Self::Foreign => {
                return StoreError::Unusable(format!(
                    "{place} is the database of another program, and is left as it is; name another file"
                ));
            }
            Self::Sqlite(error) => error,
        };
        let words = words(&error);
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Unusable(format!(
                "{place} is locked: another process writes to it and did not end in time; try again when it is done"
            )),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Unusable(format!(
                "{place} is damaged or no database ({words}), and is left as it is; move it away, or name another file"
            )),
            Some(ErrorCode::DiskFull) => StoreError::Unusable(format!(
                "there is no room for what was to be written to {place} ({words}); it is as it was before; make room and \
                 try again"
            )),
            Some(ErrorCode::CannotOpen) => StoreError::Unusable(format!(
                "{place} cannot be opened ({words}); see whether its folder exists and may be written to, or name another file"
            )),
            Some(
                ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::SystemIoFailure
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::NoLargeFileSupport
                | ErrorCode::OutOfMemory,
            ) => StoreError::Unusable(format!(
                "{place} cannot be read or written ({words}); see to the disk and to who may write there, or name another file"
            )),
            _ => StoreError::Refused(words),
        }
    }
}

/// SQLite's message in one line.
fn words(error: &rusqlite::Error) -> String {
    let words = match error {
        rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Rejects a statement or its rows with a message of our own.
pub(crate) fn rejected(words: impl Into<String>) -> BackendError {
    BackendError::Store(StoreError::Refused(words.into()))
}

impl From<rusqlite::Error> for BackendError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for BackendError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ArrowError> for BackendError {
    fn from(error: ArrowError) -> Self {
        rejected(error.to_string())
    }
}
