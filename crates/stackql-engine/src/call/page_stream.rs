//! Pagination: the pages of one call as a stream of record batches. A page is requested when the consumer polls the stream;
//! [`prefetch`] requests pages ahead only if all rows are needed.

mod prefetch;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::arrow::record_batch::RecordBatch;
use futures::stream::{self, Stream};
use stackql_call::{
    Call, Cursor, Fault, FaultKind, Page, Request, Response, ResponseError, RowProjection, TransportError,
    TransportErrorKind, peek_next_cursor, request,
};
use stackql_provider::{NextPage, Verb};

use self::prefetch::{PendingPage, Prefetch};
use crate::access::path::is_of_a_parent;
use crate::call::context::Context;
use crate::call::tolerance;
use crate::error::Error;

/// How the pages of a call are read, apart from its arguments.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadOptions {
    /// The maximum number of rows; `None` is unlimited.
    pub(crate) limit: Option<usize>,
    /// The call is a point lookup or is bound by keys: "not found" means zero rows.
    pub(crate) not_found_is_empty: bool,
    /// All rows are needed, so the next pages may be requested while one is processed.
    pub(crate) prefetch: bool,
    /// The statement may send the same request elsewhere, so the response is shared.
    pub(crate) dedupe: bool,
}

/// A page request and its response.
struct SentPage {
    request: Request,
    response: Response,
    /// The request was sent by this reader; otherwise the response was shared with an identical one.
    sent_here: bool,
}

#[derive(Default)]
struct ReadState {
    cursor: Option<Cursor>,
    seen: HashSet<Cursor>,
    pages: usize,
    rows: usize,
    done: bool,
    /// The cursor of the last page had occurred before. The rows of that page are returned, then the call fails.
    cursor_repeated: bool,
    /// The digest of the last response body, where pages are numbered or have offsets.
    last: Option<u64>,
    /// The prefetch of the next pages.
    prefetched: Option<Prefetch>,
}

/// The record batches of one call, one per page.
pub(crate) fn pages(
    context: Arc<Context>,
    call: Call,
    plan: RowProjection,
    paging: ReadOptions,
) -> impl Stream<Item = Result<RecordBatch, Error>> + Send {
    let reading = Arc::new(PageReader { context, call, projection: plan, options: paging });
    stream::try_unfold(ReadState::default(), move |state| {
        let reading = Arc::clone(&reading);
        async move {
            let (pages, rows) = (state.pages, state.rows);
            reading.next_page(state).await.map_err(|error| match error {
                // The call limit of the statement is exceeded whatever rows this call has returned, so they are not part of the
                // error.
                limit @ Error::TooManyCalls { .. } => limit,
                source if rows > 0 => Error::Interrupted { pages, rows, source: Box::new(source) },
                source => source,
            })
        }
    })
}

/// The total number of rows of a call, if its first response reports it.
///
/// # Errors
///
/// The request failed, or its response cannot be decoded.
pub(crate) async fn read_total_count(
    context: &Arc<Context>,
    call: Call,
    plan: RowProjection,
) -> Result<Option<u64>, Error> {
    // Where the response reports no number, its rows are counted by a scan, which shares the response.
    let paging = ReadOptions { dedupe: true, ..ReadOptions::default() };
    let reading = Arc::new(PageReader { context: Arc::clone(context), call, projection: plan, options: paging });
    let answered = reading.request_page(None, None).await?;
    match reading.decode(None, PendingPage::new(&reading, None, answered)).await? {
        (Err(error), response) if reading.tolerates(&error, &response.body) => Ok(Some(0)),
        (page, _) => Ok(page?.count),
    }
}

/// The reader of one call: what all its pages have in common.
struct PageReader {
    context: Arc<Context>,
    call: Call,
    projection: RowProjection,
    options: ReadOptions,
}

