//! What a request started may go on after its answer: whether it does, how its state is asked for, and what it made.
//! Owns the reading of states; when to ask is the caller's.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value as Json, json};
use stackql_provider::{Condition, MadeAt, Poll, Way};

use crate::body::{Broken, bare};
use crate::fault::failed;
use crate::page::below;
use crate::{AnswerError, Request, Response, fault};

/// How far the work is that a request started.
#[derive(Debug, Clone)]
pub enum Progress {
    /// There is nothing to wait for: the answer is all there is, and [`crate::made()`] reads it, if it is wanted.
    Done,
    /// It goes on: send [`Waiting::poll`] and hand the answer to [`Waiting::answered`].
    Pending(Box<Waiting>),
    /// It came to its end.
    Finished {
        /// What to call it, such as `compute#operation: insert`.
        label: String,
        /// Where what it made is.
        made: Made,
    },
}

/// What finished work made.
#[derive(Debug, Clone)]
pub enum Made {
    /// Nothing that could be shown.
    Nothing,
    /// What the answer to this request shows, if it is wanted; [`crate::made()`] reads it.
    Ask(Box<Request>),
    /// What is here; [`crate::made()`] reads it.
    Answer(Response),
}

/// Work that goes on.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// What to call it, such as `compute#operation: insert`.
    pub label: String,
    /// Asks for its state. It only reads, and leaves the origin no more than a next page does.
    pub poll: Request,
    /// How long to wait before, if the answer says it in seconds.
    pub retry_after: Option<Duration>,
    /// Which of the method's ways it is.
    way: usize,
    /// What it makes, where that is known before the end.
    made: Made,
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
/// The request was refused, or the work failed: [`AnswerError::Fault`]. It goes on and cannot be followed:
/// [`AnswerError::Unfollowed`].
pub fn progress(sent: &Request, answer: &Response) -> Result<Progress, AnswerError> {
    refused(sent, answer)?;
    let Some(completion) = &sent.operation.method().completion else { return Ok(Progress::Done) };
    // Whatever is no document tells of no work.
    let state =
        State { status: answer.status, document: serde_json::from_slice(bare(&answer.body)).unwrap_or_default() };
    for (at, way) in completion.ways.iter().enumerate() {
        let Some(told) = state.told(&way.poll, answer) else { continue };
        let otherwise = || format!("{}: {}", sent.operation.resource.name, sent.operation.method().name);
        let label = state.label(way).unwrap_or_else(otherwise);
        let made = match &way.made {
            MadeAt::Same => Made::Ask(Box::new(sent.reading())),
            MadeAt::Header(name) => {
                answer.header(name).map_or(Made::Nothing, |link| Made::Ask(Box::new(sent.follow(link))))
            }
            _ => Made::Nothing,
        };
        let is_state = !matches!(way.poll, Poll::Header(_) | Poll::Accepted(_));
        if is_state && state.is_end(way, sent, answer)? {
            return Ok(state.finished(way, label, sent, answer, made));
        }
        let poll = asked(sent, &way.poll, &told)?;
        let waiting = Waiting { label, poll, retry_after: retry_after(answer), way: at, made };
        return Ok(Progress::Pending(Box::new(waiting)));
    }
    Ok(Progress::Done)
}

impl Waiting {
    /// Reads how far the work is out of the answer to [`Self::poll`].
    ///
    /// # Errors
    ///
    /// As [`progress()`]; also an answer that is no state.
    pub fn answered(mut self, answer: &Response) -> Result<Progress, AnswerError> {
        refused(&self.poll, answer)?;
        let operation = std::sync::Arc::clone(&self.poll.operation);
        let way = operation.method().completion.as_ref().and_then(|completion| completion.ways.get(self.way));
        let Some(way) = way else { return Ok(Progress::Done) };
        let is_empty = answer.body.trim_ascii().is_empty();
        // At the end of what was only accepted stands what it made, whatever that is.
        let is_read = !is_empty && !matches!(way.poll, Poll::Accepted(_));
        let document = if is_read { read(&self.poll, answer)? } else { Json::Null };
        let state = State { status: answer.status, document };
        self.label = state.label(way).unwrap_or(self.label);
        // A state without a word has nothing that could be followed.
        let is_silent = is_empty && state.holds(&Condition::Answered);
        if is_silent || state.is_end(way, &self.poll, answer)? {
            return Ok(state.finished(way, self.label, &self.poll, answer, self.made));
        }
        if let (Poll::Header(_) | Poll::Accepted(_), Some(moved)) = (&way.poll, state.told(&way.poll, answer)) {
            self.poll = self.poll.follow(&moved);
        }
        self.retry_after = retry_after(answer);
        Ok(Progress::Pending(Box::new(self)))
    }
}

