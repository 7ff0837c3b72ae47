//! The `wait` rows of EXPLAIN: how a long-running operation is polled, as text.

use stackql_provider::{LroPattern, Method, Poll, StatusCondition};

use crate::SessionOptions;
use crate::call::lro;

/// One line for each pattern by which a response may announce a long-running operation, and one line on the polling
/// interval and the time limit.
pub(crate) fn explain_lro(method: &Method, options: &SessionOptions) -> Vec<String> {
    let Some(completion) = &method.lro else {
        return vec!["for nothing: the answer is all there is".to_owned()];
    };
    let (first, limit) = (options.await_pause.as_secs_f64(), options.await_limit.as_secs_f64());
    let longest = first * f64::from(lro::LONGEST);
    let pace = format!("asks every {first} to {longest} s, or as answers say, for at most {limit} s");
    completion.patterns.iter().map(of_way).chain([pace]).collect()
}

fn of_way(way: &LroPattern) -> String {
    let asks = match &way.poll {
        Poll::Link(path) => format!("asks at the address in {}", path.join(".")),
        Poll::Name { name, below: Some(below) } => format!("asks at {below}/ and the name in {}", name.join(".")),
        Poll::Name { below: None, .. } => {
            return "asks for nothing: where the state of work that goes on is asked for is not known".to_owned();
        }
        Poll::Operation { path, headers, token: (member, at) } => {
            let meant: Vec<&str> = headers.iter().map(|(_, value)| value.as_str()).collect();
            format!("asks {} at {path} with {member} = {}", meant.join(", "), at.join("."))
        }
        Poll::Header(name) => format!("asks at the address in the header {name}"),
        Poll::Accepted(name) => format!("asks at the address in the header {name} of an answer with HTTP status 202"),
    };
    let done = condition(&way.done);
    match &way.failed {
        StatusCondition::Any(parts) if parts.is_empty() => format!("{asks} until {done}"),
        failed => format!("{asks} until {done}, and fails if {}", condition(failed)),
    }
}

fn condition(condition: &StatusCondition) -> String {
    let joined = |parts: &[StatusCondition], by: &str| parts.iter().map(self::condition).collect::<Vec<_>>().join(by);
    match condition {
        StatusCondition::Is(path, Some(value)) => format!("{} = '{value}'", path.join(".")),
        StatusCondition::Is(path, None) => format!("{} is null", path.join(".")),
        StatusCondition::IsNot(path, Some(value)) => format!("{} != '{value}'", path.join(".")),
        StatusCondition::IsNot(path, None) => format!("{} is not null", path.join(".")),
        StatusCondition::Answered => "the HTTP status is not 202".to_owned(),
        StatusCondition::All(parts) => match parts.as_slice() {
            [] => "always".to_owned(),
            parts => format!("({})", joined(parts, " and ")),
        },
        StatusCondition::Any(parts) => match parts.as_slice() {
            [] => "never".to_owned(),
            parts => joined(parts, " or "),
        },
    }
}
