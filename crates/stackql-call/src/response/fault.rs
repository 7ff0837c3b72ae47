//! Decodes an error response into a [`Fault`]: its kind, code, message, request id and hint.

use stackql_provider::{BodyStyle, ErrorRules, ErrorShape, Protocol};
use thiserror::Error;

use crate::response::error_fields::ErrorFields;
use crate::response::{error_fields, graphql_errors};
use crate::{Operation, Response, Transform};

/// The hint where the provider rejects the time of a signature.
const CLOCK: &str =
    "the clock of this machine and that of the provider differ; set it by the network (NTP), then try again";

/// An error that a provider returned.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{table}{}: {code}: {message}{}", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default(), status_suffix(*.status, .request_id.as_ref().map(|id| format!("request id {id}"))))]
pub struct Fault {
    /// The category, which decides how the caller reacts.
    pub kind: FaultKind,
    /// The table that was queried or changed.
    pub table: String,
    /// The scope of the request, such as a region.
    pub scope: Option<String>,
    /// The HTTP status; 0 if the protocol is not HTTP.
    pub status: u16,
    /// The provider's error code; if the body has none, the name of the status.
    pub code: String,
    /// The provider's message; if the body has none, the beginning of the body, redacted.
    pub message: String,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// What the user can do about it.
    pub hint: Option<String>,
}

/// The categories of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The resource does not exist.
    NotFound,
    /// The rate limit of the provider is exceeded.
    Throttled,
    /// The provider rejected the time of the request: its clock and that of this machine differ.
    ClockSkew,
    /// The credentials were refused, or lack a permission.
    Unauthorized,
    /// A dry run that would have succeeded.
    DryRun,
    /// The provider failed (HTTP 5xx).
    Server,
    /// The request was invalid.
    Client,
}

/// Decodes the fault of a response; `None` if the response is successful. A body that is an error is a fault with whatever
/// status, and so is a GraphQL response with an error next to its data.
pub fn fault(operation: &Operation, scope: Option<&str>, response: &Response) -> Option<Fault> {
    let shape = &operation.method().response.error;
    let refused = response.status >= 300;
    let of_query = if is_query(operation) { graphql_errors::first_error(&response.body) } else { None };
    if !refused && of_query.is_none() && !error_fields::has_error_code(&response.body, shape) {
        return is_error_document(operation, response).then(|| {
            let said = ErrorFields::parse(&response.body, shape, response.status);
            build_fault(operation, scope, response, said, || "Error".to_owned())
        });
    }
    let said = of_query.unwrap_or_else(|| ErrorFields::parse(&response.body, shape, response.status));
    if !refused && said.code.is_none() && !is_error_document(operation, response) {
        return None;
    }
    Some(build_fault(operation, scope, response, said, || status_name(response.status)))
}

/// Whether an HTTP response of whatever status is an error document by its outermost element. Where a template takes the
/// body as text, it is user content, and no error.
fn is_error_document(operation: &Operation, response: &Response) -> bool {
    let is_kept = || operation.answer_template().is_some_and(|template| template.is_ok_and(Transform::takes_text));
    operation.method().request.protocol == Protocol::Http
        && error_fields::is_error_document(&response.body, &operation.method().response.outermost)
        && !is_kept()
}

/// The fault in a response that is successful by its status, without rows, and whose body is an error.
pub(crate) fn without_rows(operation: &Operation, scope: Option<&str>, response: &Response) -> Option<Fault> {
    let says = error_fields::has_only_error(&response.body);
    let said = says.then(|| ErrorFields::parse(&response.body, &operation.method().response.error, response.status))?;
    Some(build_fault(operation, scope, response, said, || "Error".to_owned()))
}

/// The fault in the status of a failed long-running operation, at the paths of `shape` or the usual ones.
pub(crate) fn failed(operation: &Operation, scope: Option<&str>, response: &Response, shape: &ErrorShape) -> Fault {
    let said = ErrorFields::parse(&response.body, shape, response.status);
    build_fault(operation, scope, response, said, || "OperationFailed".to_owned())
}