fn refused(request: &Request, answer: &Response) -> Result<(), AnswerError> {
    match fault(&request.operation, request.scope.as_deref(), answer) {
        Some(fault) => Err(AnswerError::Fault(Box::new(fault))),
        None => Ok(()),
    }
}

/// The request for the state of the work that an answer told of.
fn asked(sent: &Request, poll: &Poll, told: &str) -> Result<Request, AnswerError> {
    Ok(match poll {
        Poll::Link(_) => sent.follow(path_of(told)),
        Poll::Header(_) | Poll::Accepted(_) => sent.follow(told),
        Poll::Name { below: Some(below), .. } => sent.below(&format!("{below}/{}", told.trim_start_matches('/'))),
        Poll::Name { below: None, .. } => {
            return Err(AnswerError::Unfollowed { table: sent.operation.table(), name: told.to_owned() });
        }
        Poll::Operation { path, headers, token: (member, _) } => {
            sent.asking(path, headers, &json!({ member.as_str(): told }))
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

fn read(poll: &Request, answer: &Response) -> Result<Json, AnswerError> {
    crate::json::read(&answer.body, std::marker::PhantomData::<Json>).map_err(|Broken { at, reason }| {
        AnswerError::Unreadable {
            table: poll.operation.table(),
            scope: poll.scope.clone(),
            status: answer.status,
            bytes: answer.body.len(),
            reason: format!("{reason} at byte {at}"),
        }
    })
}

/// What an answer says of the work.
struct State {
    status: u16,
    document: Json,
}

impl State {
    /// What leads to the next state, if the answer has it.
    fn told<'a>(&'a self, poll: &Poll, answer: &'a Response) -> Option<Cow<'a, str>> {
        match poll {
            Poll::Link(path) | Poll::Name { name: path, .. } | Poll::Operation { token: (_, path), .. } => {
                self.text(path)
            }
            Poll::Header(name) => answer.header(name).map(Cow::Borrowed),
            Poll::Accepted(name) if !self.holds(&Condition::Answered) => answer.header(name).map(Cow::Borrowed),
            Poll::Accepted(_) => None,
        }
        .filter(|told| !told.is_empty())
    }

    /// Whether it is over.
    fn is_end(&self, way: &Way, asked: &Request, answer: &Response) -> Result<bool, AnswerError> {
        if self.holds(&way.failed) {
            let fault = failed(&asked.operation, asked.scope.as_deref(), answer, &way.error);
            return Err(AnswerError::Fault(Box::new(fault)));
        }
        Ok(self.holds(&way.done))
    }

    fn finished(&self, way: &Way, label: String, asked: &Request, answer: &Response, before: Made) -> Progress {
        let made = match &way.made {
            MadeAt::Nowhere | MadeAt::Same | MadeAt::Header(_) => before,
            MadeAt::Answer => Made::Answer(answer.clone()),
            MadeAt::Link(path) => {
                self.text(path).map_or(Made::Nothing, |link| Made::Ask(Box::new(asked.follow(path_of(&link)))))
            }
            MadeAt::Member(path) => self.value(path).map_or(Made::Nothing, |member| {
                let body = Bytes::from(member.to_string());
                Made::Answer(Response { body, ..answer.clone() })
            }),
        };
        Progress::Finished { label, made }
    }

    /// The words that name the work.
    fn label(&self, way: &Way) -> Option<String> {
        let words: Vec<_> = way.label.iter().filter_map(|path| self.text(path)).collect();
        (!words.is_empty()).then(|| words.join(": "))
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Is(path, value) => self.is(path, value.as_deref()),
            Condition::IsNot(path, value) => !self.is(path, value.as_deref()),
            Condition::Answered => self.status != 202,
            Condition::All(parts) => parts.iter().all(|part| self.holds(part)),
            Condition::Any(parts) => parts.iter().any(|part| self.holds(part)),
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
