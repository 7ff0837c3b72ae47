//! What a request started may go on after its answer: whether it does, how its state is asked for, and what it made.
//! Owns the reading of states; when to ask is the caller's.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value as Json, json};
use stackql_provider::{LroPattern, Poll, ResultLocation, StatusCondition};

use crate::page::response_fields::below;
use crate::response::fault::failed;
use crate::response::fault::fault;
use crate::response::sniff::{ParseError, strip_bom};
use crate::{Request, Response, ResponseError};

/// How far the work is that a request started.
#[derive(Debug, Clone)]
pub enum LroStatus {
    /// There is nothing to wait for: the answer is all there is, and [`crate::made()`] reads it, if it is wanted.
    Immediate,
    /// It goes on: send [`PendingLro::poll`] and hand the answer to [`PendingLro::answered`].
    Running(Box<PendingLro>),
    /// It came to its end.
    Finished {
        /// What to call it, such as `compute#operation: insert`.
        label: String,
        /// Where what it made is.
        made: LroResult,
    },
}

/// What finished work made.
#[derive(Debug, Clone)]
pub enum LroResult {
    /// Nothing that could be shown.
    None,
    /// What the answer to this request shows, if it is wanted; [`crate::made()`] reads it.
    Request(Box<Request>),
    /// What is here; [`crate::made()`] reads it.
    Response(Response),
}

/// Work that goes on.
#[derive(Debug, Clone)]
pub struct PendingLro {
    /// What to call it, such as `compute#operation: insert`.
    pub label: String,
    /// Asks for its state. It only reads, and leaves the origin no more than a next page does.
    pub poll: Request,
    /// How long to wait before, if the answer says it in seconds.
    pub retry_after: Option<Duration>,
    /// Which of the method's ways it is.
    way: usize,
    /// What it makes, where that is known before the end.
    made: LroResult,
}

/// Reads how far the work is that `sent` started, out of the answer to it.
///
/// ```
/// # use stackql_call::{Made, Progress, Request, Response, progress};
/// # async fn wait(sent: &Request, answer: &Response, send: impl AsyncFn(&Request) -> Response)
/// # -> Result<(), stackql_call::AnswerError> {
/// let mut now = progress(sent, answer)?;
/// while let Progress::Pending(waiting) = now {
///     let state = send(&waiting.poll).await;
///     now = waiting.answered(&state)?;
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// The request was refused, or the work failed: [`ResponseError::Fault`]. It goes on and cannot be followed:
/// [`ResponseError::LroNotTrackable`].
pub fn lro_status(sent: &Request, answer: &Response) -> Result<LroStatus, ResponseError> {
    check_status(sent, answer)?;
    let Some(completion) = &sent.operation.method().lro else { return Ok(LroStatus::Immediate) };
    // Whatever is no document tells of no work.
    let state =
        State { status: answer.status, document: serde_json::from_slice(strip_bom(&answer.body)).unwrap_or_default() };
    for (at, way) in completion.patterns.iter().enumerate() {
        let Some(told) = state.poll_token(&way.poll, answer) else { continue };
        let otherwise = || format!("{}: {}", sent.operation.resource.name, sent.operation.method().name);
        let label = state.label(way).unwrap_or_else(otherwise);
        let made = match &way.result {
            ResultLocation::Same => LroResult::Request(Box::new(sent.as_read())),
            ResultLocation::Header(name) => {
                answer.header(name).map_or(LroResult::None, |link| LroResult::Request(Box::new(sent.follow(link))))
            }
            _ => LroResult::None,
        };
        let is_state = !matches!(way.poll, Poll::Header(_) | Poll::Accepted(_));
        if is_state && state.is_end(way, sent, answer)? {
            return Ok(state.finished(way, label, sent, answer, made));
        }
        let poll = status_request(sent, &way.poll, &told)?;
        let waiting = PendingLro { label, poll, retry_after: retry_after(answer), way: at, made };
        return Ok(LroStatus::Running(Box::new(waiting)));
    }
    Ok(LroStatus::Immediate)
}

impl PendingLro {
    /// Reads how far the work is out of the answer to [`Self::poll`].
    ///
    /// # Errors
    ///
    /// As [`progress()`]; also an answer that is no state.
    pub fn update(mut self, answer: &Response) -> Result<LroStatus, ResponseError> {
        check_status(&self.poll, answer)?;
        let operation = std::sync::Arc::clone(&self.poll.operation);
        let way = operation.method().lro.as_ref().and_then(|completion| completion.patterns.get(self.way));
        let Some(way) = way else { return Ok(LroStatus::Immediate) };
        let is_empty = answer.body.trim_ascii().is_empty();
        // At the end of what was only accepted stands what it made, whatever that is.
        let is_read = !is_empty && !matches!(way.poll, Poll::Accepted(_));
        let document = if is_read { read(&self.poll, answer)? } else { Json::Null };
        let state = State { status: answer.status, document };
        self.label = state.label(way).unwrap_or(self.label);
        // A state without a word has nothing that could be followed.
        let is_silent = is_empty && state.holds(&StatusCondition::Answered);
        if is_silent || state.is_end(way, &self.poll, answer)? {
            return Ok(state.finished(way, self.label, &self.poll, answer, self.made));
        }
        if let (Poll::Header(_) | Poll::Accepted(_), Some(moved)) = (&way.poll, state.poll_token(&way.poll, answer)) {
            self.poll = self.poll.follow(&moved);
        }
        self.retry_after = retry_after(answer);
        Ok(LroStatus::Running(Box::new(self)))
    }
}

