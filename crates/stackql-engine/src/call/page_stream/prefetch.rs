//! Prefetching: requests the next pages of a call before the consumer reads them. Each page is requested as soon as the cursor
//! of the one before is known, and long responses are decoded in parallel.
//!
//! Owns how many pages are prefetched. What a page means for the call is decided by [`PageReader`].

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::runtime::SpawnedTask;
use stackql_call::{Cursor, Page, Request, Response, ResponseError, decode_page, is_long, peek_next_cursor};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, channel};

use super::{PageReader, SentPage};
use crate::error::Error;

/// A page that was prefetched.
pub(super) struct PrefetchedPage {
    /// The cursor with which it was requested.
    pub(super) cursor: Cursor,
    pub(super) answered: Result<PendingPage, Error>,
    /// The prefetch of the pages after it; `None` if no further page is prefetched.
    pub(super) rest: Option<Prefetch>,
}

/// A response whose page may be decoded already.
pub(super) struct PendingPage {
    pub(super) request: Request,
    /// The request was sent by this reader; otherwise the response was shared with another one of the same statement.
    pub(super) sent_here: bool,
    pub(super) work: DecodeTask,
}

pub(super) enum DecodeTask {
    Inline(Response),
    Spawned(SpawnedTask<Decoded>),
}

/// A decoded page, or why the response cannot be decoded, and the response. The body is dropped where nothing needs it any
/// more, so that decoded pages that wait for the consumer do not hold it.
pub(super) type Decoded = (Result<Page, ResponseError>, Response);

impl PendingPage {
    /// Wraps a response; a long one is decoded in a task of its own from now on.
    pub(super) fn new(reading: &Arc<PageReader>, cursor: Option<&Cursor>, answered: SentPage) -> Self {
        let SentPage { request, response, sent_here: is_own } = answered;
        if !is_long(&response) {
            return Self { request, sent_here: is_own, work: DecodeTask::Inline(response) };
        }
        let (reading, cursor) = (Arc::clone(reading), cursor.cloned());
        let task = SpawnedTask::spawn(async move { decode(&reading, cursor.as_ref(), response) });
        Self { request, sent_here: is_own, work: DecodeTask::Spawned(task) }
    }
}

impl DecodeTask {
    /// Waits for the decoded page and its response.
    pub(super) async fn decoded(self, reading: &PageReader, cursor: Option<&Cursor>) -> Result<Decoded, Error> {
        match self {
            Self::Inline(response) => Ok(decode(reading, cursor, response)),
            Self::Spawned(task) => task.join_unwind().await.map_err(|_| Error::invalid("a call was given up")),
        }
    }
}

fn decode(reading: &PageReader, cursor: Option<&Cursor>, mut response: Response) -> Decoded {
    let page = decode_page(&reading.call, &reading.projection, cursor, &response);
    let has_rows = page.as_ref().is_ok_and(|page| page.rows.num_rows() > 0);
    if has_rows && !reading.compares_bodies() {
        response.body = Bytes::new();
    }
    (page, response)
}

/// A running prefetch. Dropping it aborts the requests of pages that nobody has taken.
pub(super) struct Prefetch {
    links: Receiver<PrefetchedLink>,
    _asking: SpawnedTask<()>,
}

struct PrefetchedLink {
    cursor: Cursor,
    answered: Result<PendingPage, Error>,
    is_last: bool,
}

impl Prefetch {
    /// Starts to request the page at `cursor` and those after it, at most `most`.
    ///
    /// It follows cursors that can be read from responses before these are decoded, and stops at the first one that cannot, or
    /// is in `seen`.
    pub(super) fn new(
        reading: Arc<PageReader>,
        cursor: Cursor,
        mut seen: HashSet<Cursor>,
        most: Option<usize>,
    ) -> Self {
        // The capacity lets every worker thread decode one page; the request of one more may be in flight.
        let (sender, links) = channel(Handle::current().metrics().num_workers());
        let asking = SpawnedTask::spawn(async move {
            let (mut next, mut asked) = (Some(cursor), 0);
            while let Some(cursor) = next.take() {
                // Backpressure: wait until the consumer has taken a page. The channel is closed when the prefetch is dropped.
                let Ok(place) = sender.reserve().await else { return };
                asked += 1;
                let answered = reading.request_page(Some(&cursor), None).await.map(|answered| {
                    next = peek_next_cursor(&reading.call, Some(&cursor), &answered.response);
                    PendingPage::new(&reading, Some(&cursor), answered)
                });
                seen.insert(cursor.clone());
                next = next.filter(|next| !seen.contains(next) && most.is_none_or(|most| asked < most));
                place.send(PrefetchedLink { cursor, answered, is_last: next.is_none() });
            }
        });
        Self { links, _asking: asking }
    }

    /// Waits for the next page.
    pub(super) async fn next(mut self) -> Option<PrefetchedPage> {
        let PrefetchedLink { cursor, answered, is_last } = self.links.recv().await?;
        Some(PrefetchedPage { cursor, answered, rest: (!is_last).then_some(self) })
    }
}
