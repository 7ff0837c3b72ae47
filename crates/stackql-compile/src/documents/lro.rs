//! Long-running operations (LRO). The pattern is recognized by the schema of the response, or else by the usual
//! headers. Owns the default patterns; conditions defined in documents are parsed by [`super::condition`].

use stackql_provider::{
    BodyFormat, ErrorShape, LroPattern, LroRules, Poll, ResponseShape, ResultLocation, StatusCondition, Types, Verb,
};

use super::diagnostic::Diagnostic;
use super::document_set::NodeRef;
use super::operation::{Operation, TARGET, pairs, with_query};
use super::schema::{MergedSchema, merged};
use super::{condition, response};

/// Headers with the URL of a status document that has `status` and `error`.
const OF_STATES: [&str; 2] = ["Azure-AsyncOperation", "Operation-Location"];
const LOCATION: &str = "Location";
/// The operation that returns the status of another one, for responses with a `ProgressEvent`.
const STATUS_OF_EVENT: &str = "GetResourceRequestStatus";
const EVENT: &str = "ProgressEvent";

/// The rules for tracking the operation that a method starts. `server` is the first server URL of the document;
/// `target` is the value of the header that selects the operation.
pub(super) fn compile<'a>(
    method: NodeRef<'a>,
    operation: &Operation<'a>,
    verb: Verb,
    (server, target): (&str, Option<&str>),
    own: &ResponseShape,
    types: &mut Types,
    problems: &mut Vec<Diagnostic>,
) -> Option<LroRules> {
    if verb == Verb::Select || operation.is("get") {
        return None;
    }
    let said = method.get("response");
    let own_condition = said.and_then(|r| r.get("await")).and_then(|a| a.get("condition"));
    let overridden = response::lro_result_shape(method, operation, types);
    let schema = response::schema(method, operation).map(merged).unwrap_or_default();
    let has = |name: &str| schema.properties.iter().any(|(n, _)| *n == name);
    let is_stated = overridden.is_some()
        || own_condition.is_some()
        || said.is_some_and(|r| r.get("asyncOverrideMediaType").is_some());
    let mut ways = Vec::new();
    if has("name") && has("done") && (has("response") || has("metadata")) {
        ways.push(named_operation_lro(operation, server));
    } else if has("selfLink") && (has("operationType") || has("targetLink")) {
        ways.push(linked(operation));
    } else if let (Some(target), true) = (target, is_event(&schema)) {
        ways.push(event(operation, target));
    } else {
        ways.extend(is_stated.then(|| linked(operation)));
        ways.extend(OF_STATES.map(|header| by_header(header, operation)));
        ways.push(accepted());
    }
    match own_condition.map(|at| (at, condition::parse(at.scalar().unwrap_or_default()))) {
        Some((_, Ok(condition))) => {
            // The pattern for status 202 has no status document to which the condition could apply.
            let states = ways.iter_mut().filter(|way| !matches!(way.poll, Poll::Accepted(_)));
            states.for_each(|way| way.done.clone_from(&condition));
        }
        Some((at, Err(reason))) => {
            let what = format!("await.condition is left out: {reason}");
            let advice = "write one like $.status == 'DONE' || $.endTime != null";
            problems.push(Diagnostic::new(at.place(), &what, advice));
        }
        None => {}
    }
    let is_state = ways.iter().any(|way| matches!(way.poll, Poll::Link(_) | Poll::Name { .. }));
    // The response is a status document, so the result has the shape of the table's rows.
    let of_table =
        || ResponseShape { media_type: own.media_type.clone(), format: BodyFormat::Json, ..ResponseShape::default() };
    Some(LroRules { patterns: ways, result: overridden.or_else(|| is_state.then(of_table)) })
}

/// Status document `{kind, operationType, selfLink, targetLink, status, endTime, error: {errors: [{code, message}]}}`.
fn linked(operation: &Operation<'_>) -> LroPattern {
    LroPattern {
        poll: Poll::Link(path("selfLink")),
        done: StatusCondition::Any(vec![is("status", "DONE"), StatusCondition::IsNot(path("endTime"), None)]),
        failed: StatusCondition::IsNot(path("error"), None),
        error: error("error.errors"),
        label: vec![path("kind"), path("operationType")],
        result: unless_removed(operation, ResultLocation::Link(path("targetLink"))),
    }
}

