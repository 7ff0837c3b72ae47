//! What a call starts may go on after its answer: sends the call, asks for the state of its work until that is over,
//! and reads what it made. Owns when to ask; how a state is read is [`stackql_call::progress()`].

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

/// How far a call is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitFor {
    /// To its answer.
    #[serde(rename = "answer")]
    Response,
    /// To the end of the work that it starts.
    #[serde(rename = "end")]
    Completion,
    /// To the end, and what was made is read.
    #[serde(rename = "made")]
    Result,
}

impl WaitFor {
    /// As the hints of a statement want it. Work is only awaited where something changes.
    pub(crate) fn from_hints(hints: Hints, verb: Verb, is_shown: bool) -> Self {
        match (hints.await_completion && verb != Verb::Select, is_shown) {
            (false, _) => Self::Response,
            (true, false) => Self::Completion,
            (true, true) => Self::Result,
        }
    }
}

/// What the calls of one statement that are awaited share.
#[derive(Debug, Default)]
pub(crate) struct LroLog {
    /// When the first wait began: the limit is the statement's.
    began: OnceLock<Instant>,
    complete: Mutex<Vec<String>>,
}

impl LroLog {
    /// What to say when all are over.
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

/// How much longer each wait is than the one before, and the longest, both beside the first.
const GROWTH: (u32, u32) = (3, 2);
pub(crate) const LONGEST: u32 = 10;

/// The next wait, where `first` was the first one and `before` the last one.
fn next_delay(first: Duration, before: Option<Duration>, retry_after: Option<Duration>) -> Duration {
    match (retry_after, before) {
        (Some(asked), _) => asked.max(first),
        (None, None) => first,
        (None, Some(before)) => (before * GROWTH.0 / GROWTH.1).clamp(first, first * LONGEST),
    }
}

/// Sends a call and follows it to the end. The rows are what it made; none, unless they are wanted.
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

/// Reads the answer to a call, and follows what it started as far as is wanted.
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

/// Asks for the state of work until it is over: what it is called and what it made.
async fn poll_until_done(context: &Context, mut waiting: PendingLro) -> Result<(String, LroResult), Error> {
    let began = *context.course.lro_log.began.get_or_init(Instant::now);
    let (first, limit) = (context.options.await_pause, context.options.await_limit);
    let note = PendingWaits::begin(&context.progress, &waiting.label);
    let mut before = None;
    loop {
        let left = limit.saturating_sub(began.elapsed());
        let next = next_delay(first, before, waiting.retry_after);
        // What is left of the time is used, but the API is not asked sooner than it said.
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
            // A good answer that tells of a fault is about the work; any other is about the asking.
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
