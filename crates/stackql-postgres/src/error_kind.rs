//! What kind of trouble a connection is in, where the database itself said nothing.

use tokio_postgres::Error;

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionErrorKind {
    /// The two found no way to speak in secret.
    Tls,
    /// User or password are missing.
    Credentials,
    /// The connection was there, and ended.
    Lost,
    /// There was no connection.
    Unreached,
}

impl ConnectionErrorKind {
    /// Why there was no answer; `None` where there was one, in the words of the database.
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

    /// Whether the connection is gone, or the database is going away.
    pub fn is_lost(error: &Error) -> bool {
        error.as_db_error().is_none_or(|said| said.code().code().starts_with("57P"))
    }

    /// The innermost cause in words.
    pub fn words(error: &Error) -> String {
        let mut cause: &dyn std::error::Error = error;
        while let Some(next) = cause.source() {
            cause = next;
        }
        cause.to_string()
    }
}
