//! The public error type of the engine, [`Failure`], and the conversions into it from engine and DataFusion errors.
//!
//! The command line prints its message and hints and maps its kind to an exit code; `system.errors` lists failed calls.

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use stackql_call::{BindError, FaultKind, ResponseError, TransportErrorKind};
use stackql_provider::RegistryError;

use crate::error::{Error, cannot_resolve, no_appropriate_method};
use crate::library_message::{is_of_statement, readable};
use crate::{StoreError, StoredKind};

/// Why a statement failed: a message and hints for the user, and a kind that maps to an exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind of the failure, which says who can fix it.
    pub kind: FailureKind,
    /// What failed, on which resource: one line, without a trailing period and without secrets.
    pub message: String,
    /// What the user can do; one line each.
    pub hints: Vec<String>,
    /// The call that failed, where a call is the cause.
    pub call: Option<Box<FailedCall>>,
    /// The message of the Go implementation, where it differs.
    pub compat: Option<String>,
}

/// The call that caused a failure; fields are `None` where the call did not get that far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FailedCall {
    /// The qualified name of the table, `provider.service.resource`.
    pub table: String,
    /// The scope, such as a region.
    pub scope: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The error code that the provider returned.
    pub code: Option<String>,
    /// The request id that the provider returned.
    pub request_id: Option<String>,
}

/// The kind of a failure: who can fix it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The statement is invalid, or the configuration is.
    User,
    /// Credentials are missing or rejected.
    Auth,
    /// The provider returned a fault, or could not be reached.
    Api,
    /// A limit was reached: a quota, a timeout, memory or the number of calls.
    Limit,
    /// A bug in this program.
    Internal,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl Failure {
    /// A failure without hints, without a call and without a compatibility message.
    pub fn new(kind: FailureKind, message: String) -> Self {
        Self { kind, message, hints: Vec::new(), call: None, compat: None }
    }

    /// The message in the form of the Go implementation, which scripts match: without the table name in front.
    pub fn compat_message(&self) -> &str {
        if let Some(text) = &self.compat {
            return text;
        }
        let Some(FailedCall { table, scope, .. }) = self.call.as_deref() else { return &self.message };
        let in_front = match scope {
            Some(scope) => format!("{table} in {scope}: "),
            None => format!("{table}: "),
        };
        self.message.strip_prefix(&in_front).unwrap_or(&self.message)
    }

    /// A failure from an internal error of a library; the kind is `User` where the text is known to be about the statement.
    fn of_library(text: &str) -> Self {
        let kind = if is_of_statement(text) { FailureKind::User } else { FailureKind::Internal };
        Self::new(kind, first_line(text))
    }

    fn user(message: String) -> Self {
        Self::new(FailureKind::User, message)
    }
}

/// The call that caused an error.
fn failed_call(error: &Error) -> Option<Box<FailedCall>> {
    let place = match error {
        Error::RepeatedToken { table, scope, .. }
        | Error::RepeatedPage { table, scope, .. }
        | Error::Transport { table, scope, .. } => {
            FailedCall { table: table.clone(), scope: scope.clone(), ..FailedCall::default() }
        }
        Error::Response(ResponseError::Fault(fault)) => FailedCall {
            table: fault.table.clone(),
            scope: fault.scope.clone(),
            status: by_http(fault.status),
            code: Some(fault.code.clone()),
            request_id: fault.request_id.clone(),
        },
        Error::Response(
            ResponseError::Malformed { table, scope, status, .. }
            | ResponseError::Template { table, scope, status, .. },
        ) => {
            FailedCall { table: table.clone(), scope: scope.clone(), status: by_http(*status), ..FailedCall::default() }
        }
        Error::Response(ResponseError::Value { table, scope, .. }) => {
            FailedCall { table: table.clone(), scope: scope.clone(), ..FailedCall::default() }
        }
        Error::Response(ResponseError::LroNotTrackable { table, .. }) => {
            FailedCall { table: table.clone(), ..FailedCall::default() }
        }
        Error::LroTimeout { table, scope, .. } => {
            FailedCall { table: table.clone(), scope: scope.clone(), ..FailedCall::default() }
        }
        Error::LroFollowUp { source, .. }
        | Error::OneOfSeveral { source, .. }
        | Error::Interrupted { source, .. }
        | Error::AllFailed { source, .. } => return failed_call(source),
        _ => return None,
    };
    Some(Box::new(place))
}

/// The status of an HTTP response; commands and databases have none, which is encoded as 0.
fn by_http(status: u16) -> Option<u16> {
    (status != 0).then_some(status)
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let failure = Self::from_engine_error(error);
        Self { call: failed_call(error), ..failure }
    }
}

