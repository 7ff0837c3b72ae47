//! What can go wrong inside the engine, and how it travels through DataFusion.

use datafusion::error::DataFusionError;
use stackql_call::{AnswerError, BindError, TransportError};
use stackql_provider::{LookupError, RegistryError};
use thiserror::Error;

/// An error of the engine. [`crate::Failure::from`] turns it into what a person reads.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// A name led nowhere.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// The registry gave nothing.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Parameters do not make a call.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Parameters are missing; the example shows a statement that would work.
    #[error("{source}")]
    Incomplete {
        /// What is missing.
        source: BindError,
        /// A statement that would work.
        example: String,
    },
    /// There was no answer.
    #[error("{table}{}: {source}", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default())]
    Transport {
        /// The table.
        table: String,
        /// The scope.
        scope: Option<String>,
        /// Why.
        source: TransportError,
    },
    /// The answer was a refusal or cannot be read.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The provider sent a page token that it had sent before.
    #[error("{table}{}: the provider sent the same page token twice after {pages} pages; the rows so far are not all", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default())]
    RepeatedToken {
        /// The table.
        table: String,
        /// The scope.
        scope: Option<String>,
        /// Pages read.
        pages: usize,
    },
    /// The provider answered with the same page whatever page was asked for.
    #[error("{table}{}: the provider gave page {pages} again for the next; whether the rows so far are all is not known", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default())]
    RepeatedPage {
        /// The table.
        table: String,
        /// The scope.
        scope: Option<String>,
        /// Pages read.
        pages: usize,
    },
    /// A statement would make more calls than it may.
    #[error("the statement would make {planned} calls or more, and max_calls is {most}")]
    TooManyCalls {
        /// How many it may make.
        most: u64,
        /// How many are known to be needed.
        planned: u64,
    },
    /// A statement took longer than it may.
    #[error("the statement took longer than {}s, its statement_timeout; calls in flight were given up", .0.as_secs_f64())]
    TookTooLong(std::time::Duration),
    /// The statement is wrong in a way that only the catalog shows.
    #[error("{message}")]
    Statement {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
}

impl Error {
    pub(crate) fn statement(message: impl Into<String>) -> Self {
        Self::Statement { message: message.into(), hint: None }
    }
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        Self::External(Box::new(error))
    }
}
