//! Errors of the PostgreSQL store, and their translation to `StoreError` with the database's address.

use arrow::error::ArrowError;
use stackql_engine::StoreError;
use stackql_postgres::{ConnectError, ConnectionErrorKind};
use tokio_postgres::Error;
use tokio_postgres::error::DbError;

use super::database::Database;

/// An error raised where the address of the database is not known.
#[derive(Debug)]
pub(crate) enum BackendError {
    Unconnected(ConnectError),
    Postgres(Error),
    /// The connection failed during COMMIT, so it is in doubt whether the change took effect.
    Commit(Error),
    Store(StoreError),
    /// The schema has this version, written by a newer program.
    Newer(i32),
}

impl BackendError {
    /// Converts the error to a [`StoreError`] with the database's address and advice by SQLSTATE.
    pub(crate) fn at(self, database: &Database) -> StoreError {
        let place = &database.address;
        let error = match self {
            Self::Store(error) => return error,
            Self::Newer(version) => {
                return StoreError::Unusable(format!(
                    "schema {} of {place} was written by a newer version of this program (form {version} of the schema); \
                     update this one, or name another schema",
                    database.schema
                ));
            }
            Self::Unconnected(ConnectError::Settings(message)) => return StoreError::Unusable(message),
            Self::Unconnected(ConnectError::Database(error)) => return unreached(&error, place),
            Self::Commit(error) if error.as_db_error().is_none() => {
                return StoreError::Unusable(format!(
                    "the connection to {place} was lost ({}) while the change was being committed; see whether it is \
                     there before you try again",
                    ConnectionErrorKind::words(&error)
                ));
            }
            Self::Postgres(error) | Self::Commit(error) => error,
        };
        let Some(said) = error.as_db_error() else {
            let whole = error.to_string();
            if !["connection closed", "error communicating"].iter().any(|lost| whole.starts_with(lost)) {
                return StoreError::Refused(format!("{whole}: {}", ConnectionErrorKind::words(&error)));
            }
            return StoreError::Unusable(format!(
                "the connection to {place} was lost ({}); nothing of the statement was kept; try again",
                ConnectionErrorKind::words(&error)
            ));
        };
        let words = words(said);
        match said.code().code() {
            "42501" => StoreError::Unusable(format!(
                "{place}: {words}; grant it, or name another schema by schemata.tableSchema"
            )),
            "55P03" => StoreError::Unusable(format!(
                "{place} is locked: somebody else writes to it and did not end in time; try again when it is done"
            )),
            "57014" => {
                StoreError::Unusable(format!("{place} cancelled the statement ({words}); nothing of it was kept"))
            }
            "40001" | "40P01" => StoreError::Unusable(format!(
                "somebody else's change of {place} was in the way ({words}); nothing of the statement was kept; try again"
            )),
            "25006" => StoreError::Unusable(format!("{place} may only be read ({words}); name another database")),
            code if code.starts_with("57P") => StoreError::Unusable(format!(
                "the connection to {place} was lost ({words}); nothing of the statement was kept; try again"
            )),
            code if code.starts_with("53") => StoreError::Unusable(format!(
                "{place} has no room for what was to be done ({words}); it is as it was before; make room and try again"
            )),
            code if ["08", "58", "XX"].iter().any(|class| code.starts_with(class)) => {
                StoreError::Unusable(format!("{place} cannot be read or written ({words}); see to the server"))
            }
            _ => StoreError::Refused(words),
        }
    }
}

/// The error for a connection that could not be opened.
fn unreached(error: &Error, place: &stackql_postgres::Address) -> StoreError {
    let why = error.as_db_error().map_or_else(|| ConnectionErrorKind::words(error), words);
    let advice = match (ConnectionErrorKind::classify(error), error.code().map(|code| code.code())) {
        (Some(ConnectionErrorKind::Tls), _) => "if its certificate is your own, give its CA by --tls.CABundle",
        (None, Some("28000")) if why.contains("no encryption") => "add sslmode=require to the dsn",
        (Some(ConnectionErrorKind::Credentials), _) | (None, Some("28P01" | "28000")) => {
            "check user and password of the dsn"
        }
        (None, Some("3D000")) => "create it, or name another in the dsn",
        (None, _) => "see to the server",
        (Some(ConnectionErrorKind::Lost | ConnectionErrorKind::Unreached), _) => {
            "check the address in the dsn and that the database runs"
        }
    };
    StoreError::Unusable(format!("cannot connect to {place}: {why}; {advice}"))
}

/// The server's message, detail and hint in one line.
fn words(said: &DbError) -> String {
    let mut words = said.message().to_owned();
    if let Some(detail) = said.detail() {
        words = format!("{words}: {detail}");
    }
    if let Some(hint) = said.hint() {
        words = format!("{words} ({hint})");
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

/// Rejects a statement or its rows with a message of our own.
pub(crate) fn rejected(words: impl Into<String>) -> BackendError {
    BackendError::Store(StoreError::Refused(words.into()))
}

impl From<Error> for BackendError {
    fn from(error: Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<ConnectError> for BackendError {
    fn from(error: ConnectError) -> Self {
        Self::Unconnected(error)
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
