//! Classification of `tokio_postgres` errors that are not error responses of the server.

use tokio_postgres::Error;

/// Kind of a connection failure that has no error response of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionErrorKind {
    /// The TLS handshake failed.
    Tls,
    /// User or password is missing from the configuration.
    Credentials,
    /// The connection was established and then closed.
    Lost,
    /// No connection was established.
    Unreached,
}

impl ConnectionErrorKind {
    /// Classifies an error; `None` if the server returned an error response, whose SQLSTATE and message say more.
    pub fn classify(error: &Error) -> Option<Self> {
        if error.as_db_error().is_some() {
            return None;
        }
        Some(match error.to_string().split(':').next().unwrap_or_default() {
            "error performing TLS handshake" => Self::Tls,
            "authentication error" | "invalid configuration" => Self::Credentials,
            "connection closed" => Self::Lost,
            _ => Self::Unreached,
        })
    }

    /// Whether the connection is closed, or the server is shutting down or terminating it (SQLSTATE class `57P`).
    pub fn is_lost(error: &Error) -> bool {
        error.as_db_error().is_none_or(|said| said.code().code().starts_with("57P"))
    }

    /// The message of the innermost error in the source chain.
    pub fn words(error: &Error) -> String {
        let mut cause: &dyn std::error::Error = error;
        while let Some(next) = cause.source() {
            cause = next;
        }
        cause.to_string()
    }
}