/// Status document `{name, metadata: {target, verb}, done, response, error: {code, message}}`.
fn named_operation_lro(operation: &Operation<'_>, server: &str) -> LroPattern {
    let is_version = |step: &&str| {
        let mut letters = step.chars();
        letters.next() == Some('v') && letters.next().is_some_and(|c| c.is_ascii_digit())
    };
    // The operation's name is relative to the API version of the request.
    let steps: Vec<&str> = operation.path.split('/').take_while(|step| !step.starts_with('{')).collect();
    let below = steps.iter().position(&is_version).map(|at| steps[..=at].join("/"));
    let by_server = || server.trim_end_matches('/').rsplit('/').next().filter(is_version).map(|_| String::new());
    LroPattern {
        poll: Poll::Name { name: path("name"), below: below.or_else(by_server) },
        done: is("done", "true"),
        failed: StatusCondition::IsNot(path("error"), None),
        error: error("error"),
        label: vec![path("metadata.target"), path("metadata.verb")],
        result: unless_removed(operation, ResultLocation::Member(path("response"))),
    }
}

fn is_event(schema: &MergedSchema<'_>) -> bool {
    let event = schema.properties.iter().find(|(name, _)| *name == EVENT).map(|(_, at)| merged(*at));
    let members = event.map(|event| event.properties).unwrap_or_default();
    ["RequestToken", "OperationStatus"].iter().all(|wanted| members.iter().any(|(name, _)| name == wanted))
}

/// Status document `{ProgressEvent: {OperationStatus, RequestToken, ErrorCode, StatusMessage}}`; `target` is the value
/// of the header that selects the operation.
fn event(operation: &Operation<'_>, target: &str) -> LroPattern {
    let (_, query) = operation.path.split_once('?').unwrap_or_default();
    // Query parameters with this prefix only distinguish paths of the document.
    let fixed = pairs(query).into_iter().filter(|(name, _)| !name.starts_with("__"));
    let fixed = fixed.map(|(name, value)| match name.as_str() {
        "Action" => (name, STATUS_OF_EVENT.to_owned()),
        _ => (name, value),
    });
    let service = target.rsplit_once('.').map_or(target, |(service, _)| service);
    let of = |name: &str| vec![EVENT.to_owned(), name.to_owned()];
    let status = |value: &str| StatusCondition::Is(of("OperationStatus"), Some(value.to_owned()));
    LroPattern {
        poll: Poll::Operation {
            path: with_query("/", &fixed.collect::<Vec<_>>()),
            headers: vec![(TARGET.to_owned(), format!("{service}.{STATUS_OF_EVENT}"))],
            token: ("RequestToken".to_owned(), of("RequestToken")),
        },
        done: status("SUCCESS"),
        failed: StatusCondition::Any(vec![status("FAILED"), status("CANCEL_COMPLETE")]),
        error: ErrorShape { code: of("ErrorCode"), message: of("StatusMessage"), ..ErrorShape::default() },
        label: vec![of("TypeName"), of("Operation")],
        result: ResultLocation::Response,
    }
}

/// Status document `{status, error: {code, message}}` at the URL in a header.
fn by_header(header: &str, operation: &Operation<'_>) -> LroPattern {
    let silent = StatusCondition::All(vec![StatusCondition::Is(path("status"), None), StatusCondition::Answered]);
    LroPattern {
        poll: Poll::Header(header.to_owned()),
        done: StatusCondition::Any(vec![is("status", "Succeeded"), silent]),
        failed: StatusCondition::Any(vec![is("status", "Failed"), is("status", "Canceled")]),
        error: error("error"),
        label: Vec::new(),
        result: match operation.is("post") {
            true => ResultLocation::Header(LOCATION.to_owned()),
            false => unless_removed(operation, ResultLocation::Same),
        },
    }
}

/// A URL that responds with 202 until the operation ends, and then with the result.
fn accepted() -> LroPattern {
    LroPattern {
        poll: Poll::Accepted(LOCATION.to_owned()),
        done: StatusCondition::Answered,
        failed: StatusCondition::NEVER,
        error: ErrorShape::default(),
        label: Vec::new(),
        result: ResultLocation::Response,
    }
}

/// A DELETE has no result.
fn unless_removed(operation: &Operation<'_>, made: ResultLocation) -> ResultLocation {
    if operation.is("delete") { ResultLocation::None } else { made }
}

fn is(name: &str, value: &str) -> StatusCondition {
    StatusCondition::Is(path(name), Some(value.to_owned()))
}

fn path(dotted: &str) -> Vec<String> {
    dotted.split('.').map(str::to_owned).collect()
}

fn error(below: &str) -> ErrorShape {
    let part = |name: &str| path(&format!("{below}.{name}"));
    ErrorShape { code: part("code"), message: part("message"), ..ErrorShape::default() }
}
