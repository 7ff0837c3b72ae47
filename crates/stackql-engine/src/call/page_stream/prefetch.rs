//! The pages of a call that are on their way before anybody reads them: each is asked for as soon as the one before says
//! where, and decoded beside the others. Owns how far that goes ahead; what pages mean is the reader's.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::runtime::SpawnedTask;
use stackql_call::{Cursor, Page, Request, Response, ResponseError, decode_page, is_long, peek_next_cursor};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, channel};

use super::{PageReader, SentPage};
use crate::error::Error;

/// A page that was asked for.
pub(super) struct PrefetchedPage {
    /// Where it starts.
    pub(super) cursor: Cursor,
    pub(super) answered: Result<PendingPage, Error>,
    /// Those behind it; `None` where there are none that are on their way.
    pub(super) rest: Option<Prefetch>,
}

/// A response whose page may be decoded already.
pub(super) struct PendingPage {
    pub(super) request: Request,
    /// The request was sent for this reader, not for another one of the same statement.
    pub(super) sent_here: bool,
    pub(super) work: DecodeTask,
}

pub(super) enum DecodeTask {
    Inline(Response),
    Spawned(SpawnedTask<Decoded>),
}

/// A page, or why the response is none, and the response. Its body is empty once nothing needs it: a decoded page that
/// waits for its consumer does not hold the bytes it was made of.
pub(super) type Decoded = (Result<Page, ResponseError>, Response);

impl PendingPage {
    /// Begins to decode where that takes long.
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
    /// The page, and the response.
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

/// Pages on their way. Those that nobody takes are given up when it is dropped.
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
    /// Asks for the page at `cursor` and for those behind it, as far as answers say before they are decoded where these
    /// are, and they are not among the `seen`. `most` is how many pages it may ask for.
    pub(super) fn new(
        reading: Arc<PageReader>,
        cursor: Cursor,
        mut seen: HashSet<Cursor>,
        most: Option<usize>,
    ) -> Self {
        // Each thread can decode a page while one more is on its way.
        let (sender, links) = channel(Handle::current().metrics().num_workers());
        let asking = SpawnedTask::spawn(async move {
            let (mut next, mut asked) = (Some(cursor), 0);
            while let Some(cursor) = next.take() {
                // As many as have their place are there, and nobody takes them.
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

    /// The next page.
    pub(super) async fn next(mut self) -> Option<PrefetchedPage> {
        let PrefetchedLink { cursor, answered, is_last } = self.links.recv().await?;
        Some(PrefetchedPage { cursor, answered, rest: (!is_last).then_some(self) })
    }
}