fn build_fault(
    operation: &Operation,
    scope: Option<&str>,
    response: &Response,
    said: ErrorFields,
    otherwise: impl FnOnce() -> String,
) -> Fault {
    let ErrorFields { code, message, request_id } = said;
    let rules = &operation.provider.errors;
    let is_query = is_query(operation);
    let code = code.filter(|c| !c.is_empty()).unwrap_or_else(otherwise);
    let is = |patterns: &[String]| ErrorRules::any(patterns, &code);
    let kind = match response.status {
        _ if is(&rules.dry_run) => FaultKind::DryRun,
        _ if is(&rules.not_found) => FaultKind::NotFound,
        _ if is(&rules.throttled) => FaultKind::Throttled,
        _ if is(&rules.clock_skew) => FaultKind::ClockSkew,
        _ if is(&rules.unauthorized) => FaultKind::Unauthorized,
        200..300 if is_query => graphql_errors::kind(&code).unwrap_or(FaultKind::Client),
        404 => FaultKind::NotFound,
        401 | 403 => FaultKind::Unauthorized,
        429 | 503 => FaultKind::Throttled,
        500.. => FaultKind::Server,
        _ => FaultKind::Client,
    };
    let clock = (kind == FaultKind::ClockSkew).then_some(CLOCK);
    let header = operation.method().response.error.request_id_header.as_deref().and_then(|h| response.header(h));
    Fault {
        kind,
        table: operation.qualified_name(),
        scope: scope.map(str::to_owned),
        status: http_status(operation, response),
        message: message.map(|m| one_line(&m)).unwrap_or_else(|| beginning(operation, &response.body)),
        request_id: request_id.or_else(|| header.map(str::to_owned)),
        hint: rules.hint(&code).or(clock).map(str::to_owned),
        code,
    }
}

fn is_query(operation: &Operation) -> bool {
    matches!(operation.method().request.body, BodyStyle::GraphQl { .. })
}

/// The HTTP status of a response; 0 for other protocols, whose status only encodes the kind of fault.
pub(crate) fn http_status(operation: &Operation, response: &Response) -> u16 {
    match operation.method().request.protocol {
        Protocol::Http => response.status,
        Protocol::Command { .. } | Protocol::Table { .. } => 0,
    }
}

/// The status and other facts about a response, in parentheses, to append to a message; empty if there is none.
pub(crate) fn status_suffix(status: u16, also: Option<String>) -> String {
    let status = (status != 0).then(|| format!("HTTP {status}"));
    let parts: Vec<String> = status.into_iter().chain(also).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// A status code and its reason phrase in upper case, such as `500 INTERNAL SERVER ERROR`; the code alone if it has none.
pub fn status_line(status: u16) -> String {
    reason(status).map_or_else(|| status.to_string(), |reason| format!("{status} {}", reason.to_uppercase()))
}

fn reason(status: u16) -> Option<&'static str> {
    http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason())
}

fn status_name(status: u16) -> String {
    reason(status).map(|reason| reason.replace(' ', "")).unwrap_or_else(|| "UnknownError".to_owned())
}

/// A provider's message on one line, without control characters, cut to 2000 characters.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 2000;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut line: String = line.chars().filter(|c| !c.is_control()).collect();
    if let Some((at, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(line.floor_char_boundary(at - 3));
        line.push_str("...");
    }
    line
}

fn beginning(operation: &Operation, body: &[u8]) -> String {
    /// Longer than the text that is shown, so that a secret that begins in it is complete and can be recognized.
    const READ: usize = 64 << 10;
    let text = String::from_utf8_lossy(&body[..body.len().min(READ)]);
    let text: String = one_line(&operation.redactor().redact_text(&text)).chars().take(200).collect();
    if text.is_empty() { "the answer has no body".to_owned() } else { text }
}

#[cfg(test)]
mod tests;
