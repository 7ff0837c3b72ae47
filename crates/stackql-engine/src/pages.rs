//! One call, page by page: sent when the consumer asks for rows, and never a page ahead of need.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use datafusion::arrow::record_batch::RecordBatch;
use futures::stream::{self, Stream};
use stackql_call::{AnswerError, Call, Cursor, FaultKind, Page, Request, Response, RowPlan, page, request};
use stackql_provider::NextPage;

use crate::context::Context;
use crate::error::Error;

/// What a call is sent with beside its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Paging {
    /// How many rows are wanted, if fewer than all.
    pub(crate) wanted: Option<usize>,
    /// The thing not being there is an answer: zero rows.
    pub(crate) absent_is_empty: bool,
}

struct State {
    cursor: Option<Cursor>,
    seen: HashSet<Cursor>,
    pages: usize,
    rows: usize,
    done: bool,
    /// The last page's token had been seen before: its rows are good, but there is no way on.
    looped: bool,
    /// What the last answer was, where pages are counted.
    last: Option<u64>,
}

/// The batches of one call.
pub(crate) fn pages(
    context: Arc<Context>,
    call: Call,
    plan: RowPlan,
    paging: Paging,
) -> impl Stream<Item = Result<RecordBatch, Error>> + Send {
    let state = State { cursor: None, seen: HashSet::new(), pages: 0, rows: 0, done: false, looped: false, last: None };
    stream::try_unfold(state, move |mut state| {
        let (context, call, plan, paging) = (Arc::clone(&context), call.clone(), plan.clone(), paging.clone());
        async move {
            if state.done || paging.wanted.is_some_and(|wanted| state.rows >= wanted) {
                return Ok(None);
            }
            if state.looped {
                let scope = call.scope().map(str::to_owned);
                return Err(Error::RepeatedToken { table: call.operation().table(), scope, pages: state.pages });
            }
            if context.options.page_limit.is_some_and(|limit| state.pages >= limit) {
                context.cut(format!("{}: stopped after {} pages, the limit", call.operation().table(), state.pages));
                return Ok(None);
            }
            // Where pages are numbered, all have the size of the first: another would move their borders.
            let next = call.operation().method().paging.as_ref().map(|paging| &paging.next);
            let numbered = matches!(next, Some(NextPage::Number { .. }));
            let counted = numbered || matches!(next, Some(NextPage::Offset { .. }));
            let before = if numbered { 0 } else { state.rows };
            let wanted = paging.wanted.map(|w| u32::try_from(w - before).unwrap_or(u32::MAX));
            let (answer, body) = match send(&context, &call, &plan, state.cursor.as_ref(), wanted).await {
                Err(Error::Answer(AnswerError::Fault(fault)))
                    if paging.absent_is_empty && fault.kind == FaultKind::NotFound =>
                {
                    return Ok(None);
                }
                other => other?,
            };
            let last = counted.then(|| digest(&body));
            if counted && answer.rows.num_rows() > 0 && state.last == last {
                let scope = call.scope().map(str::to_owned);
                return Err(Error::RepeatedPage { table: call.operation().table(), scope, pages: state.pages });
            }
            state.last = last;
            state.pages += 1;
            state.rows += answer.rows.num_rows();
            if answer.cut && paging.wanted.is_none() {
                let (table, rows) = (call.operation().table(), state.rows);
                context.cut(format!(
                    "{table}: stopped after {rows} rows, as many as one request gives; say LIMIT for more"
                ));
            }
            match answer.next {
                None => state.done = true,
                Some(next) => {
                    state.looped = !state.seen.insert(next.clone());
                    state.cursor = Some(next);
                }
            }
            Ok(Some((answer.rows, state)))
        }
    })
}

/// Tells a body from another; pages that are counted may come again where the API does not know the count.
fn digest(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

/// Sends one request; its answer decoded, and as it came.
async fn send(
    context: &Context,
    call: &Call,
    plan: &RowPlan,
    cursor: Option<&Cursor>,
    wanted: Option<u32>,
) -> Result<(Page, Bytes), Error> {
    let request = request(call, cursor, wanted)?;
    let response = exchange(context, &request).await?;
    let answer = page(call, plan, cursor, &response);
    let rows = answer.as_ref().ok().map(|p| p.rows.num_rows());
    context.log.record(&request, &response.attempts, rows);
    let answer = answer?;
    context.progress.pages.fetch_add(1, Ordering::Relaxed);
    context.progress.rows.fetch_add(answer.rows.num_rows() as u64, Ordering::Relaxed);
    Ok((answer, response.body))
}

/// Sends one request. That there is no answer is in the log already.
pub(crate) async fn exchange(context: &Context, request: &Request) -> Result<Response, Error> {
    let _permit = context.permits.acquire().await;
    context.transport.send(request).await.map_err(|source| {
        context.log.record(request, &source.attempts, None);
        Error::Transport { table: request.operation.table(), scope: request.scope.clone(), source }
    })
}
