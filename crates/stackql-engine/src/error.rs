//! The internal error type of the engine, its messages, and its conversion into `DataFusionError`.
//!
//! Planning and execution return [`Error`], wrapped in `DataFusionError::External` where it passes through DataFusion.
//! `failure.rs` converts it into the public [`crate::Failure`].

use std::fmt;
use std::time::Duration;

use datafusion::error::DataFusionError;
use stackql_call::{BindError, Fault, FaultKind, ResponseError, TransportError};
use stackql_provider::{LookupError, RegistryError, Verb};
use thiserror::Error;

use crate::StoreError;

/// The fixed text that scripts match when no method fits a statement; the resource name follows it.
const NO_METHOD: &str = "cannot find matching operation, possible causes include missing required parameters or an \
                         unsupported method for the resource, to find required parameters for supported methods run \
                         SHOW METHODS IN";

/// An internal error of the engine. [`crate::Failure::from`] converts it into the error that users see.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// A name cannot be resolved.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// The provider registry failed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The store of local objects (views, materialized views, tables) failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The transport failed outside of a call: credentials are missing, or the response cache cannot be purged.
    #[error(transparent)]
    Rim(#[from] TransportError),
    /// The parameters cannot be bound to a call.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Required parameters are missing; the example is a statement that would work.
    #[error("{} {source}", NO_METHOD)]
    Incomplete {
        /// Which parameters are missing.
        source: BindError,
        /// The verb of the statement.
        verb: Verb,
        /// A statement that would work.
        example: String,
    },
    /// No method of a resource fits the statement.
    #[error("{} {table}: {reason}", NO_METHOD)]
    NoMethod {
        /// The qualified name of the resource.
        table: String,
        /// Why no method fits.
        reason: String,
        /// The verb of the statement.
        verb: Verb,
        /// What the user can do.
        hint: String,
    },
    /// No method of a resource serves INSERT.
    #[error("'{table}' has no method that answers INSERT; SHOW METHODS IN {table} lists what it has")]
    NoInsert {
        /// The qualified name of the resource.
        table: String,
    },
    /// The request got no response.
    #[error("{table}{}: {source}", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default())]
    Transport {
        /// The qualified name of the table.
        table: String,
        /// The scope of the call, such as a region.
        scope: Option<String>,
        /// The transport error.
        source: TransportError,
    },
    /// The response is a fault or cannot be decoded.
    #[error(transparent)]
    Response(#[from] ResponseError),
    /// A long-running operation was started, and polling its status or reading its result failed.
    #[error("{source}; '{label}' {stage}{}", .at.as_ref().map(|at| format!(", look for it by {at}")).unwrap_or_default())]
    LroFollowUp {
        /// The label of the operation.
        label: String,
        /// The last stage that the operation is known to have reached.
        stage: Stage,
        /// The request or id by which the user can find the operation.
        at: Option<String>,
        /// Why polling or reading failed.
        source: Box<Self>,
    },
    /// One of several calls failed.
    #[error("{source}; it was for {given}")]
    OneOfSeveral {
        /// The arguments or the row number that distinguish this call from the others.
        given: String,
        /// Why the call failed.
        source: Box<Self>,
    },
    /// A paginated list ended early; the pages before the error are valid.
    #[error("{source}; {} with {} came before", quantity(*.pages, "page"), quantity(*.rows, "row"))]
    Interrupted {
        /// The number of pages received.
        pages: usize,
        /// The number of rows on these pages.
        rows: usize,
        /// Why the next page is missing.
        source: Box<Self>,
    },
    /// All calls of a statement with several rows failed.
    #[error("{source}")]
    AllFailed {
        /// Why the last of them failed.
        source: Box<Self>,
        /// Why the others failed.
        others: Vec<String>,
    },
    /// A long-running operation took longer than the statement may wait.
    #[error("{table}{}: '{label}' still runs, and {} s is as long as is waited; look for it by {at}", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default(), .limit.as_secs_f64())]
    LroTimeout {
        /// The qualified name of the table.
        table: String,
        /// The scope of the call, such as a region.
        scope: Option<String>,
        /// The label of the operation.
        label: String,
        /// The request or id by which the user can find the operation.
        at: String,
        /// How long the statement may wait.
        limit: Duration,
    },
    /// The provider returned a page token that it had returned before.
    #[error("{table}{}: the provider sent the same page token twice after {pages} pages; the rows so far are not all", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default())]
    RepeatedToken {
        /// The qualified name of the table.
        table: String,
        /// The scope of the call, such as a region.
        scope: Option<String>,
        /// The number of pages read.
        pages: usize,
    },
    /// The provider returned the same page whichever page was requested.
    #[error("{table}{}: the provider gave page {pages} again for the next; whether the rows so far are all is not known", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default())]
    RepeatedPage {
        /// The qualified name of the table.
        table: String,
        /// The scope of the call, such as a region.
        scope: Option<String>,
        /// The number of pages read.
        pages: usize,
    },
    /// A statement needs more calls than `max_calls` allows.
    #[error("the statement would make {planned} calls or more, and max_calls is {most}")]
    TooManyCalls {
        /// The limit.
        most: u64,
        /// The number of calls known to be needed so far.
        planned: u64,
    },
    /// A statement ran longer than `statement_timeout`, which is the value here.
    #[error("the statement took longer than {}s, its statement_timeout; calls in flight were given up", .0.as_secs_f64())]
    StatementTimeout(Duration),
    /// The statement is invalid in a way that only the catalog shows.
    #[error("{message}")]
    InvalidStatement {
        /// What is wrong.
        message: String,
        /// What the user can do.
        hint: Option<String>,
    },
}

/// The last stage that a long-running operation is known to have reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The request that starts the operation was accepted.
    Despatched,
    /// The operation succeeded.
    Complete,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Despatched => "was despatched",
            Self::Complete => "is complete",
        })
    }
}

