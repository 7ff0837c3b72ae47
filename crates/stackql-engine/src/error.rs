//! What can go wrong inside the engine, and how it travels through DataFusion.

use std::fmt;
use std::time::Duration;

use datafusion::error::DataFusionError;
use stackql_call::{BindError, Fault, FaultKind, ResponseError, TransportError};
use stackql_provider::{LookupError, RegistryError, Verb};
use thiserror::Error;

use crate::StoreError;

/// What scripts look for when a statement has no method; the resource follows.
const NO_METHOD: &str = "cannot find matching operation, possible causes include missing required parameters or an \
                         unsupported method for the resource, to find required parameters for supported methods run \
                         SHOW METHODS IN";

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
    /// The store of what users make did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There are no credentials, or what is kept cannot be dropped.
    #[error(transparent)]
    Rim(#[from] TransportError),
    /// Parameters do not make a call.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Parameters are missing; the example shows a statement that would work.
    #[error("{} {source}", NO_METHOD)]
    Incomplete {
        /// What is missing.
        source: BindError,
        /// What was asked for.
        verb: Verb,
        /// A statement that would work.
        example: String,
    },
    /// No method of a resource does what was asked for.
    #[error("{} {table}: {reason}", NO_METHOD)]
    NoMethod {
        /// The resource.
        table: String,
        /// What was asked for.
        reason: String,
        /// By which verb.
        verb: Verb,
        /// What to do.
        hint: String,
    },
    /// No method of a resource creates a row.
    #[error("'{table}' has no method that answers INSERT; SHOW METHODS IN {table} lists what it has")]
    NoInsert {
        /// The resource.
        table: String,
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
    Response(#[from] ResponseError),
    /// Work was started, and asking for its state or for what it made failed.
    #[error("{source}; '{label}' {stage}{}", .at.as_ref().map(|at| format!(", look for it by {at}")).unwrap_or_default())]
    LroFollowUp {
        /// What the work is called.
        label: String,
        /// How far it came for all that is known.
        stage: Stage,
        /// What asks for it.
        at: Option<String>,
        /// Why it failed.
        source: Box<Self>,
    },
    /// One of several calls failed.
    #[error("{source}; it was for {given}")]
    OneOfSeveral {
        /// What tells it from the others.
        given: String,
        /// Why it failed.
        source: Box<Self>,
    },
    /// A list ended early: the pages before are good.
    #[error("{source}; {} with {} came before", quantity(*.pages, "page"), quantity(*.rows, "row"))]
    Interrupted {
        /// How many pages came.
        pages: usize,
        /// How many rows these had.
        rows: usize,
        /// Why there are no more.
        source: Box<Self>,
    },
    /// Several rows were sent and none went.
    #[error("{source}")]
    AllFailed {
        /// Why the last of them failed.
        source: Box<Self>,
        /// Why the others did.
        others: Vec<String>,
    },
    /// Work went on for longer than a statement waits.
    #[error("{table}{}: '{label}' still runs, and {} s is as long as is waited; look for it by {at}", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default(), .limit.as_secs_f64())]
    LroTimeout {
        /// The table.
        table: String,
        /// The scope.
        scope: Option<String>,
        /// What the work is called.
        label: String,
        /// What asks for its state.
        at: String,
        /// How long is waited.
        limit: Duration,
    },
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
    StatementTimeout(Duration),
    /// The statement is wrong in a way that only the catalog shows.
    #[error("{message}")]
    InvalidStatement {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
}

/// How far work is known to have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The request that starts it was taken.
    Despatched,
    /// It is over, and well.
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
    /// What the provider said when it refused, if that is what went wrong.
    pub(crate) fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Response(ResponseError::Fault(fault)) => Some(fault),
            Self::OneOfSeveral { source, .. } | Self::AllFailed { source, .. } | Self::Interrupted { source, .. } => {
                source.fault()
            }
            _ => None,
        }
    }

    /// Whether it says that a rehearsal would have succeeded.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.fault().is_some_and(|fault| fault.kind == FaultKind::DryRun)
    }

    /// Whether rows came before it, of the same call.
    pub(crate) fn follows_rows(&self) -> bool {
        match self {
            Self::Interrupted { .. } => true,
            Self::OneOfSeveral { source, .. } => source.follows_rows(),
            _ => false,
        }
    }

    /// No method of a table answers a verb.
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

/// What the Go program says where no method fits a statement.
pub(crate) fn no_appropriate_method(table: &str, verb: Verb) -> String {
    format!("{NO_METHOD} {table}: {}", not_appropriate(table, verb))
}

/// What the Go program says where a resource has no method to show a statement of.
pub(crate) fn cannot_resolve(table: &str) -> String {
    format!("{NO_METHOD} {table}: cannot resolve Method")
}

/// `1 page`, or `2 pages`.
fn quantity(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        Self::External(Box::new(error))
    }
}