impl Failure {
    fn from_engine_error(error: &Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Store(StoreError::Missing(what)) => {
                let name = [StoredKind::View, StoredKind::MaterializedView, StoredKind::Table]
                    .iter()
                    .find_map(|kind| what.strip_prefix(&format!("{kind} ")));
                let compat = format!("could not locate table '{}'", name.unwrap_or(what));
                Self { compat: Some(compat), ..Self::user(message) }
            }
            Error::Lookup(_) | Error::Bind(_) | Error::Store(_) => Self::user(message),
            Error::Registry(RegistryError::Unavailable(_) | RegistryError::Refused { .. }) => {
                Self::new(FailureKind::Api, message)
            }
            Error::Registry(_) => Self::user(message),
            Error::Incomplete { source: BindError::Missing { table, .. }, verb, example } => Self {
                hints: vec![format!("this would work: {example}")],
                compat: Some(no_appropriate_method(table, *verb)),
                ..Self::user(message)
            },
            Error::Incomplete { example, .. } => {
                Self { hints: vec![format!("this would work: {example}")], ..Self::user(message) }
            }
            Error::NoMethod { hint, table, verb, .. } => Self {
                hints: vec![hint.clone()],
                compat: Some(no_appropriate_method(table, *verb)),
                ..Self::user(message)
            },
            Error::NoInsert { table } => Self { compat: Some(cannot_resolve(table)), ..Self::user(message) },
            Error::InvalidStatement { hint, .. } => {
                Self { hints: hint.iter().cloned().collect(), ..Self::user(message) }
            }
            Error::RepeatedToken { .. } | Error::RepeatedPage { .. } => Self::new(FailureKind::Api, message),
            Error::TooManyCalls { .. } => {
                let hint = "narrow it, LIMIT it, or SET max_calls to more; EXPLAIN says what it calls".to_owned();
                Self { hints: vec![hint], ..Self::new(FailureKind::Limit, message) }
            }
            Error::StatementTimeout(_) => Self::new(FailureKind::Limit, message),
            Error::LroTimeout { .. } => Self::new(FailureKind::Limit, message),
            Error::LroFollowUp { source, .. }
            | Error::OneOfSeveral { source, .. }
            | Error::Interrupted { source, .. } => Self { message, ..Self::from_engine_error(source) },
            Error::AllFailed { source, others } => {
                let failure = Self::from_engine_error(source);
                let others = others.iter().map(|other| format!("nor did this: {other}"));
                Self { hints: failure.hints.iter().cloned().chain(others).collect(), ..failure }
            }
            Error::Transport { source, .. } | Error::Rim(source) => match source.kind {
                TransportErrorKind::Credentials => Self::new(FailureKind::Auth, message),
                TransportErrorKind::Configuration | TransportErrorKind::Elsewhere => Self::user(message),
                TransportErrorKind::Throttled => Self::new(FailureKind::Limit, message),
                _ => Self::new(FailureKind::Api, message),
            },
            Error::Response(ResponseError::Fault(fault)) => {
                let kind = match fault.kind {
                    FaultKind::Unauthorized | FaultKind::ClockSkew => FailureKind::Auth,
                    FaultKind::Throttled => FailureKind::Limit,
                    _ => FailureKind::Api,
                };
                Self { hints: fault.hint.iter().cloned().collect(), ..Self::new(kind, message) }
            }
            Error::Response(_) => Self::new(FailureKind::Api, message),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<DataFusionError> for Failure {
    fn from(error: DataFusionError) -> Self {
        Self::from(&error)
    }
}

impl From<&DataFusionError> for Failure {
    fn from(error: &DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast_ref::<Error>() {
                Some(ours) => Self::from(ours),
                None => match inner.downcast_ref::<Self>() {
                    Some(ours) => ours.clone(),
                    None => Self::of_library(&inner.to_string()),
                },
            },
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => Self::from(inner.as_ref()),
            DataFusionError::Shared(inner) => Self::from(inner.as_ref()),
            DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
                datafusion::arrow::error::ArrowError::ExternalError(inner) => {
                    match inner.downcast_ref::<DataFusionError>() {
                        Some(inner) => Self::from(inner),
                        None => Self::user(first_line(&inner.to_string())),
                    }
                }
                other => Self::user(first_line(&other.to_string())),
            },
            DataFusionError::Collection(all) => match all.first() {
                Some(first) => Self::from(first),
                None => Self::of_library(&error.strip_backtrace()),
            },
            DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
                SchemaError::FieldNotFound { field, .. } => {
                    Self::user(readable(&format!("no such column: {}", field.flat_name())))
                }
                other => Self::user(first_line(&other.to_string())),
            },
            DataFusionError::Plan(message)
            | DataFusionError::Execution(message)
            | DataFusionError::NotImplemented(message) => Self::user(first_line(message)),
            DataFusionError::SQL(..) => Self::user(first_line(&error.strip_backtrace())),
            DataFusionError::ResourcesExhausted(message) => {
                let hint = "give the program more memory (--memory-limit), or ask for fewer columns or rows".to_owned();
                Self { hints: vec![hint], ..Self::new(FailureKind::Limit, first_line(message)) }
            }
            other => Self::of_library(&other.strip_backtrace()),
        }
    }
}

/// The first line of a library's message in the style of this program's messages: it starts with a lower-case letter,
/// unless a name or an acronym is first, and has no trailing period.
fn first_line(text: &str) -> String {
    let line = match text.contains("regex parse error") {
        true => readable(text),
        false => readable(text.lines().next().unwrap_or_default().trim_end_matches('.')),
    };
    let mut letters = line.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(line.chars().skip(1)).collect()
        }
        _ => line,
    }
}

impl FailureKind {
    /// The name of the kind in `system.errors`.
    pub fn label(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Auth => "auth",
            Self::Api => "api",
            Self::Limit => "limit",
            Self::Internal => "internal",
        }
    }
}
