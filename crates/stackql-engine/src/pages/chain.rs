//! The pages of a call that are on their way before anybody reads them: each is asked for as soon as the one before says
//! where, and decoded beside the others. Owns how far that goes ahead; what pages mean is the reader's.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::runtime::SpawnedTask;
use stackql_call::{AnswerError, Cursor, Page, Request, Response, is_long, onward, page};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, channel};

use super::{Answered, Reading};
use crate::error::Error;

/// A page that was asked for.
pub(super) struct Coming {
    /// Where it starts.
    pub(super) cursor: Cursor,
    pub(super) answered: Result<Decoding, Error>,
    /// Those behind it; `None` where there are none that are on their way.
    pub(super) rest: Option<Chain>,
}

/// A response whose page may be decoded already.
pub(super) struct Decoding {
    pub(super) request: Request,
    /// The request was sent for this reader, not for another one of the same statement.
    pub(super) is_own: bool,
    pub(super) work: Work,
}

pub(super) enum Work {
    Due(Response),
    Spawned(SpawnedTask<Decoded>),
}

/// A page, or why the response is none, and the response. Its body is empty once nothing needs it: a decoded page that
/// waits for its consumer does not hold the bytes it was made of.
pub(super) type Decoded = (Result<Page, AnswerError>, Response);

impl Decoding {
    /// Begins to decode where that takes long.
    pub(super) fn new(reading: &Arc<Reading>, cursor: Option<&Cursor>, answered: Answered) -> Self {
        let Answered { request, response, is_own } = answered;
        if !is_long(&response) {
            return Self { request, is_own, work: Work::Due(response) };
        }
        let (reading, cursor) = (Arc::clone(reading), cursor.cloned());
        let task = SpawnedTask::spawn(async move { decode(&reading, cursor.as_ref(), response) });
        Self { request, is_own, work: Work::Spawned(task) }
    }
}

impl Work {
    /// The page, and the response.
    pub(super) async fn decoded(self, reading: &Reading, cursor: Option<&Cursor>) -> Result<Decoded, Error> {
        match self {
            Self::Due(response) => Ok(decode(reading, cursor, response)),
            Self::Spawned(task) => task.join_unwind().await.map_err(|_| Error::statement("a call was given up")),
        }
    }
}

fn decode(reading: &Reading, cursor: Option<&Cursor>, mut response: Response) -> Decoded {
    let page = page(&reading.call, &reading.plan, cursor, &response);
    let has_rows = page.as_ref().is_ok_and(|page| page.rows.num_rows() > 0);
    if has_rows && !reading.compares_bodies() {
        response.body = Bytes::new();
    }
    (page, response)
}

/// Pages on their way. Those that nobody takes are given up when it is dropped.
pub(super) struct Chain {
    links: Receiver<Link>,
    _asking: SpawnedTask<()>,
}

struct Link {
    cursor: Cursor,
    answered: Result<Decoding, Error>,
    is_last: bool,
}

impl Chain {
    /// Asks for the page at `cursor` and for those behind it, as far as answers say before they are decoded where these
    /// are, and they are not among the `seen`. `most` is how many pages it may ask for.
    pub(super) fn new(reading: Arc<Reading>, cursor: Cursor, mut seen: HashSet<Cursor>, most: Option<usize>) -> Self {
        // Each thread can decode a page while one more is on its way.
        let (sender, links) = channel(Handle::current().metrics().num_workers());
        let asking = SpawnedTask::spawn(async move {
            let (mut next, mut asked) = (Some(cursor), 0);
            while let Some(cursor) = next.take() {
                // As many as have their place are there, and nobody takes them.
                let Ok(place) = sender.reserve().await else { return };
                asked += 1;
                let answered = reading.ask(Some(&cursor), None).await.map(|answered| {
                    next = onward(&reading.call, Some(&cursor), &answered.response);
                    Decoding::new(&reading, Some(&cursor), answered)
                });
                seen.insert(cursor.clone());
                next = next.filter(|next| !seen.contains(next) && most.is_none_or(|most| asked < most));
                place.send(Link { cursor, answered, is_last: next.is_none() });
            }
        });
        Self { links, _asking: asking }
    }

    /// The next page.
    pub(super) async fn next(mut self) -> Option<Coming> {
        let Link { cursor, answered, is_last } = self.links.recv().await?;
        Some(Coming { cursor, answered, rest: (!is_last).then_some(self) })
    }
}
