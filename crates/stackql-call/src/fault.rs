//! An error answer becomes a fault with code, message, request id and a hint.

use thiserror::Error;

use crate::{Operation, Response};

/// What a provider said when it refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{table}{}: {code}: {message} (HTTP {status}{})", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default(), .request_id.as_ref().map(|r| format!(", request id {r}")).unwrap_or_default())]
pub struct Fault {
    /// What it means for the caller.
    pub kind: FaultKind,
    /// The table that was asked.
    pub table: String,
    /// The scope that was asked, such as a region.
    pub scope: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// The provider's error code; the status's name where the body has none.
    pub code: String,
    /// The provider's message; the beginning of the body where it has no known form.
    pub message: String,
    /// The request id.
    pub request_id: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

/// What a fault means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The thing does not exist.
    NotFound,
    /// Too many requests.
    Throttled,
    /// The request's clock was wrong.
    ClockSkew,
    /// The credentials were refused.
    Unauthorized,
    /// A rehearsal that would have succeeded.
    Rehearsed,
    /// The provider failed (5xx).
    Server,
    /// The request was wrong.
    Client,
}

/// Reads the fault out of an answer, or `None` where its status says that it is good.
pub fn fault(operation: &Operation, scope: Option<&str>, response: &Response) -> Option<Fault> {
    let _ = (operation, scope, response);
    None
}
