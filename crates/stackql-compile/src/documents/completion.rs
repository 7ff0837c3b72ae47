//! Operations that go on after the answer: which way an answer tells of one is seen from the answer's schema, else from
//! the headers that are usual. Owns what is usual; conditions of a document's own are in [`super::condition`].

use stackql_provider::{
    AnswerFormat, Completion, Condition, ErrorShape, MadeAt, Poll, ResponseShape, Types, Verb, Way,
};

use super::condition;
use super::library::At;
use super::operation::{Operation, TARGET, pairs, with_query};
use super::problem::Problem;
use super::response;
use super::schema::{Merged, merged};

/// Headers with the address of a state, as the document of a state has `status` and `error`.
const OF_STATES: [&str; 2] = ["Azure-AsyncOperation", "Operation-Location"];
const LOCATION: &str = "Location";
/// The operation by which the state of another is asked for, where answers carry a `ProgressEvent`.
const STATUS_OF_EVENT: &str = "GetResourceRequestStatus";
const EVENT: &str = "ProgressEvent";

/// How the work that a method starts is followed. `server` is the first address of the document, and `target` the value of
/// the header that says which operation is meant.
pub(super) fn compile<'a>(
    method: At<'a>,
    operation: &Operation<'a>,
    verb: Verb,
    (server, target): (&str, Option<&str>),
    own: &ResponseShape,
    types: &mut Types,
    problems: &mut Vec<Problem>,
) -> Option<Completion> {
    if verb == Verb::Select || operation.is("get") {
        return None;
    }
    let said = method.get("response");
    let own_condition = said.and_then(|r| r.get("await")).and_then(|a| a.get("condition"));
    let overridden = response::awaited(method, operation, types);
    let schema = response::schema(method, operation).map(merged).unwrap_or_default();
    let has = |name: &str| schema.properties.iter().any(|(n, _)| *n == name);
    let is_stated = overridden.is_some()
        || own_condition.is_some()
        || said.is_some_and(|r| r.get("asyncOverrideMediaType").is_some());
    let mut ways = Vec::new();
    if has("name") && has("done") && (has("response") || has("metadata")) {
        ways.push(named(operation, server));
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
            // What is only accepted has no state that could be looked at.
            let states = ways.iter_mut().filter(|way| !matches!(way.poll, Poll::Accepted(_)));
            states.for_each(|way| way.done.clone_from(&condition));
        }
        Some((at, Err(reason))) => {
            let what = format!("await.condition is left out: {reason}");
            let advice = "write one like $.status == 'DONE' || $.endTime != null";
            problems.push(Problem::new(at.place(), &what, advice));
        }
        None => {}
    }
    let is_state = ways.iter().any(|way| matches!(way.poll, Poll::Link(_) | Poll::Name { .. }));
    // The answer is a state; what was made is like the rows of the table.
    let of_table =
        || ResponseShape { media_type: own.media_type.clone(), format: AnswerFormat::Json, ..ResponseShape::default() };
    Some(Completion { ways, made: overridden.or_else(|| is_state.then(of_table)) })
}

/// `{kind, operationType, selfLink, targetLink, status, endTime, error: {errors: [{code, message}]}}`.
fn linked(operation: &Operation<'_>) -> Way {
    Way {
        poll: Poll::Link(path("selfLink")),
        done: Condition::Any(vec![is("status", "DONE"), Condition::IsNot(path("endTime"), None)]),
        failed: Condition::IsNot(path("error"), None),
        error: error("error.errors"),
        label: vec![path("kind"), path("operationType")],
        made: unless_removed(operation, MadeAt::Link(path("targetLink"))),
    }
}