impl PageReader {
    async fn next_page(self: Arc<Self>, mut state: ReadState) -> Result<Option<(RecordBatch, ReadState)>, Error> {
        let Self { context, call, options: paging, .. } = self.as_ref();
        if state.done || paging.limit.is_some_and(|wanted| state.rows >= wanted) {
            return Ok(None);
        }
        if state.cursor_repeated {
            let scope = call.scope().map(str::to_owned);
            return Err(Error::RepeatedToken { table: call.operation().qualified_name(), scope, pages: state.pages });
        }
        if self.is_at_limit(&state) {
            context.record_truncation(format!(
                "{}: stopped after {} pages, the limit",
                call.operation().qualified_name(),
                state.pages
            ));
            return Ok(None);
        }
        let asked = match self.take_prefetched(&mut state).await {
            Some(answered) => answered.map(Ok),
            None => self.request_page(state.cursor.as_ref(), self.page_size(&state)).await.map(Err),
        };
        let asked = match asked {
            Err(Error::Transport { source, .. }) if self.was_guessed(&state, &source) => {
                // The Go program does not follow links that the definition does not declare, so it reports nothing here.
                if !context.options.compat {
                    let pages = if state.pages == 1 { "page" } else { "pages" };
                    let (table, done) = (call.operation().qualified_name(), state.pages);
                    context.record_truncation(format!("{table}: stopped after {done} {pages}: {source}"));
                }
                return Ok(None);
            }
            asked => asked?,
        };
        state.pages += 1;
        let decoding = match asked {
            Ok(decoding) => decoding,
            Err(answered) => {
                // A cursor that has occurred before is a loop; it is not prefetched.
                let early = peek_next_cursor(call, state.cursor.as_ref(), &answered.response);
                if let Some(next) = early.filter(|next| paging.prefetch && !state.seen.contains(next)) {
                    self.start_prefetch(&mut state, &next);
                }
                PendingPage::new(&self, state.cursor.as_ref(), answered)
            }
        };
        let (answer, response) = self.decode(state.cursor.as_ref(), decoding).await?;
        let answer = match answer {
            Err(Error::Response(ResponseError::Fault(fault)))
                if (paging.not_found_is_empty && self.is_absent(&fault)) || self.ignores(&fault) =>
            {
                return Ok(None);
            }
            Err(error) if self.tolerates(&error, &response.body) => return Ok(None),
            other => other?,
        };
        if context.tolerant && state.pages == 1 && answer.rows.num_rows() == 0 {
            tolerance::note_absent(context, call, &response.body);
        }
        let last = self.compares_bodies().then(|| digest(&response.body));
        if last.is_some() && answer.rows.num_rows() > 0 && state.last == last {
            let scope = call.scope().map(str::to_owned);
            return Err(Error::RepeatedPage {
                table: call.operation().qualified_name(),
                scope,
                pages: state.pages - 1,
            });
        }
        state.last = last;
        state.rows += answer.rows.num_rows();
        if answer.truncated && paging.limit.is_none() {
            let (table, rows) = (call.operation().qualified_name(), state.rows);
            context.record_truncation(format!(
                "{table}: stopped after {rows} rows, as many as one request gives; say LIMIT for more"
            ));
        }
        match answer.next {
            None => {
                state.done = true;
                // A point lookup says nothing about the number of pages of the list.
                if call.operation().method().paging.is_some() && !paging.not_found_is_empty {
                    context.log.record_page_count(call.operation().qualified_name(), state.pages);
                }
            }
            Some(next) => {
                state.cursor_repeated = !state.seen.insert(next.clone());
                if !state.cursor_repeated {
                    self.start_prefetch(&mut state, &next);
                }
                state.cursor = Some(next);
            }
        }
        Ok(Some((answer.rows, state)))
    }

    /// Whether the next page is on another origin and its link was only guessed. The pages read so far are the result then.
    fn was_guessed(&self, state: &ReadState, source: &TransportError) -> bool {
        let next = self.call.operation().method().paging.as_ref().map(|paging| &paging.next);
        let guessed = matches!(next, Some(NextPage::Address { guessed: true, .. }));
        guessed && state.pages > 0 && source.kind == TransportErrorKind::Elsewhere
    }

    /// Whether an error counts as no rows, as in the Go program; it is recorded then.
    fn tolerates(&self, error: &Error, body: &[u8]) -> bool {
        self.is_read() && tolerance::tolerates(&self.context, &self.call, error, body)
    }

    /// Whether the setting `ignore_errors` makes a fault of a read count as no rows.
    fn ignores(&self, fault: &Fault) -> bool {
        self.is_read() && self.context.settings.ignores(&fault.code, fault.status)
    }

    /// Whether a fault says that the object that is looked up does not exist, rather than one of its parents.
    fn is_absent(&self, fault: &Fault) -> bool {
        fault.kind == FaultKind::NotFound && !is_of_a_parent(self.call.operation().method(), &fault.code)
    }

    fn is_read(&self) -> bool {
        self.call.operation().method().verb == Verb::Select
    }

    fn is_at_limit(&self, state: &ReadState) -> bool {
        self.context.options.page_limit.is_some_and(|limit| state.pages >= limit)
    }

