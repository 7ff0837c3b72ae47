//! Why work on a database failed, before and after it is said where that was.

use arrow::error::ArrowError;
use stackql_engine::StoreError;
use stackql_postgres::{ConnectError, ConnectionErrorKind};
use tokio_postgres::Error;
use tokio_postgres::error::DbError;

use super::database::Database;

/// What goes wrong where the place of the database is not known.
#[derive(Debug)]
pub(crate) enum BackendError {
    Unconnected(ConnectError),
    Postgres(Error),
    /// Whether what was done is kept is not known.
    Commit(Error),
    Store(StoreError),
    /// A newer program wrote the schema, in this version of its form.
    Newer(i32),
}

impl BackendError {
    /// The failure in words for who reads them.
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

/// Why there is no connection.
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

/// PostgreSQL's own words in one line.
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

/// A refusal in our words.
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
