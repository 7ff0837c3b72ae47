//! Long-running operations (LRO): sends a call, polls the status of the operation that it starts, and reads the result.
//!
//! Owns when to poll; how a status is read is [`lro_status`]. `CallExec` calls it for awaited changes, transactions for their
//! steps.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use datafusion::arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};
use stackql_call::{
    Call, LroResult, LroStatus, Page, PendingLro, Request, Response, ResponseError, RowProjection, decode_lro_result,
    decode_page, lro_status, request,
};
use stackql_provider::Verb;
use stackql_sql::Hints;
use tokio::time::{Instant, sleep};

use crate::Completeness;
use crate::call::context::Context;
use crate::call::page_stream::send_request;
use crate::call::tally::Tally;
use crate::error::{Error, Stage};
use crate::progress::PendingWaits;

/// How far a call is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitFor {
    /// Until its response.
    #[serde(rename = "answer")]
    Response,
    /// Until the operation that it starts has completed.
    #[serde(rename = "end")]
    Completion,
    /// Until completion, and the result is read.
    #[serde(rename = "made")]
    Result,
}

impl WaitFor {
    /// Derives it from the hints of a statement. Only the operations of changes are awaited.
    pub(crate) fn from_hints(hints: Hints, verb: Verb, is_shown: bool) -> Self {
        match (hints.await_completion && verb != Verb::Select, is_shown) {
            (false, _) => Self::Response,
            (true, false) => Self::Completion,
            (true, true) => Self::Result,
        }
    }
}

/// The state that the awaited calls of one statement share.
#[derive(Debug, Default)]
pub(crate) struct LroLog {
    /// The start of the first wait; the time limit applies to the statement as a whole.
    began: OnceLock<Instant>,
    complete: Mutex<Vec<String>>,
}

impl LroLog {
    /// The message once all operations are over: those that completed, and those that failed.
    pub(crate) fn message(&self, outcome: &Completeness, tally: &Tally) -> String {
        let complete = self.complete.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines: Vec<String> = complete.iter().map(|label| format!("{label} complete")).collect();
        match outcome {
            Completeness::Partial(failures) => {
                let counted = || format!("{} of the operations failed, the others completed", failures.len());
                lines.push(tally.describe_failed_rows("completed").unwrap_or_else(counted));
            }
            _ if lines.is_empty() => lines.push("The operation completed successfully".to_owned()),
            _ => {}
        }
        lines.join("\n")
    }
}

/// The growth factor of the poll interval, as a fraction, and its maximum as a multiple of the first interval.
const GROWTH: (u32, u32) = (3, 2);
pub(crate) const LONGEST: u32 = 10;

/// The next poll interval: `Retry-After` but at least `first`, else exponential backoff from `first` after the last one,
/// `before`.
fn next_delay(first: Duration, before: Option<Duration>, retry_after: Option<Duration>) -> Duration {
    match (retry_after, before) {
        (Some(asked), _) => asked.max(first),
        (None, None) => first,
        (None, Some(before)) => (before * GROWTH.0 / GROWTH.1).clamp(first, first * LONGEST),
    }
}

/// Sends a call and waits for its operation as far as `until` says. Returns the rows of the result, or no rows if they are not
/// read.
pub(crate) async fn call_and_wait(
    context: Arc<Context>,
    call: Call,
    plan: RowProjection,
    until: WaitFor,
) -> Result<RecordBatch, Error> {
    let sent = request(&call, None, None)?;
    let answer = send_request(&context, &sent).await?;
    finish_call(&context, &call, &plan, until, (&sent, &answer)).await
}