/// `{name, metadata: {target, verb}, done, response, error: {code, message}}`.
fn named(operation: &Operation<'_>, server: &str) -> Way {
    let is_version = |step: &&str| {
        let mut letters = step.chars();
        letters.next() == Some('v') && letters.next().is_some_and(|c| c.is_ascii_digit())
    };
    // The name is of the version in which the request was made.
    let steps: Vec<&str> = operation.path.split('/').take_while(|step| !step.starts_with('{')).collect();
    let below = steps.iter().position(&is_version).map(|at| steps[..=at].join("/"));
    let by_server = || server.trim_end_matches('/').rsplit('/').next().filter(is_version).map(|_| String::new());
    Way {
        poll: Poll::Name { name: path("name"), below: below.or_else(by_server) },
        done: is("done", "true"),
        failed: Condition::IsNot(path("error"), None),
        error: error("error"),
        label: vec![path("metadata.target"), path("metadata.verb")],
        made: unless_removed(operation, MadeAt::Member(path("response"))),
    }
}

fn is_event(schema: &Merged<'_>) -> bool {
    let event = schema.properties.iter().find(|(name, _)| *name == EVENT).map(|(_, at)| merged(*at));
    let members = event.map(|event| event.properties).unwrap_or_default();
    ["RequestToken", "OperationStatus"].iter().all(|wanted| members.iter().any(|(name, _)| name == wanted))
}

/// `{ProgressEvent: {OperationStatus, RequestToken, ErrorCode, StatusMessage}}`; `target` is the value of the header that
/// says which operation is meant.
fn event(operation: &Operation<'_>, target: &str) -> Way {
    let (_, query) = operation.path.split_once('?').unwrap_or_default();
    // Names that begin so only tell paths of the document apart.
    let fixed = pairs(query).into_iter().filter(|(name, _)| !name.starts_with("__"));
    let fixed = fixed.map(|(name, value)| match name.as_str() {
        "Action" => (name, STATUS_OF_EVENT.to_owned()),
        _ => (name, value),
    });
    let service = target.rsplit_once('.').map_or(target, |(service, _)| service);
    let of = |name: &str| vec![EVENT.to_owned(), name.to_owned()];
    let status = |value: &str| Condition::Is(of("OperationStatus"), Some(value.to_owned()));
    Way {
        poll: Poll::Operation {
            path: with_query("/", &fixed.collect::<Vec<_>>()),
            headers: vec![(TARGET.to_owned(), format!("{service}.{STATUS_OF_EVENT}"))],
            token: ("RequestToken".to_owned(), of("RequestToken")),
        },
        done: status("SUCCESS"),
        failed: Condition::Any(vec![status("FAILED"), status("CANCEL_COMPLETE")]),
        error: ErrorShape { code: of("ErrorCode"), message: of("StatusMessage"), ..ErrorShape::default() },
        label: vec![of("TypeName"), of("Operation")],
        made: MadeAt::Answer,
    }
}

/// `{status, error: {code, message}}` at the address in a header.
fn by_header(header: &str, operation: &Operation<'_>) -> Way {
    let silent = Condition::All(vec![Condition::Is(path("status"), None), Condition::Answered]);
    Way {
        poll: Poll::Header(header.to_owned()),
        done: Condition::Any(vec![is("status", "Succeeded"), silent]),
        failed: Condition::Any(vec![is("status", "Failed"), is("status", "Canceled")]),
        error: error("error"),
        label: Vec::new(),
        made: match operation.is("post") {
            true => MadeAt::Header(LOCATION.to_owned()),
            false => unless_removed(operation, MadeAt::Same),
        },
    }
}

/// An address that answers 202 until the end, and then with what was made.
fn accepted() -> Way {
    Way {
        poll: Poll::Accepted(LOCATION.to_owned()),
        done: Condition::Answered,
        failed: Condition::NEVER,
        error: ErrorShape::default(),
        label: Vec::new(),
        made: MadeAt::Answer,
    }
}

/// Of what was removed there is nothing to be seen.
fn unless_removed(operation: &Operation<'_>, made: MadeAt) -> MadeAt {
    if operation.is("delete") { MadeAt::Nowhere } else { made }
}

fn is(name: &str, value: &str) -> Condition {
    Condition::Is(path(name), Some(value.to_owned()))
}

fn path(dotted: &str) -> Vec<String> {
    dotted.split('.').map(str::to_owned).collect()
}

fn error(below: &str) -> ErrorShape {
    let part = |name: &str| path(&format!("{below}.{name}"));
    ErrorShape { code: part("code"), message: part("message"), ..ErrorShape::default() }
}