impl Error {
    /// The fault that the provider returned, where the error is one or wraps one.
    pub(crate) fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Response(ResponseError::Fault(fault)) => Some(fault),
            Self::OneOfSeveral { source, .. } | Self::AllFailed { source, .. } | Self::Interrupted { source, .. } => {
                source.fault()
            }
            _ => None,
        }
    }

    /// Whether the error is the fault by which an API reports that a dry run would succeed.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.fault().is_some_and(|fault| fault.kind == FaultKind::DryRun)
    }

    /// Whether rows of the same call were received before the error.
    pub(crate) fn follows_rows(&self) -> bool {
        match self {
            Self::Interrupted { .. } => true,
            Self::OneOfSeveral { source, .. } => source.follows_rows(),
            _ => false,
        }
    }

    /// The error that no method of a table serves a verb.
    pub(crate) fn no_method(table: &str, verb: Verb, hint: String) -> Self {
        Self::NoMethod { table: table.to_owned(), reason: not_appropriate(table, verb), verb, hint }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidStatement { message: message.into(), hint: None }
    }
}

fn not_appropriate(table: &str, verb: Verb) -> String {
    let resource = table.rsplit('.').next().unwrap_or(table);
    format!("no appropriate method = '{}' for resource = '{resource}'", verb.keyword().to_lowercase())
}

/// The message of the Go implementation where no method fits a statement.
pub(crate) fn no_appropriate_method(table: &str, verb: Verb) -> String {
    format!("{NO_METHOD} {table}: {}", not_appropriate(table, verb))
}

/// The message of the Go implementation where a resource has no method to show a statement for.
pub(crate) fn cannot_resolve(table: &str) -> String {
    format!("{NO_METHOD} {table}: cannot resolve Method")
}

/// A count with its noun, such as `1 page` or `2 pages`.
fn quantity(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        Self::External(Box::new(error))
    }
}