fn check_status(request: &Request, answer: &Response) -> Result<(), ResponseError> {
    match fault(&request.operation, request.scope.as_deref(), answer) {
        Some(fault) => Err(ResponseError::Fault(Box::new(fault))),
        None => Ok(()),
    }
}

/// The request for the state of the work that an answer told of.
fn status_request(sent: &Request, poll: &Poll, told: &str) -> Result<Request, ResponseError> {
    Ok(match poll {
        Poll::Link(_) => sent.follow(path_of(told)),
        Poll::Header(_) | Poll::Accepted(_) => sent.follow(told),
        Poll::Name { below: Some(below), .. } => sent.at_path(&format!("{below}/{}", told.trim_start_matches('/'))),
        Poll::Name { below: None, .. } => {
            return Err(ResponseError::LroNotTrackable {
                table: sent.operation.qualified_name(),
                name: told.to_owned(),
            });
        }
        Poll::Operation { path, headers, token: (member, _) } => {
            sent.status_request(path, headers, &json!({ member.as_str(): told }))
        }
    })
}

/// An address without its origin: APIs answer at several, and what is asked stays where the request went.
fn path_of(address: &str) -> &str {
    let is_scheme = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let behind = address.split_once("//").filter(|(scheme, _)| is_scheme(scheme.trim_end_matches(':')));
    match behind {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => address,
    }
}

fn retry_after(answer: &Response) -> Option<Duration> {
    answer.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
}

fn read(poll: &Request, answer: &Response) -> Result<Json, ResponseError> {
    crate::response::json_stream::parse(&answer.body, std::marker::PhantomData::<Json>).map_err(
        |ParseError { at, reason }| ResponseError::Malformed {
            table: poll.operation.qualified_name(),
            scope: poll.scope.clone(),
            status: answer.status,
            bytes: answer.body.len(),
            reason: format!("{reason} at byte {at}"),
        },
    )
}

/// What an answer says of the work.
struct State {
    status: u16,
    document: Json,
}

impl State {
    /// What leads to the next state, if the answer has it.
    fn poll_token<'a>(&'a self, poll: &Poll, answer: &'a Response) -> Option<Cow<'a, str>> {
        match poll {
            Poll::Link(path) | Poll::Name { name: path, .. } | Poll::Operation { token: (_, path), .. } => {
                self.text(path)
            }
            Poll::Header(name) => answer.header(name).map(Cow::Borrowed),
            Poll::Accepted(name) if !self.holds(&StatusCondition::Answered) => answer.header(name).map(Cow::Borrowed),
            Poll::Accepted(_) => None,
        }
        .filter(|told| !told.is_empty())
    }

    /// Whether it is over.
    fn is_end(&self, way: &LroPattern, asked: &Request, answer: &Response) -> Result<bool, ResponseError> {
        if self.holds(&way.failed) {
            let fault = failed(&asked.operation, asked.scope.as_deref(), answer, &way.error);
            return Err(ResponseError::Fault(Box::new(fault)));
        }
        Ok(self.holds(&way.done))
    }

    fn finished(
        &self,
        way: &LroPattern,
        label: String,
        asked: &Request,
        answer: &Response,
        before: LroResult,
    ) -> LroStatus {
        let made = match &way.result {
            ResultLocation::None | ResultLocation::Same | ResultLocation::Header(_) => before,
            ResultLocation::Response => LroResult::Response(answer.clone()),
            ResultLocation::Link(path) => self
                .text(path)
                .map_or(LroResult::None, |link| LroResult::Request(Box::new(asked.follow(path_of(&link))))),
            ResultLocation::Member(path) => self.value(path).map_or(LroResult::None, |member| {
                let body = Bytes::from(member.to_string());
                LroResult::Response(Response { body, ..answer.clone() })
            }),
        };
        LroStatus::Finished { label, made }
    }

    /// The words that name the work.
    fn label(&self, way: &LroPattern) -> Option<String> {
        let words: Vec<_> = way.label.iter().filter_map(|path| self.text(path)).collect();
        (!words.is_empty()).then(|| words.join(": "))
    }

    fn holds(&self, condition: &StatusCondition) -> bool {
        match condition {
            StatusCondition::Is(path, value) => self.is(path, value.as_deref()),
            StatusCondition::IsNot(path, value) => !self.is(path, value.as_deref()),
            StatusCondition::Answered => self.status != 202,
            StatusCondition::All(parts) => parts.iter().all(|part| self.holds(part)),
            StatusCondition::Any(parts) => parts.iter().any(|part| self.holds(part)),
        }
    }

    fn is(&self, path: &[String], value: Option<&str>) -> bool {
        match value {
            None => self.value(path).is_none(),
            Some(value) => self.text(path).is_some_and(|text| text.eq_ignore_ascii_case(value)),
        }
    }

    /// What is at a path, and not null.
    fn value(&self, path: &[String]) -> Option<&Json> {
        path.iter().try_fold(&self.document, |here, step| below(here, step)).filter(|value| !value.is_null())
    }

    fn text(&self, path: &[String]) -> Option<Cow<'_, str>> {
        match self.value(path)? {
            Json::String(text) => Some(Cow::Borrowed(text)),
            Json::Number(number) => Some(Cow::Owned(number.to_string())),
            Json::Bool(truth) => Some(Cow::Owned(truth.to_string())),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
