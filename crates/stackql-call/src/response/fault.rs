//! An error answer becomes a fault with code, message, request id and a hint.

use stackql_provider::{BodyStyle, ErrorRules, ErrorShape, Protocol};
use thiserror::Error;

use crate::{Operation, Response, Transform};

use crate::response::error_fields::ErrorFields;

/// What to do where the provider refuses the time that a signature tells.
const CLOCK: &str =
    "the clock of this machine and that of the provider differ; set it by the network (NTP), then try again";

/// What a provider said when it refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{table}{}: {code}: {message}{}", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default(), status_suffix(*.status, .request_id.as_ref().map(|id| format!("request id {id}"))))]
pub struct Fault {
    /// What it means for the caller.
    pub kind: FaultKind,
    /// The table that was asked.
    pub table: String,
    /// The scope that was asked, such as a region.
    pub scope: Option<String>,
    /// The HTTP status; 0 where it did not come by HTTP.
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
    DryRun,
    /// The provider failed (5xx).
    Server,
    /// The request was wrong.
    Client,
}

/// Reads the fault out of an answer, or `None` where it is good. A document that says it is an error is one,
/// whatever its status, and so is an answer to a GraphQL query that has an error beside its data.
pub fn fault(operation: &Operation, scope: Option<&str>, response: &Response) -> Option<Fault> {
    let shape = &operation.method().response.error;
    let refused = response.status >= 300;
    let of_query =
        if is_query(operation) { crate::response::graphql_errors::first_error(&response.body) } else { None };
    if !refused && of_query.is_none() && !crate::response::error_fields::has_error_code(&response.body, shape) {
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

/// Whether an answer over HTTP is an error by the name of its document, whatever its status. What is read as text is
/// what someone keeps there.
fn is_error_document(operation: &Operation, response: &Response) -> bool {
    let is_kept = || operation.answer_template().is_some_and(|template| template.is_ok_and(Transform::takes_text));
    operation.method().request.protocol == Protocol::Http
        && crate::response::error_fields::is_error_document(&response.body, &operation.method().response.outermost)
        && !is_kept()
}

/// The fault in an answer that is good by its status and has no rows.
pub(crate) fn without_rows(operation: &Operation, scope: Option<&str>, response: &Response) -> Option<Fault> {
    let says = crate::response::error_fields::has_only_error(&response.body);
    let said = says.then(|| ErrorFields::parse(&response.body, &operation.method().response.error, response.status))?;
    Some(build_fault(operation, scope, response, said, || "Error".to_owned()))
}

/// What the state of work that failed says about it, at the places of `shape` or the usual ones.
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
        200..300 if is_query => crate::response::graphql_errors::kind(&code).unwrap_or(FaultKind::Client),
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

/// The status of an answer, or 0 where it is not of HTTP and says only what kind of fault it is.
pub(crate) fn http_status(operation: &Operation, response: &Response) -> u16 {
    match operation.method().request.protocol {
        Protocol::Http => response.status,
        Protocol::Command { .. } | Protocol::Table { .. } => 0,
    }
}

/// A status and what else is known of an answer, as they stand behind a message.
pub(crate) fn status_suffix(status: u16, also: Option<String>) -> String {
    let status = (status != 0).then(|| format!("HTTP {status}"));
    let parts: Vec<String> = status.into_iter().chain(also).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// A status and its name, as servers of the kind that answer `500 INTERNAL SERVER ERROR` write it.
pub fn status_line(status: u16) -> String {
    reason(status).map_or_else(|| status.to_string(), |reason| format!("{status} {}", reason.to_uppercase()))
}

fn reason(status: u16) -> Option<&'static str> {
    http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason())
}

fn status_name(status: u16) -> String {
    reason(status).map(|reason| reason.replace(' ', "")).unwrap_or_else(|| "UnknownError".to_owned())
}

/// A provider's words on one line, cut to a sensible length.
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
    /// Long enough for a secret that begins in what is shown to be there whole, by which it is known.
    const READ: usize = 64 << 10;
    let text = String::from_utf8_lossy(&body[..body.len().min(READ)]);
    let text: String = one_line(&operation.redactor().redact_text(&text)).chars().take(200).collect();
    if text.is_empty() { "the answer has no body".to_owned() } else { text }
}

#[cfg(test)]
mod tests;