    /// The number of rows to request for the next page.
    fn page_size(&self, state: &ReadState) -> Option<u32> {
        // Numbered pages must all have the size of the first one: another size would shift their boundaries.
        let next = self.call.operation().method().paging.as_ref().map(|paging| &paging.next);
        let before = if matches!(next, Some(NextPage::Number { .. })) { 0 } else { state.rows };
        self.options.limit.map(|w| u32::try_from(w - before).unwrap_or(u32::MAX))
    }

    /// The prefetched page at the state's cursor, if there is one.
    async fn take_prefetched(&self, state: &mut ReadState) -> Option<Result<PendingPage, Error>> {
        let coming = state.prefetched.take()?.next().await?;
        state.prefetched = coming.rest;
        if state.cursor.as_ref() == Some(&coming.cursor) {
            return Some(coming.answered);
        }
        // The cursor of the decoded page takes precedence over the one that was read before decoding.
        state.prefetched = None;
        None
    }

    /// Starts to prefetch the page at `next` and those after it, if prefetching is allowed and not running.
    fn start_prefetch(self: &Arc<Self>, state: &mut ReadState, next: &Cursor) {
        if self.options.prefetch && state.prefetched.is_none() && !self.is_at_limit(state) {
            let most = self.context.options.page_limit.map(|limit| limit - state.pages);
            state.prefetched = Some(Prefetch::new(Arc::clone(self), next.clone(), state.seen.clone(), most));
        }
    }

    /// Requests one page: from the response cache, a shared response, or the API.
    async fn request_page(&self, cursor: Option<&Cursor>, wanted: Option<u32>) -> Result<SentPage, Error> {
        let Self { context, call, .. } = self;
        let mut request = request(call, cursor, wanted)?;
        request.max_age = self.context.max_age(&call.operation().qualified_name()).filter(|_| self.is_read());
        if cursor.is_some() {
            context.reserve_calls(1)?;
        }
        let is_own = AtomicBool::new(false);
        let send = async {
            is_own.store(true, Ordering::Relaxed);
            send(context, &request).await
        };
        let response = match self.options.dedupe {
            true => context.course.dedup.get(&request, send).await,
            false => send.await,
        };
        match response {
            Ok(response) => Ok(SentPage { request, response, sent_here: is_own.into_inner() }),
            Err(source) if is_own.into_inner() => Err(record_transport_error(context, &request, source)),
            Err(source) => Err(transport_error(&request, source)),
        }
    }

    /// Whether a page is compared with the one before by its body. Where pages are numbered or have offsets, nothing else shows
    /// that an API has returned the last page again.
    fn compares_bodies(&self) -> bool {
        let next = self.call.operation().method().paging.as_ref().map(|paging| &paging.next);
        matches!(next, Some(NextPage::Number { .. } | NextPage::Offset { .. }))
    }

    /// Waits for the decoded page and its response, logs the request if it was sent here, and counts pages and rows for the
    /// progress.
    async fn decode(
        &self,
        cursor: Option<&Cursor>,
        decoding: PendingPage,
    ) -> Result<(Result<Page, Error>, Response), Error> {
        let PendingPage { request, sent_here: is_own, work } = decoding;
        let (answer, response) = work.decoded(self, cursor).await?;
        let context = &self.context;
        let rows = answer.as_ref().ok().map(|p| p.rows.num_rows());
        if is_own {
            context.log.record(&request, &response.attempts, rows);
        }
        if let Ok(answer) = &answer {
            context.progress.pages.fetch_add(1, Ordering::Relaxed);
            context.progress.rows.fetch_add(answer.rows.num_rows() as u64, Ordering::Relaxed);
        }
        Ok((answer.map_err(Error::from), response))
    }
}

/// A hash of a body, to detect that an API that ignores the page number or offset returned the same page again.
fn digest(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

/// Sends one request within the concurrency limit.
///
/// # Errors
///
/// No response was received; the attempts are logged.
pub(crate) async fn send_request(context: &Context, request: &Request) -> Result<Response, Error> {
    send(context, request).await.map_err(|source| record_transport_error(context, request, source))
}

async fn send(context: &Context, request: &Request) -> Result<Response, TransportError> {
    let _permit = context.permits.acquire().await;
    context.transport.send(request).await
}

fn record_transport_error(context: &Context, request: &Request, source: TransportError) -> Error {
    context.log.record(request, &source.attempts, None);
    transport_error(request, source)
}

fn transport_error(request: &Request, source: TransportError) -> Error {
    Error::Transport { table: request.operation.qualified_name(), scope: request.scope.clone(), source }
}