/// Decodes the response of a call, and waits for the operation that it started as far as `until` says.
pub(crate) async fn finish_call(
    context: &Context,
    call: &Call,
    plan: &RowProjection,
    until: WaitFor,
    (sent, answer): (&Request, &Response),
) -> Result<RecordBatch, Error> {
    if until == WaitFor::Response {
        let page = decode_page(call, plan, None, answer);
        record(context, sent, answer, Some(&page));
        return Ok(page?.rows);
    }
    let now = lro_status(sent, answer);
    let only = match now {
        Ok(LroStatus::Immediate) if until == WaitFor::Result => Some(decode_lro_result(call, plan, answer)),
        _ => None,
    };
    record(context, sent, answer, only.as_ref());
    let (label, made_of) = match now? {
        LroStatus::Immediate => return Ok(rows_of(only.transpose()?, plan)),
        LroStatus::Running(waiting) => poll_until_done(context, *waiting).await?,
        LroStatus::Finished { label, made } => (label, made),
    };
    context.course.lro_log.complete.lock().unwrap_or_else(PoisonError::into_inner).push(label.clone());
    if until != WaitFor::Result {
        return Ok(rows_of(None, plan));
    }
    let behind = |source: Error, shown: Option<&Request>| {
        let at = shown.map(Request::summary);
        Error::LroFollowUp { label: label.clone(), stage: Stage::Complete, at, source: Box::new(source) }
    };
    let page = match made_of {
        LroResult::None => None,
        LroResult::Response(answer) => {
            Some(decode_lro_result(call, plan, &answer).map_err(|e| behind(e.into(), None))?)
        }
        LroResult::Request(request) => {
            let answer = send_request(context, &request).await.map_err(|e| behind(e, Some(&request)))?;
            let page = decode_lro_result(call, plan, &answer);
            record(context, &request, &answer, Some(&page));
            Some(page.map_err(|e| behind(e.into(), Some(&request)))?)
        }
    };
    Ok(rows_of(page, plan))
}

/// Polls the status of an operation until it is over; returns its label and result.
async fn poll_until_done(context: &Context, mut waiting: PendingLro) -> Result<(String, LroResult), Error> {
    let began = *context.course.lro_log.began.get_or_init(Instant::now);
    let (first, limit) = (context.options.await_pause, context.options.await_limit);
    let note = PendingWaits::begin(&context.progress, &waiting.label);
    let mut before = None;
    loop {
        let left = limit.saturating_sub(began.elapsed());
        let next = next_delay(first, before, waiting.retry_after);
        // The last interval is shortened to the time that is left, but never below the first interval or a `Retry-After`.
        let next = if waiting.retry_after.is_none() { next.min(left).max(first) } else { next };
        if next > left {
            let PendingLro { label, poll, .. } = waiting;
            let table = poll.operation.qualified_name();
            return Err(Error::LroTimeout {
                table,
                scope: poll.scope.clone(),
                label,
                at: poll.redacted_summary(),
                limit,
            });
        }
        sleep(next).await;
        before = Some(next);
        let (label, at) = (waiting.label.clone(), waiting.poll.redacted_summary());
        let behind = |source: Error| Error::LroFollowUp {
            label: label.clone(),
            stage: Stage::Despatched,
            at: Some(at.clone()),
            source: Box::new(source),
        };
        let state = send_request(context, &waiting.poll).await.map_err(behind)?;
        record(context, &waiting.poll, &state, None);
        waiting = match waiting.update(&state) {
            Ok(LroStatus::Running(waiting)) => *waiting,
            Ok(LroStatus::Finished { label, made }) => return Ok((label, made)),
            Ok(LroStatus::Immediate) => return Ok((label, LroResult::None)),
            // A fault in a response with a success status is the failure of the operation; any other error is a failure to poll
            // it.
            Err(fault @ ResponseError::Fault(_)) if state.status < 300 => return Err(fault.into()),
            Err(error) => return Err(behind(error.into())),
        };
        note.is_now(&waiting.label);
    }
}

fn record(context: &Context, sent: &Request, answer: &Response, page: Option<&Result<Page, ResponseError>>) {
    let rows = page.and_then(|page| page.as_ref().ok()).map(|page| page.rows.num_rows());
    context.log.record(sent, &answer.attempts, rows);
}

fn rows_of(page: Option<Page>, plan: &RowProjection) -> RecordBatch {
    page.map_or_else(|| RecordBatch::new_empty(plan.schema()), |page| page.rows)
}

#[cfg(test)]
mod tests;
