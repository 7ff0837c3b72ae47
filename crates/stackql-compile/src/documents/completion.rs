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

/// How the work that a method starts is followed. `path` and `headers` are those of its request.
pub(super) fn compile<'a>(
    method: At<'a>,
    operation: &Operation<'a>,
    verb: Verb,
    target: Option<&str>,
    own: &ResponseShape,
    types: &mut Types,
) -> Result<Option<Completion>, Problem> {
    if verb == Verb::Select || operation.http_method.eq_ignore_ascii_case("get") {
        return Ok(None);
    }
    let said = method.get("response");
    let own_condition = said.and_then(|r| r.get("await")).and_then(|a| a.get("condition"));
    let overridden = response::awaited(method, types);
    let schema = response::schema(method, operation).map(merged).unwrap_or_default();
    let has = |name: &str| schema.properties.iter().any(|(n, _)| *n == name);
    let is_stated = overridden.is_some()
        || own_condition.is_some()
        || said.is_some_and(|r| r.get("asyncOverrideMediaType").is_some());
    let mut ways = Vec::new();
    if has("name") && has("done") && (has("response") || has("metadata")) {
        ways.push(named(operation));
    } else if is_stated || (has("selfLink") && (has("operationType") || has("targetLink"))) {
        ways.push(linked());
    } else if let (Some(target), true) = (target, is_event(&schema)) {
        ways.push(event(operation, target));
    } else {
        ways.extend(OF_STATES.map(|header| by_header(header, operation)));
        ways.push(accepted());
    }
    if let Some(at) = own_condition {
        let condition = condition::parse(at.scalar().unwrap_or_default()).map_err(|reason| {
            let what = format!("await.condition: {reason}");
            Problem::new(at.place(), &what, "write one like $.status == 'DONE' || $.endTime != null")
        })?;
        for way in &mut ways {
            way.done = condition.clone();
        }
    }
    let is_state = ways.iter().any(|way| matches!(way.poll, Poll::Link(_) | Poll::Name { .. }));
    // The answer is a state; what was made is like the rows of the table.
    let of_table =
        || ResponseShape { media_type: own.media_type.clone(), format: AnswerFormat::Json, ..ResponseShape::default() };
    Ok(Some(Completion { ways, made: overridden.or_else(|| is_state.then(of_table)) }))
}

/// `{kind, operationType, selfLink, targetLink, status, endTime, error: {errors: [{code, message}]}}`.
fn linked() -> Way {
    Way {
        poll: Poll::Link(path("selfLink")),
        done: Condition::Any(vec![is("status", "DONE"), Condition::IsNot(path("endTime"), None)]),
        failed: Condition::IsNot(path("error"), None),
        error: error("error.errors"),
        label: vec![path("kind"), path("operationType")],
        made: MadeAt::Link(path("targetLink")),
    }
}

/// `{name, metadata: {target, verb}, done, response, error: {code, message}}`.
fn named(operation: &Operation<'_>) -> Way {
    // The name is of the version in which the request was made.
    let (mut below, mut is_known) = (String::new(), false);
    for step in operation.path.split('/').filter(|s| !s.is_empty()).take_while(|s| !s.starts_with('{')) {
        below.push('/');
        below.push_str(step);
        let mut letters = step.chars();
        is_known = letters.next() == Some('v') && letters.next().is_some_and(|c| c.is_ascii_digit());
        if is_known {
            break;
        }
    }
    Way {
        poll: Poll::Name { name: path("name"), below: is_known.then_some(below) },
        done: is("done", "true"),
        failed: Condition::IsNot(path("error"), None),
        error: error("error"),
        label: vec![path("metadata.target"), path("metadata.verb")],
        made: MadeAt::Member(path("response")),
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

/// `{name, status, error: {code, message}}` at the address in a header.
fn by_header(header: &str, operation: &Operation<'_>) -> Way {
    let silent = Condition::All(vec![Condition::Is(path("status"), None), Condition::Answered]);
    let is_http = |method: &str| operation.http_method.eq_ignore_ascii_case(method);
    Way {
        poll: Poll::Header(header.to_owned()),
        done: Condition::Any(vec![is("status", "Succeeded"), silent]),
        failed: Condition::Any(vec![is("status", "Failed"), is("status", "Canceled")]),
        error: error("error"),
        label: vec![path("name")],
        made: match () {
            () if is_http("delete") => MadeAt::Nowhere,
            () if is_http("post") => MadeAt::Header(LOCATION.to_owned()),
            () => MadeAt::Same,
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
