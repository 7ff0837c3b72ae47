//! Long-running operations (LRO): whether a response reports asynchronous work of the server, how its status is polled, and
//! where its result is. Owns how statuses are decoded; the caller decides when to poll.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value as Json, json};
use stackql_provider::{LroPattern, Poll, ResultLocation, StatusCondition};

use crate::page::response_fields::below;
use crate::response::fault::{failed, fault};
use crate::response::json_stream;
use crate::response::sniff::{ParseError, strip_bom};
use crate::{Request, Response, ResponseError};

/// The status of the work that a request started.
#[derive(Debug, Clone)]
pub enum LroStatus {
    /// There is nothing to wait for: the response is final; [`crate::decode_lro_result()`] decodes its rows.
    Immediate,
    /// The operation is still running: send [`PendingLro::poll`] and pass its response to [`PendingLro::update`].
    Running(Box<PendingLro>),
    /// The operation has ended and did not fail.
    Finished {
        /// A label for messages, such as `compute#operation: insert`.
        label: String,
        /// Where its result is.
        made: LroResult,
    },
}

/// The result of a finished long-running operation.
#[derive(Debug, Clone)]
pub enum LroResult {
    /// There is none to decode, such as after a deletion.
    None,
    /// It is the response to this request; [`crate::decode_lro_result()`] decodes it.
    Request(Box<Request>),
    /// It is in this response; [`crate::decode_lro_result()`] decodes it.
    Response(Response),
}

/// A long-running operation that has not ended.
#[derive(Debug, Clone)]
pub struct PendingLro {
    /// A label for messages, such as `compute#operation: insert`.
    pub label: String,
    /// The request for its status. It only reads, and stays on the same origin as a request for a next page does.
    pub poll: Request,
    /// The minimum delay before the next poll, if the response has a `Retry-After` in seconds.
    pub retry_after: Option<Duration>,
    /// The index of the pattern in the method's LRO rules that the operation follows.
    way: usize,
    /// The result, where the first response already locates it.
    made: LroResult,
}

/// Decodes the status of the work that `sent` started from the response to it.
///
/// ```
/// # use stackql_call::{LroStatus, Request, Response, ResponseError, lro_status};
/// # async fn wait(sent: &Request, response: &Response, send: impl AsyncFn(&Request) -> Response)
/// # -> Result<(), ResponseError> {
/// let mut status = lro_status(sent, response)?;
/// while let LroStatus::Running(pending) = status {
///     let polled = send(&pending.poll).await;
///     status = pending.update(&polled)?;
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// - [`ResponseError::Fault`]: the request was refused, or the operation failed.
/// - [`ResponseError::LroNotTrackable`]: the operation is running and its status cannot be polled.
pub fn lro_status(sent: &Request, answer: &Response) -> Result<LroStatus, ResponseError> {
    check_status(sent, answer)?;
    let Some(completion) = &sent.operation.method().lro else { return Ok(LroStatus::Immediate) };
    // A body that is not JSON reports no operation.
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
    /// Decodes the status from the response to [`Self::poll`].
    ///
    /// # Errors
    ///
    /// As [`lro_status()`]; also [`ResponseError::Malformed`] if the response is not JSON.
    pub fn update(mut self, answer: &Response) -> Result<LroStatus, ResponseError> {
        check_status(&self.poll, answer)?;
        let operation = std::sync::Arc::clone(&self.poll.operation);
        let way = operation.method().lro.as_ref().and_then(|completion| completion.patterns.get(self.way));
        let Some(way) = way else { return Ok(LroStatus::Immediate) };
        let is_empty = answer.body.trim_ascii().is_empty();
        // Where the API responds 202 until the end, the last response is the result, in any format.
        let is_read = !is_empty && !matches!(way.poll, Poll::Accepted(_));
        let document = if is_read { read(&self.poll, answer)? } else { Json::Null };
        let state = State { status: answer.status, document };
        self.label = state.label(way).unwrap_or(self.label);
        // An empty status response with another status than 202 has no token to poll with, so the operation has ended.
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

/// The request for the status, from the token or URL (`told`) that the response carries.
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

/// The URL without its origin. APIs respond from several hosts; polling stays on the origin of the request.
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
    json_stream::parse(&answer.body, std::marker::PhantomData::<Json>).map_err(|ParseError { at, reason }| {
        ResponseError::Malformed {
            table: poll.operation.qualified_name(),
            scope: poll.scope.clone(),
            status: answer.status,
            bytes: answer.body.len(),
            reason: format!("{reason} at byte {at}"),
        }
    })
}

/// The status document of an operation, and the HTTP status it came with.
struct State {
    status: u16,
    document: Json,
}

impl State {
    /// The token, name or URL for the next poll, if the response has one.
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

    /// Whether the operation has ended. A failed one is an error.
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

    /// The values at the label paths of the pattern, joined.
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

    /// The value at a path; `None` if it is absent or null.
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
